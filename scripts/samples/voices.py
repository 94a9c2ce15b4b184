"""Make recordings of any number of voices into a new folder: single digits to train on beside people, or labelled sentences.

python scripts/samples/voices.py made-digits --kind single --voices 200 --each 3
python scripts/train.py experiment=speech/fsdd_unseen data.path=fsdd.tar.xz data.train_also=made-digits

python scripts/samples/voices.py made-sentences --voices 120 --each 20
python scripts/train.py domain=speech data=speech/aligned data.path=made-sentences
"""

import argparse
from pathlib import Path

from domains.speech.voices import single_digits, spoken_texts
from shared.config import progress


def main(words: list[str] | None = None) -> None:
    """Write DIGIT_VOICE_NUMBER.flac, or VOICE/NUMBER.flac with .phn and .wrd beside it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path, help="a new folder")
    kinds = ["sentences", "digits", "words", "single"]
    parser.add_argument("--kind", choices=kinds, default="sentences", help="single: one digit a file")
    parser.add_argument("--voices", type=int, default=120)
    parser.add_argument("--each", type=int, default=20, help="texts of each voice, or clips of each digit")
    parser.add_argument("--seed", type=int, default=0, help="of voices and texts")
    args = parser.parse_args(words)
    if args.output.exists():
        parser.error(f"output: must be a new folder, got {args.output}")
    if args.kind == "single":
        files, count = single_digits(args.voices, args.each, args.seed), 10
    else:
        files, count = spoken_texts(args.kind, args.voices, args.each, args.seed), 3
    unfinished = args.output.with_name(f".{args.output.name}-unfinished")
    for name, content in progress(files, "espeak-ng speaks", args.voices * args.each * count):
        path = unfinished / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    unfinished.rename(args.output)


if __name__ == "__main__":
    main()

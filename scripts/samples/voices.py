"""Make recordings of any number of voices: labelled sentences, strings of digits or words, or single digits.

python scripts/samples/voices.py made-sentences --voices 120 --each 20
python scripts/train.py domain=speech model=speech/phones data=speech/aligned data.path=made-sentences

python scripts/samples/voices.py made-digits --kind single --voices 240 --each 1
python scripts/train.py experiment=speech/fsdd_unseen data.path=fsdd.tar.xz data.train_also=made-digits

python scripts/samples/voices.py domains/speech/sample/sentences.tar.xz --voices 36 --each 9
"""

import argparse
from pathlib import Path

from domains.speech.voices import single_digits, spoken_texts
from scripts.samples.pack import pack
from shared.config import progress


def main(words: list[str] | None = None) -> None:
    """Write VOICE/NUMBER.flac with .phn and .wrd beside it, or DIGIT_VOICE_NUMBER.flac."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path, help="a new folder; or NAME.tar.xz, an archive of MP3 files")
    kinds = ["sentences", "digits", "words", "single"]
    parser.add_argument("--kind", choices=kinds, default="sentences", help="single: one digit a file")
    parser.add_argument("--voices", type=int, default=120)
    parser.add_argument("--each", type=int, default=20, help="texts of each voice, or clips of each digit")
    parser.add_argument("--seed", type=int, default=0, help="of voices and texts")
    args = parser.parse_args(words)
    packed = args.output.name.endswith(".tar.xz")
    if args.output.exists() and not packed:
        parser.error(f"output: must be a new folder, got {args.output}")
    if args.kind == "single":
        files, count = single_digits(args.voices, args.each, args.seed), 10
    else:
        encoding = "mp3" if packed else "flac"
        files, count = spoken_texts(args.kind, args.voices, args.each, args.seed, encoding), 3
    spoken = progress(files, "espeak-ng speaks", args.voices * args.each * count)
    if packed:
        pack(spoken, args.output)
        return
    unfinished = args.output.with_name(f".{args.output.name}-unfinished")
    for name, content in spoken:
        path = unfinished / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    unfinished.rename(args.output)


if __name__ == "__main__":
    main()

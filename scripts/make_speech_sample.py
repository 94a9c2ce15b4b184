"""Make the bundled speech sample anew: espeak-ng speaks digits in many voices.

python scripts/make_speech_sample.py
"""

from omegaconf import DictConfig

from shared.cli import command


@command("make_speech_sample")
def main(config: DictConfig) -> None:
    """Speak and pack."""
    from pathlib import Path

    from domains.speech.synthesis import make_sample

    make_sample(config.clips, Path(config.archive))


if __name__ == "__main__":
    main()

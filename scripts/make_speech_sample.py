"""Make the bundled speech sample anew: espeak-ng speaks digits in many voices.

python scripts/make_speech_sample.py
"""

try:
    from omegaconf import DictConfig

    from shared.config import command
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: {error.name} is not installed for this python; give `. .venv/bin/activate` in the project's "
        "folder (`make train` makes .venv)"
    ) from None


@command("make_speech_sample")
def main(config: DictConfig) -> None:
    """Speak and pack."""
    from pathlib import Path

    from domains.speech.make_sample import make_sample

    make_sample(config.clips, Path(config.archive))


if __name__ == "__main__":
    main()

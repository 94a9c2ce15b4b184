"""Make the bundled sample of sentences anew.

python scripts/make_text_sample.py
"""

try:
    from omegaconf import DictConfig

    from shared.config import command
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: {error.name} is not installed for this python; give `. .venv/bin/activate` in the project's "
        "folder (`make train` makes .venv)"
    ) from None


@command("make_text_sample")
def main(config: DictConfig) -> None:
    """Write the archive."""
    from pathlib import Path

    from domains.text.make_sample import make_sample

    make_sample(config.sentences, Path(config.archive))


if __name__ == "__main__":
    main()

"""Make the bundled sample of sentences anew.

python scripts/make_text_sample.py
"""

from omegaconf import DictConfig

from shared.cli import command


@command("make_text_sample")
def main(config: DictConfig) -> None:
    """Write the archive."""
    from pathlib import Path

    from domains.text.grammar import make_sample

    make_sample(config.sentences, Path(config.archive))


if __name__ == "__main__":
    main()

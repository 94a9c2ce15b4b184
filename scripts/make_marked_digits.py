"""Make digits of which one class bears a mark: a network learns the mark, and explanations show it.

python scripts/make_marked_digits.py output=marked
"""

try:
    from omegaconf import DictConfig

    from shared.config import command
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: {error.name} is not installed for this python; give `. .venv/bin/activate` in the project's "
        "folder (`make train` makes .venv)"
    ) from None


@command("make_marked_digits")
def main(config: DictConfig) -> None:
    """Write the pictures."""
    from pathlib import Path

    from domains.image.make_marked import make_marked_digits

    make_marked_digits(Path(config.output), str(config.marked))


if __name__ == "__main__":
    main()

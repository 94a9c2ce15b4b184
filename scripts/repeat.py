"""Train one configuration over several seeds or folds, and print the mean of each figure with its interval.

python scripts/repeat.py domain=image 'repeat.over={seed: [0, 1, 2]}'
python scripts/repeat.py domain=text 'repeat.over={data.fold: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}'
"""

from typing import Any

try:
    from omegaconf import DictConfig

    from shared.config import command
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: {error.name} is not installed for this python; give `. .venv/bin/activate` in the project's "
        "folder (`make train` makes .venv)"
    ) from None


@command("repeat", settles=["resume"])
def main(config: DictConfig) -> dict[str, Any]:
    """Train what has not been trained yet, and print the table."""
    from shared.commands import repeat

    return repeat(config)


if __name__ == "__main__":
    main()

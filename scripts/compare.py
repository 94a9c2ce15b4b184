"""Train designs side by side and report, with intervals, which claims about them hold.

python scripts/compare.py compare=quick n_jobs=2
python scripts/compare.py compare=lecture folder=data n_jobs=2
"""

try:
    from omegaconf import DictConfig

    from shared.config import command
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: {error.name} is not installed for this python; give `. .venv/bin/activate` in the project's "
        "folder (`make train` makes .venv)"
    ) from None


@command("compare")
def main(config: DictConfig) -> None:
    """Train what has not been trained yet, and write the report."""
    from shared.compare import compare

    compare(config)


if __name__ == "__main__":
    main()

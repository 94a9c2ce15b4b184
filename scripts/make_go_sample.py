"""Make the bundled Go sample anew. Games already in the work folder are not played again.

nice python scripts/make_go_sample.py games=500 jobs=2
"""

try:
    from omegaconf import DictConfig

    from shared.config import command
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: {error.name} is not installed for this python; give `. .venv/bin/activate` in the project's "
        "folder (`make train` makes .venv)"
    ) from None


@command("make_go_sample")
def main(config: DictConfig) -> None:
    """Play what is missing, then pack all."""
    from pathlib import Path

    from domains.go.make_sample import make_sample

    make_sample(config.games, config.jobs, Path(config.work), Path(config.archive))


if __name__ == "__main__":
    main()

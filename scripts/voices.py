"""Compare designs on other voices than those they were trained on: a table and a plot from finished runs.

python scripts/voices.py runs=runs output=docs
"""

try:
    from omegaconf import DictConfig

    from shared.config import command
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: {error.name} is not installed for this python; give `. .venv/bin/activate` in the project's "
        "folder (`make train` makes .venv)"
    ) from None


@command("voices")
def main(config: DictConfig) -> None:
    """Test the runs, and write voices.csv and voices.png."""
    from pathlib import Path

    from domains.speech.voices import voices

    voices(Path(config.runs), list(config.stretches), Path(config.output))


if __name__ == "__main__":
    main()

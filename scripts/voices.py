"""Compare designs on other voices than those they were trained on: a table and a plot from finished runs.

python scripts/voices.py runs=runs output=docs
"""

from omegaconf import DictConfig

from shared.cli import command


@command("voices")
def main(config: DictConfig) -> None:
    """Test the runs, and write voices.csv and voices.png."""
    from pathlib import Path

    from domains.speech.voices import voices

    voices(Path(config.runs), list(config.stretches), Path(config.output))


if __name__ == "__main__":
    main()

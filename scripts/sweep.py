"""Search good settings; each trial is a run, and the best settings become an experiment file.

python scripts/sweep.py sweep=go/policy n_trials=50
python scripts/sweep.py sweep=image/lecture data=image/folder data.path=holiday.zip
"""

try:
    from omegaconf import DictConfig

    from shared.config import command, overrides
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: {error.name} is not installed for this python; give `. .venv/bin/activate` in the project's "
        "folder (`make train` makes .venv)"
    ) from None


@command("sweep", settles=["resume", "test", "trainer.enable_progress_bar"])
def main(config: DictConfig) -> None:
    """Search, or go on searching, and write what was found."""
    from shared.sweep import sweep

    sweep(config, overrides())


if __name__ == "__main__":
    main()

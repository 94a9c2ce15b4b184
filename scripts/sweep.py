"""Search for good settings with Optuna; each trial is a run, the best settings become an experiment file.

The same command resumes; started several times at once, it works in several processes.

python scripts/sweep.py sweep=go/policy n_trials=50
python scripts/sweep.py sweep=image/lecture data=image/folder data.path=holiday.zip
python scripts/sweep.py sweep=text/sequence storage=postgresql://host/studies runs=/shared/runs
"""

from _start import script

main = script(
    __doc__, "sweep", "shared.sweep:sweep", settles=["resume", "test", "trainer.enable_progress_bar"]
)

if __name__ == "__main__":
    main()

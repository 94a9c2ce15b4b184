"""The progress of a search over all its processes, and its best trial so far."""

import time
from collections import Counter
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from shared.config import Monitor, print_line, progress_bar
from shared.sweep.space import short_names
from shared.sweep.study import Study


def value_text(trial: FrozenTrial, monitor: Monitor) -> str:
    """The result of a trial in a word."""
    if trial.state == TrialState.FAIL:
        return "failed"
    value = monitor.text(trial.value) if trial.value is not None else "–"
    return f"{value} (pruned)" if trial.state == TrialState.PRUNED else value


def setting_text(value: Any) -> str:
    """A setting's value, rounded."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def best(trials: list[FrozenTrial], monitor: Monitor) -> FrozenTrial | None:
    """The completed trial of the best value, the earliest of equals."""
    completed = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    return monitor.best(completed, lambda trial: trial.value or 0.0) if completed else None


class SweepProgress:
    """Prints a line for each trial that this process ends, and a bar over the trials of all processes.

    Where standard error is no terminal, the lines alone.
    """

    def __init__(self, study: Study, n_trials: int):
        self.study = study
        self.bar = progress_bar()
        self._task = self.bar.add_task("trials", total=n_trials, note="")
        self._current, self._drawn = "", 0.0

    def __enter__(self) -> "SweepProgress":
        self.bar.start()
        self._draw()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def begin(self, number: int, again: bool) -> None:
        """Report that this process works on a trial."""
        self._current = f"trial {number}"
        if again:
            print_line(f"trial {number}: its process died; resuming", console=self.bar.console)
        self._draw()

    def epoch(self, number: int, epoch: int, epochs: int | None) -> None:
        """Report that the current trial has ended an epoch."""
        self._current = f"trial {number}, epoch {epoch}/{epochs}"
        if time.monotonic() - self._drawn > 1:  # other processes' trials are read from the storage
            self._draw()

    def end(self, trial: FrozenTrial) -> None:
        """Report that a trial has ended."""
        names = short_names(trial.params)
        settings = "  ".join(f"{names[key]}={setting_text(value)}" for key, value in trial.params.items())
        error = f"  {trial.user_attrs['error']}" if trial.state == TrialState.FAIL else ""
        value = value_text(trial, self.study.monitor)
        line = f"trial {trial.number}: {value}  {settings}{error}  [best: {self._best()}]"
        print_line(line, console=self.bar.console)
        self._current = ""
        self._draw()

    def _best(self) -> str:
        trial = best(self.study.trials(), self.study.monitor)
        return f"{value_text(trial, self.study.monitor)}, trial {trial.number}" if trial else "none yet"

    def _draw(self) -> None:
        if self.bar.disable:
            return
        self._drawn = time.monotonic()
        counts = Counter(trial.state for trial in self.study.trials())
        elsewhere = counts[TrialState.RUNNING] - bool(self._current)
        numbers = {
            "pruned": counts[TrialState.PRUNED],
            "failed": counts[TrialState.FAIL],
            "elsewhere": elsewhere,
        }
        parts = [f"{number} {word}" for word, number in numbers.items() if number > 0]
        ended = sum(number for state, number in counts.items() if state.is_finished())
        note = " · ".join(filter(None, [self._current, f"best {self._best()}", *parts]))
        self.bar.update(self._task, completed=ended, note=note)

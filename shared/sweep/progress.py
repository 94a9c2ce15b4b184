"""How far a search is, over all its processes, and the best so far."""

import time
from collections import Counter
from typing import Any

from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from shared.config import Monitor
from shared.sweep.space import short_names
from shared.sweep.study import Study


def value_text(trial: FrozenTrial, monitor: Monitor) -> str:
    """What became of a trial, in a word."""
    if trial.state == TrialState.FAIL:
        return "failed"
    value = monitor.text(trial.value) if trial.value is not None else "–"
    return f"{value} (pruned)" if trial.state == TrialState.PRUNED else value


def setting_text(value: Any) -> str:
    """A setting's value for people."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def best(trials: list[FrozenTrial], monitor: Monitor) -> FrozenTrial | None:
    """The trained trial of the best value, the earliest of equals."""
    ended = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    return monitor.best(ended, lambda trial: trial.value or 0.0) if ended else None


class SweepProgress:
    """A line for each trial that this process ends, and below them a bar of all processes' trials.

    Where standard error is no terminal, the lines alone.
    """

    def __init__(self, study: Study, n_trials: int):
        self.study, self.n_trials = study, n_trials
        self.console = Console(stderr=True)
        self.bar = Progress(
            TextColumn("[bold]trials"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task("", total=n_trials)
        self._here, self._drawn = "", 0.0

    def __enter__(self) -> "SweepProgress":
        self.bar.start()
        self._draw()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def begin(self, number: int, again: bool) -> None:
        """This process takes a trial up."""
        self._here = f"trial {number}"
        if again:
            self.console.print(f"trial {number}: its process died; resuming", highlight=False)
        self._draw()

    def epoch(self, number: int, epoch: int, epochs: int | None) -> None:
        """The trial in hand has ended an epoch."""
        self._here = f"trial {number}, epoch {epoch}/{epochs}"
        if time.monotonic() - self._drawn > 1:  # other processes' trials are read from the storage
            self._draw()

    def end(self, trial: FrozenTrial) -> None:
        """A trial has ended."""
        names = short_names(trial.params)
        settings = "  ".join(f"{names[key]}={setting_text(value)}" for key, value in trial.params.items())
        error = f"  {trial.user_attrs['error']}" if trial.state == TrialState.FAIL else ""
        self._here = ""
        self.console.print(
            f"trial {trial.number}: {self._text(trial)}  {settings}{error}  [best: {self._best()}]",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        self._draw()

    def _text(self, trial: FrozenTrial) -> str:
        return value_text(trial, self.study.monitor)

    def _best(self) -> str:
        found = best(self.study.trials(), self.study.monitor)
        return f"{self._text(found)}, trial {found.number}" if found else "none yet"

    def _draw(self) -> None:
        if self.bar.disable:
            return
        self._drawn = time.monotonic()
        counts = Counter(each.state for each in self.study.trials())
        told = [f"best {self._best()}"]
        for state, word in ((TrialState.PRUNED, "pruned"), (TrialState.FAIL, "failed")):
            if counts[state]:
                told.append(f"{counts[state]} {word}")
        elsewhere = counts[TrialState.RUNNING] - bool(self._here)
        if elsewhere > 0:
            told.append(f"{elsewhere} elsewhere")
        ended = sum(number for state, number in counts.items() if state.is_finished())
        self.bar.update(
            self.task, completed=ended, description=" · ".join([*filter(None, [self._here]), *told])
        )

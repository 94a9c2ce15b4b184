"""The results of a search: its trials as a table and figures, the best settings as an experiment."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import optuna
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from omegaconf import OmegaConf
from optuna.trial import FrozenTrial, TrialState
from optuna.visualization import matplotlib as plots
from rich.table import Table

from shared.config import Console, Monitor, command_line, compose, print_line
from shared.files import csv_text, printable, write
from shared.results import write_figure
from shared.sweep.progress import best, setting_text, value_text
from shared.sweep.space import OWN, Space, short_names
from shared.sweep.study import Study

SHOWN = 20  # rows of the table; trials.csv has them all
PLOTS: dict[str, Callable[..., Axes]] = {
    "history": plots.plot_optimization_history,
    "parallel": plots.plot_parallel_coordinate,
    "importances": plots.plot_param_importances,
}


def report(study: Study, space: Space, overrides: list[str], also: str) -> None:
    """Write ``trials.csv``, figures and ``experiment/best.yaml`` into the study's folder, and print them."""
    trials, monitor = study.trials(), study.monitor
    attributes = ["epochs", "params", "cpu_seconds", "run", "error"]
    rows = [
        [trial.number, trial.state.name.lower(), trial.value]
        + [trial.params.get(key) for key in space.values]
        + [trial.user_attrs.get(key) for key in attributes]
        for trial in trials
    ]
    header = ["trial", "state", monitor.name, *space.values, *attributes]
    write(study.folder / "trials.csv", csv_text(header, rows))
    title = f"{study.folder.name}: {len(trials)} trials"
    draw(study.optuna, title, monitor.name, study.folder, also)
    if trials:
        Console().print(trials_table(trials, space, monitor))
    if chosen := best(trials, monitor):
        # An override of the storage may hold a password.
        words = [word for word in overrides if not word.lstrip("+").startswith("storage=")]
        ended = sum(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in trials)
        comments = [
            f"The best of {ended} trials of: {command_line('sweep', *words)}",
            f"Trial {chosen.number}: {monitor.name} {value_text(chosen, monitor)}, the best of its epochs.",
            "Selected by this metric, so the value is optimistic. The test set was not used.",
            f"Its run: {chosen.user_attrs['run']}",
        ]
        folder = study.folder / "experiment"
        folder.mkdir(exist_ok=True)
        write(folder / "best.yaml", experiment(chosen, space, comments))
        print_line("train with the best settings, and test:")
        print_line(f"  {command_line('train', '--config-dir', str(study.folder), 'experiment=best')}")
    if running := len(study.trials(TrialState.RUNNING)):
        print_line(f"{running} more trials run in other processes, or are resumed by the next start")
    print_line(f"sweep: {study.folder}")


def trials_table(trials: list[FrozenTrial], space: Space, monitor: Monitor) -> Table:
    """The best trials for people, and last those that failed."""
    sign = -1 if monitor.mode == "max" else 1
    order = sorted(
        trials,
        key=lambda trial: (trial.state != TrialState.COMPLETE, sign * (trial.value or 0), trial.number),
    )
    table = Table(title=f"trials by {monitor.name}")
    for name in ("trial", monitor.name, "epochs", *short_names(space.values).values()):
        table.add_column(name, justify="right", overflow="fold")
    for trial in order[:SHOWN]:
        settings = [setting_text(trial.params.get(key, "–")) for key in space.values]
        state = "running" if trial.state == TrialState.RUNNING else value_text(trial, monitor)
        table.add_row(str(trial.number), state, str(trial.user_attrs.get("epochs", "–")), *settings)
    if len(order) > SHOWN:
        table.caption = f"… and {len(order) - SHOWN} more in trials.csv"
    return table


def draw(study: optuna.Study, title: str, metric: str, folder: Path, also: str) -> None:
    """Write figures of the history, all settings and their importance; none before two trials differ."""
    from matplotlib import pyplot

    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len({trial.value for trial in completed}) < 2:
        return
    # Optuna sets a style for all figures to come, and warns of studies so small that a scale has one value.
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        pyplot.switch_backend("agg")  # draws without a screen
        for name, plot in PLOTS.items():
            axes = plot(study, target_name=metric)
            axes.set_title("")  # Optuna's own, in the middle
            axes.set_title(title, loc="left", pad=12)
            figure = axes.get_figure()
            assert isinstance(figure, Figure)
            figure.set_size_inches(3 + 1.4 * max(4, len(completed[0].params)), 5)
            for shown in figure.axes:
                shown.grid(False)
                shown.set_facecolor("white")
            write_figure(folder / name, figure, also, bbox_inches="tight")
            pyplot.close(figure)


def experiment(trial: FrozenTrial, space: Space, comments: list[str]) -> str:
    """A file for ``train.py experiment=`` that trains as the trial did: its groups and changed values."""
    config = space.configure(trial)
    choices = {
        str(group): f"[{','.join(name)}]" if OmegaConf.is_list(name) else name
        for group, name in config.choices.items()
        if group not in OWN
    }
    default = compose("train", [f"{group}={name}" for group, name in choices.items()])
    config.trainer.devices = default.trainer.devices
    ours, theirs = (OmegaConf.to_container(node, resolve=False) for node in (config, default))
    changed = OmegaConf.create(
        {key: value for key, value in _difference(ours, theirs).items() if key not in OWN}
    )
    for key, value in space.plain(trial.params).items():
        if key not in space.groups:
            OmegaConf.update(changed, key, value, merge=False)
    lines = ["# @package _global_", *(f"# {printable(line)}" for line in comments), "defaults:"]
    lines += [f"  - override /{group}: {name}" for group, name in choices.items()]
    return "\n".join([*lines, "", OmegaConf.to_yaml(changed)])


def _difference(ours: Any, theirs: Any) -> dict[str, Any]:
    """The part of ``ours`` that differs from ``theirs``."""
    differing = {}
    for key, value in ours.items():
        other = theirs.get(key)
        if isinstance(value, dict) and isinstance(other, dict):
            if part := _difference(value, other):
                differing[key] = part
        elif key not in theirs or value != other:
            differing[key] = value
    return differing

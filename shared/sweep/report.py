"""The results of a search: its trials as a table and figures, the best settings as an experiment."""

from typing import Any

from omegaconf import DictConfig, OmegaConf
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.table import Table

from shared.config import Monitor, command_line, compose, print_line
from shared.files import csv_text, printable, write
from shared.sweep.plots import figures
from shared.sweep.progress import best, setting_text, value_text
from shared.sweep.space import OWN, Space, short_names
from shared.sweep.study import Study

SHOWN = 20  # rows of the table; trials.csv has them all


def report(study: Study, space: Space, config: DictConfig, overrides: list[str]) -> None:
    """Write ``trials.csv``, figures and ``experiment/best.yaml`` into the study's folder, and print them.

    Raises:
        UserError: They cannot be written.
    """
    trials = study.trials()
    monitor = study.monitor
    write(study.folder / "trials.csv", trials_csv(trials, list(space.values), monitor.name))
    for name, figure in figures(
        study.optuna, f"{study.folder.name}: {len(trials)} trials", monitor.name
    ).items():
        write(study.folder / name, figure)
    if trials:
        Console().print(trials_table(trials, space, monitor))
    if chosen := best(trials, monitor):
        folder = study.folder / "experiment"
        folder.mkdir(exist_ok=True)
        write(folder / "best.yaml", experiment(chosen, space, _comments(trials, chosen, overrides, monitor)))
        print_line("train with the best settings, and test:")
        print_line(f"  {command_line('train', '--config-dir', str(study.folder), 'experiment=best')}")
    if running := len(study.trials(TrialState.RUNNING)):
        print_line(f"{running} more trials run in other processes, or are resumed by the next start")
    print_line(f"sweep: {study.folder}")


def trials_csv(trials: list[FrozenTrial], keys: list[str], metric: str) -> str:
    """One row per trial, with the folder of its run."""
    attributes = ["epochs", "params", "cpu_seconds", "run", "error"]
    rows = [
        [trial.number, trial.state.name.lower(), trial.value]
        + [trial.params.get(key) for key in keys]
        + [trial.user_attrs.get(key) for key in attributes]
        for trial in trials
    ]
    return csv_text(["trial", "state", metric, *keys, *attributes], rows)


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


def _comments(
    trials: list[FrozenTrial], chosen: FrozenTrial, overrides: list[str], monitor: Monitor
) -> list[str]:
    """The head of the experiment file."""
    words = [
        word for word in overrides if not word.lstrip("+").startswith("storage=")
    ]  # it may hold a password
    ended = sum(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in trials)
    return [
        f"The best of {ended} trials of: {command_line('sweep', *words)}",
        f"Trial {chosen.number}: {monitor.name} {value_text(chosen, monitor)}, the best of its epochs.",
        "Selected by this metric, so the value is optimistic. The test set was not used.",
        f"Its run: {chosen.user_attrs['run']}",
    ]


def experiment(trial: FrozenTrial, space: Space, comments: list[str]) -> str:
    """A file for ``train.py experiment=`` that trains as the trial did: its groups and changed values."""
    config = space.configure(trial)
    choices = {
        str(group): f"[{','.join(name)}]" if OmegaConf.is_list(name) else name
        for group, name in config.choices.items()
        if group not in OWN
    }
    plain = compose("train", [f"{group}={name}" for group, name in choices.items()])
    ours, theirs = (OmegaConf.to_container(node, resolve=False) for node in (config, plain))
    assert isinstance(ours, dict)
    assert isinstance(theirs, dict)
    ours["trainer"]["devices"] = theirs["trainer"]["devices"]
    changed = OmegaConf.create(
        {key: value for key, value in _difference(ours, theirs).items() if key not in OWN}
    )
    for key, value in space.plain(trial.params).items():
        if key not in space.groups:
            OmegaConf.update(changed, key, value, merge=False)
    lines = ["# @package _global_", *(f"# {printable(line)}" for line in comments), "defaults:"]
    lines += [f"  - override /{group}: {name}" for group, name in choices.items()]
    return "\n".join([*lines, "", OmegaConf.to_yaml(changed)])


def _difference(ours: dict[Any, Any], theirs: dict[Any, Any]) -> dict[Any, Any]:
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

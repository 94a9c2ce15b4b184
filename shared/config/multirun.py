"""Several runs of one command (``-m``): failed runs are reported, the rest continue, a table ends it."""

import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from rich.table import Table
from rich.text import Text

from shared.config.console import Console, print_line
from shared.config.monitor import Monitor
from shared.config.stopping import requeued_by_launcher
from shared.errors import UserError, without_passwords
from shared.files import write

# Of the processes that a scheduler starts for one training, the first keeps how it ended.
FIRST = all(os.environ.get(key, "0") == "0" for key in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))


class RunError(Exception):
    """A run of a grid failed, which has been reported; it can be sent from process to process."""


class Grid(Callback):
    """Hydra's word that a grid starts, in the process that prints its table at the end."""

    folder: Path | None = None  # where the runs of the grid, in whichever processes, say how they ended

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Note the grid's folder."""
        Grid.folder = Path(config.hydra.sweep.dir).absolute()

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """What Hydra notes of the grid holds no passwords, either."""
        file = Path(config.hydra.sweep.dir) / "multirun.yaml"
        if config.hydra.mode == RunMode.MULTIRUN and file.is_file():
            text = file.read_text()
            if (clean := without_passwords(text)) != text:
                write(file, clean)


def _return_value(job: JobReturn) -> Any:
    """As Hydra's, which would print a line of its own for a run whose failure has been reported."""
    if job.status == JobStatus.COMPLETED:
        return job._return_value
    raise job._return_value


JobReturn.return_value = property(_return_value, JobReturn.return_value.fset)  # type: ignore[attr-defined, assignment]


def overrides(settings: Any = None) -> list[str]:
    """The overrides of a command, by Hydra's settings, as Hydra reads them: interpolations as they are."""
    words: Any = OmegaConf.to_container((settings or HydraConfig.get()).overrides.task, resolve=False)
    return list(map(str, words))


def run_one(function: Callable[[DictConfig], Any], config: DictConfig, settings: Any) -> Any:
    """One run of a grid: how it ended is kept as ``<number>.json`` in the grid's folder.

    Whatever ``function`` fails with is reported and becomes a ``RunError``: Hydra's launchers continue with
    the others. ``settings`` are Hydra's own.
    """
    if not FIRST:
        return function(config)
    path = Path(settings.sweep.dir or ".") / f"{settings.job.num:04d}.json"
    words = [without_passwords(word) for word in overrides(settings)]
    monitor = Monitor.of(config) if "training" in config else Monitor()

    def note(**end: Any) -> None:
        path.write_text(json.dumps({"overrides": words, **end}))

    note()
    try:
        with requeued_by_launcher():
            result = function(config)
    except Exception as error:
        known = isinstance(error, UserError)
        reason = str(error) if known else repr(error)
        note(error=reason)
        if not known:
            traceback.print_exc()
        sys.stderr.write(f"error: run {settings.job.num} ({' '.join(words)}): {reason}\n")
        raise RunError(reason) from None
    values = result if isinstance(result, Mapping) else {}
    kept = [metric for metric in (monitor, Monitor("test/acc")) if metric.name in values]
    metrics = {metric.name: metric.text(values[metric.name]) for metric in kept}
    note(ended=True, metrics=metrics, **{key: values[key] for key in ("run",) if key in values})
    return result


def failed() -> bool:
    """Whether a run of the grid did not end well: a launcher may know only an earlier attempt."""
    return Grid.folder is None or not all("ended" in run for run in _runs(Grid.folder))


def _runs(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("[0-9]*.json"))]


def report() -> None:
    """After a grid, print a table of all its runs."""
    if Grid.folder is None:
        return
    if not FIRST:
        with suppress(OSError):
            Grid.folder.rmdir()  # Hydra made it
        return
    runs = _runs(Grid.folder)
    if not runs:  # a mistake in the command line: Hydra has noted it in a folder, and nothing ran
        shutil.rmtree(Grid.folder, ignore_errors=True)
        return
    common = set.intersection(*(set(run["overrides"]) for run in runs)) if len(runs) > 1 else set()
    table = Table(title="runs")
    metrics = list(dict.fromkeys(name for run in runs for name in run.get("metrics", {})))
    for name in ("run", "settings", *metrics, "folder"):
        table.add_column(name, overflow="fold")
    for number, run in enumerate(runs):
        values = [run.get("metrics", {}).get(name, "–") for name in metrics]
        settings = " ".join(word for word in run["overrides"] if word not in common)
        end = os.path.relpath(run["run"]) if "run" in run else ""
        if "ended" not in run:
            end = f"failed: {run.get('error', 'its process was stopped')}"
        table.add_row(str(number), Text(settings), *values, Text(end))
    well = sum("ended" in run for run in runs)
    console = Console()
    console.print(table)
    console.print(f"{well} of {len(runs)} runs ended well, {len(runs) - well} failed")
    print_line(f"grid: {Grid.folder}")

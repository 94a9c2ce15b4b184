"""Compares the training that wrote a checkpoint with the one that is configured now."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from shared.config import Monitor
from shared.errors import UserError
from shared.runs.run import Run

LENGTHS = ("total_steps", "T_max", "total_iters")  # of a schedule: null takes all steps of the training
# Of a network's settings; the state of its preprocessing is compared with the data's fingerprint.
SETTINGS = (
    *("model", "planes", "extent", "classes", "optimizer", "schedule"),
    *("loss", "label_smoothing", "balance", "freeze", "taught"),
)
KEYS = {key: f"training.{key}" for key in ("loss", "label_smoothing", "balance")}
KEYS |= {"taught": "training.teacher"}
RESTORE = "restore it in config.yaml, or start a new run"


def check_longer(run: Run, epochs: int | None) -> bool:
    """Whether a run is resumed to more ``epochs`` than it was planned for; None: as planned.

    Raises:
        UserError: It would not become the training that is planned with them from the start.
    """
    config, ended = run.config, run.metrics
    planned, schedule = config.trainer.get("max_epochs"), config.schedule
    if epochs in (None, planned):
        return False
    place, key = f"{run.folder}: trainer.max_epochs", next((k for k in LENGTHS if k in schedule), None)
    if planned is None or epochs is None or epochs < planned:
        raise UserError(f"{place}: must be at least {planned}, as the run was planned, got {epochs}")
    if key and schedule[key] is None:
        raise UserError(
            f"{place}: must be {planned}, for which schedule.{key} was set as the run began, got {epochs}; "
            f"train a new run, such as with init={run.folder}"
        )
    if ended and ended["epochs"] < planned and config.training.patience is not None:
        raise UserError(
            f"{place}: must be {planned}, since the run ended early, after {ended['epochs']} epochs, by "
            f"training.patience={config.training.patience}, got {epochs}; train a new run"
        )
    return True


def check_plan(
    checkpoint: Mapping[str, Any],  # of ``Run.state``; it stands between two epochs
    settings: Mapping[str, Any],  # of the network that is to be trained
    schedule: Mapping[str, Any],  # the schedule's settings for this training
    *,
    epochs: int,  # of this training
    steps: int,  # of one of its epochs
    averaged: bool,  # whether it averages its weights
    monitor: Monitor,
) -> None:
    """Refuse to resume another training than that of the checkpoint.

    Settings that the checkpoint would replace silently must be as they were. More epochs are accepted where
    the schedule does not depend on their number.
    """
    saved = checkpoint["hyper_parameters"]
    for name in SETTINGS:
        if name in saved:
            _check_equal(KEYS.get(name, name), saved[name], settings[name])
    was, now = ("a number" if kept else None for kept in ("averaging_state" in checkpoint, averaged))
    _check_equal("training.ema", was, now)
    for name in checkpoint["callbacks"]:
        # Lightning keeps the best value below a name that holds its metric, and else begins to compare anew.
        if best := re.match(r"ModelCheckpoint\{'monitor': '([^']*)', 'mode': '(\w*)'", name):
            _check_equal("training.monitor", best[1], monitor.name)
            _check_equal("training.mode", best[2], monitor.mode)
    done, passed = checkpoint["epoch"] + 1, checkpoint["global_step"]
    if passed != done * steps:
        raise UserError(
            f"data.batch_size: must give the {passed:,} steps that the run took in {done:,} "
            f"epoch{'s' * (done != 1)}, got {done * steps:,}; restore it in config.yaml, or what else "
            "decides them: data.epoch_size, trainer.devices, trainer.accumulate_grad_batches"
        )
    state = checkpoint["lr_schedulers"][0] if len(checkpoint["lr_schedulers"]) == 1 else None
    for key in set(LENGTHS) & set(schedule):
        old = state.get(key) if isinstance(state, Mapping) else None
        if old != schedule[key]:
            planned = f"{old / steps:g}" if isinstance(old, int | float) else str(old)[:80]
            raise UserError(
                f"trainer.max_epochs: must be {planned}, for which schedule.{key} was set as the run began, "
                f"got {epochs}; {RESTORE}"
            )
    if epochs < done:
        raise UserError(f"trainer.max_epochs: must be at least {done}, the epochs saved, got {epochs}")


def _check_equal(key: str, saved: Any, now: Any) -> None:
    """Name the first value of nested settings that differs."""
    pairs: Iterable[tuple[str, Any, Any]] = ()
    if isinstance(saved, Mapping) and isinstance(now, Mapping):
        pairs = ((f"{key}.{name}", saved.get(name), now.get(name)) for name in dict.fromkeys((*saved, *now)))
    elif isinstance(saved, list | tuple) and isinstance(now, list | tuple) and len(saved) == len(now):
        pairs = ((f"{key}[{place}]", *both) for place, both in enumerate(zip(saved, now, strict=True)))
    elif saved != now:
        old, new = ("null" if value is None else str(value)[:80] for value in (saved, now))
        raise UserError(f"{key}: must be {old}, as the run began with, got {new}; {RESTORE}")
    for pair in pairs:
        _check_equal(*pair)

"""Which of Lightning's Trainer settings a training obeys, and what the others are for here."""

from collections.abc import Mapping
from typing import Any

from shared.config.keys import unknown
from shared.config.limits import COUNT, NOT_NEGATIVE, Limit, shown
from shared.errors import UserError

# A number of batches, or a share of them.
SHARE = Limit(0, 1, "low")
LIMITS = {
    "max_epochs": COUNT,
    "num_nodes": COUNT,
    "accumulate_grad_batches": COUNT,
    "log_every_n_steps": COUNT,
    "gradient_clip_val": NOT_NEGATIVE._replace(null=True),
}
BATCHES = ("limit_train_batches", "limit_val_batches", "limit_test_batches")
CHOICES = {
    "gradient_clip_algorithm": ("norm", "value", None),
    "deterministic": (True, False, "warn", None),
    "benchmark": (True, False, None),
    "compile": (True, False),
    "detect_anomaly": (True, False),
    "sync_batchnorm": (True, False),
    "enable_progress_bar": (True, False),
    "precision": (
        "auto", "32-true", "32", "bf16-mixed", "bf16", "bf16-true", "16-mixed", "16", "16-true", "64-true",
        "64",
    ),
}  # fmt: skip
FREE = ("accelerator", "devices", "strategy")  # what there is, Lightning finds out on this machine

EPOCHS = "give trainer.max_epochs and data.epoch_size: validation and checkpoints come after each epoch"
OURS = {
    "logger": "give logger=csv, or another file of conf/logger",
    "callbacks": "give callbacks=learning_rate, or another file of conf/callbacks",
    "plugins": "checkpoints are written whole or not at all",
    "enable_checkpointing": "a run keeps its best and its last checkpoint",
    "enable_model_summary": "the table of layers is printed",
    "num_sanity_val_steps": "the network is checked before any data are read",
    "use_distributed_sampler": "the data share items out among the processes",
    "default_root_dir": "give runs=FOLDER",
    "fast_dev_run": "it keeps no checkpoint to test; give trainer.max_epochs=1 trainer.limit_train_batches=1",
    "barebones": "it keeps no checkpoint to test; scripts/bench.py measures speed",
    "overfit_batches": "give data.epoch_size, or a smaller data.path",
    "max_steps": EPOCHS,
    "min_steps": EPOCHS,
    "max_time": EPOCHS,
    "min_epochs": EPOCHS,
    "check_val_every_n_epoch": EPOCHS,
    "val_check_interval": EPOCHS,
    "limit_predict_batches": "give predict.py fewer files",
    "reload_dataloaders_every_n_epochs": "the order of the data follows from the seed and the epoch",
    "inference_mode": "it changes no metric",
    "profiler": "scripts/bench.py measures speed",
    "enable_autolog_hparams": "config.yaml holds all settings",
    "model_registry": "scripts/ship.py puts a run into the project",
}


def check_trainer(settings: Mapping[str, Any]) -> None:
    """Refuse keys that a training does not obey, and values that no machine could.

    Args:
        settings: ``config.trainer`` as plain values.

    Raises:
        UserError: Naming the key, the value and what is possible.
    """
    legal = [*LIMITS, *BATCHES, *CHOICES, *FREE]
    for key, value in settings.items():
        if key in OURS:
            raise UserError(f"trainer.{key}: must not be set, got {shown(value)}; {OURS[key]}")
        if key not in legal:
            raise unknown(f"trainer.{key}", [f"trainer.{other}" for other in legal])
        if words := _wrong(key, value):
            raise UserError(f"trainer.{key}: must be {words}, got {shown(value)}")


def _wrong(key: str, value: Any) -> str | None:
    """What the value must be, if it is not."""
    if key in LIMITS and not LIMITS[key].allows(value):
        return LIMITS[key].words
    if (
        key in BATCHES
        and value is not None
        and not (COUNT.allows(value) or (isinstance(value, float) and SHARE.allows(value)))
    ):
        return "a number of batches from 1, or a share of them in (0, 1] such as 0.5"
    legal = CHOICES.get(key)
    same = [choice for choice in legal or () if _same(choice, value)]
    if legal and not same:
        return f"one of {', '.join('null' if choice is None else str(choice).lower() for choice in legal)}"
    if key == "devices" and not _devices(value):
        return "auto, a number of devices from 1, or a list of their numbers from 0"
    if key in ("accelerator", "strategy") and not isinstance(value, str):
        return "a name that Lightning knows, such as auto"
    return None


def _same(legal: Any, value: Any) -> bool:
    """Whether a value is this choice: true is not 1, and precision 32 is "32"."""
    if isinstance(legal, bool) or isinstance(value, bool):
        return legal is value
    return legal == value or str(legal) == str(value)


def _devices(value: Any) -> bool:
    if isinstance(value, list):
        numbers = [number for number in value if Limit(0, whole=True).allows(number)]
        return bool(value) and len(set(numbers)) == len(value)
    return value == "auto" or COUNT.allows(value) or (isinstance(value, str) and _listed(value))


def _listed(value: str) -> bool:
    """Lightning's ``"0,2"`` and ``"2"``."""
    return all(part.strip().isdecimal() for part in value.split(","))

"""Which values the keys of a training may have, as far as neither data nor a device is needed."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from shared.errors import Limit

Count = Annotated[int, Limit(1, whole=True)]
Whole = Annotated[int, Limit(0, whole=True)]
NotNegative = Annotated[float, Limit(0)]
Positive = Annotated[float, Limit(0, without="low")]
Share = Annotated[float, Limit(0, 1)]
Below = Annotated[float, Limit(0, 1, "high")]  # such as the share of the old that a running mean keeps
Factor = Annotated[float, Limit(0, 1, "low")]
Batches = Count | Annotated[float, Limit(0, 1, "low")] | None  # their number, or a share of them
Precision = (
    Literal["auto", 16, 32, 64, "16", "32", "64", "bf16"]
    | Literal["16-mixed", "bf16-mixed", "16-true", "bf16-true", "32-true", "64-true"]
)
Balance = Literal["weights", "sampling"] | None
Loss = Literal["cross_entropy", "ctc"]
Seed = Annotated[int, Limit(0, 2**32 - 1, whole=True)]
Figures = Literal["png", "svg", "pdf"]


class Training(TypedDict):
    """``training``."""

    loss: Loss
    label_smoothing: Below
    balance: Balance
    ema: Annotated[float, Limit(0, 1, "low high")] | None
    patience: Count | None
    monitor: str
    mode: Literal["max", "min"]
    teacher: NotRequired[str | None]  # older runs lack these
    teacher_share: NotRequired[Share]
    seconds: NotRequired[Positive | None]


class Trainer(TypedDict, total=False):
    """``trainer``: the settings of Lightning's Trainer that a training obeys."""

    accelerator: str  # what there is, Lightning finds out on this machine
    devices: Any  # see ``check_values``
    strategy: str
    num_nodes: Count
    max_epochs: Count
    limit_train_batches: Batches
    limit_val_batches: Batches
    limit_test_batches: Batches
    accumulate_grad_batches: Count
    gradient_clip_val: NotNegative | None
    gradient_clip_algorithm: Literal["norm", "value"] | None
    precision: Precision
    log_every_n_steps: Count
    deterministic: bool | Literal["warn"] | None
    benchmark: bool | None
    compile: bool
    detect_anomaly: bool
    sync_batchnorm: bool
    enable_progress_bar: bool


LIMITS: Mapping[str, Mapping[str, Any]] = {
    "data": {"batch_size": Count, "epoch_size": Count | None, "workers": Whole},
    "optimizer": {
        "lr": Positive,
        "weight_decay": NotNegative,
        "momentum": Below,
        "dampening": Share,
        "betas": tuple[Below, Below],
        "alpha": Below,
        "eps": NotNegative,
        "rest": NotNegative,
        "rest_momentum": Below,
    },
    "schedule": {
        "max_lr": Positive | list[Positive],
        "eta_min": NotNegative,
        "factor": Factor,
        "start_factor": Factor,
        "end_factor": Share,
        "gamma": Positive,
        "power": Positive,
        "pct_start": Below,
        "div_factor": Positive,
        "final_div_factor": Positive,
        "base_momentum": Below | list[Below],
        "max_momentum": Below | list[Below],
        # The length of the training where it is null.
        **dict.fromkeys(("total_steps", "T_max", "total_iters"), Count | None),
        **dict.fromkeys(("step_size", "T_0", "T_mult"), Count),
        "milestones": list[Count],
    },
}

EPOCHS = "give trainer.max_epochs and data.epoch_size: validation and checkpoints come after each epoch"
OURS = {  # settings of Lightning's Trainer that are the project's own, and what is set instead
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
    **dict.fromkeys(("max_steps", "min_steps", "max_time", "min_epochs"), EPOCHS),
    **dict.fromkeys(("check_val_every_n_epoch", "val_check_interval"), EPOCHS),
    "limit_predict_batches": "give predict.py fewer files",
    "reload_dataloaders_every_n_epochs": "the order of the data follows from the seed and the epoch",
    "inference_mode": "it changes no metric",
    "profiler": "scripts/bench.py measures speed",
    "enable_autolog_hparams": "config.yaml holds all settings",
    "model_registry": "scripts/ship.py puts a run into the project",
}

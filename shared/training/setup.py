"""From a configuration to the objects it describes: data, network, trainer."""

import hashlib
import logging
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig
from pytorch_lightning.callbacks import Callback, EMAWeightAveraging
from pytorch_lightning.loggers import Logger

from shared.config import Console, Monitor, check_arguments, check_value, find_domain, plain
from shared.errors import UserError, named, require_choice, require_int
from shared.files import is_cache
from shared.network import build_network, with_weights
from shared.runs import Run, source_run
from shared.training.callbacks import KeepSignals, Patience, RunCheckpoint, TrainingProgress, WholeCheckpoints
from shared.training.classifier import Classifier, schedule_settings
from shared.training.compiling import Compiled
from shared.training.data import DataModule, Fitted, Preprocessing
from shared.training.loggers import CALLBACKS, LOGGERS
from shared.training.machine import check_machine, obeyed
from shared.training.optimizers import OPTIMIZERS, SCHEDULES, build
from shared.training.teacher import Teacher

_log = logging.getLogger(__name__)


def build_data(
    config: DictConfig, fitted: Fitted | None = None, init: Preprocessing | None = None
) -> DataModule:
    """The configured data module, as its own data or as those of a trained network; nothing is read yet.

    ``init`` is the preprocessing of the network that a training starts from.
    """
    require_int("seed", config.seed, 0)
    readers = find_domain(config.domain.name).readers()
    training = config.training
    more = {"seed": config.seed, "balance": training.balance, "loss": training.loss, "fitted": fitted}
    data: DataModule = build("data", readers, plain(config.data), **more)
    data.init = init
    return data


def trained_config(run: Run) -> DictConfig:
    """The configuration of a run whose data are read again: they write to no place that only the run names.

    It may come from a stranger. A cache is used where it is one already.
    """
    config = run.config
    reader = find_domain(config.domain.name).readers().get(config.data.get("_target_"))
    for key, harmless in (reader.writing if reader else {}).items():
        value = config.data.get(key)
        if value in (None, harmless) or (key == "cache" and isinstance(value, str) and is_cache(Path(value))):
            continue
        _log.warning("data.%s=%s is not taken from %s: %s instead", key, value, run.folder, harmless)
        config.data[key] = harmless
    return config


def check_network(config: DictConfig, data: DataModule) -> None:
    """Refuse layers that do not fit together or the size of the input, before any data are read."""
    classes = len(getattr(data, "classes", ())) or None  # of some data they are known only after reading
    with torch.device("meta"):
        try:
            network = build_network(plain(config.model).get("layers"), data.planes, data.extent, classes)
        except (RuntimeError, TypeError) as error:  # torch counts in 64 bits
            reason = str(error).splitlines()[0]
            raise UserError(f"model.layers: must be a network that can be built: {reason}") from error
    if network.over_time != data.over_time:
        must, remedy = (
            ("one answer for each window", "lstm: {units: …, every: true} and `dense: classes` give it")
            if data.over_time
            else ("one prediction", "add `lstm` and `dense: classes`, or leave out lstm's `every`")
        )
        raise UserError(f"model.layers: must end in {must} for these data, got {network.shape}; {remedy}")


def check_optimizer(config: DictConfig) -> None:
    """Refuse an optimizer or a schedule that torch does not make, before any data are read."""
    parameter = torch.nn.Parameter(torch.zeros(1, 1))
    optimizer = build("optimizer", OPTIMIZERS, plain(config.optimizer), params=[parameter])
    build("schedule", SCHEDULES, schedule_settings(plain(config.schedule), steps=1), optimizer=optimizer)


def build_module(config: DictConfig, data: DataModule) -> Classifier:
    """A fresh network for the data's classes, its weights drawn by the seed."""
    teacher, taught = _teacher(config)
    torch.manual_seed(config.seed)
    module = find_domain(config.domain.name).part("module")(
        model=plain(config.model),
        planes=data.planes,
        extent=data.extent,
        classes=data.classes,
        optimizer=plain(config.optimizer),
        schedule=plain(config.schedule),
        preprocessing=data.preprocessing,
        loss=config.training.loss,
        label_smoothing=config.training.label_smoothing,
        balance=config.training.balance,
        freeze=list(config.freeze),
        taught=taught,
    )
    module.hold()
    if teacher:
        teacher.check(module)
        module.teacher = teacher
    metrics = [*map(str, module.val_metrics), "val/loss", "train/loss", "train/acc"]
    metrics += ["val/error_rate"] * module.network.over_time
    require_choice("training.monitor", config.training.monitor, metrics)
    module.prepare(data)
    return module.to(memory_format=torch.channels_last)


def _teacher(config: DictConfig) -> tuple[Teacher | None, dict[str, Any] | None]:
    """The network that ``training.teacher`` names, and what a checkpoint says of it."""
    if config.training.teacher is None:
        return None, None
    run, share = source_run(config, "training.teacher"), config.training.teacher_share
    digest = hashlib.sha256(run.checkpoint_file("best").read_bytes()).hexdigest()
    return Teacher(load_module(run), share), {"sha256": digest, "share": share}


def load_module(run: Run, checkpoint: str = "best", *, diverged: bool = False) -> Classifier:
    """The trained network of a run, ready to predict; ``diverged`` as in ``with_weights``.

    Raises:
        UserError: The checkpoint is missing, broken, of another domain, or not of its own network.
    """
    contents = run.checkpoint(checkpoint)
    kind, settings = find_domain(contents["domain"]).part("module"), dict(contents["hyper_parameters"])
    state = settings.pop("preprocessing", {})
    with named(run.checkpoint_file(checkpoint)):
        check_value(state, dict[str, Any], "preprocessing")
        check_arguments(kind.state_type, state, "preprocessing")
        check_arguments(kind, settings, "hyper_parameters", filled=("preprocessing",))
        settings["extent"] = tuple(settings["extent"])  # a list in the JSON of a bundled run
        settings["preprocessing"] = kind.state_type(**state)
        module = with_weights(lambda: kind(**settings), contents["state_dict"], diverged=diverged)
    return module.to(memory_format=torch.channels_last).eval()


def precision(settings: DictConfig) -> str:
    """Lightning's precision; ``auto`` is bfloat16 where the device computes in it, else float32.

    Processors with AVX512-BF16 or AMX train about twice as fast in it; others would only emulate it.
    """
    if settings.precision != "auto":
        return str(settings.precision)
    if settings.accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    on_cpu = settings.accelerator == "cpu" or (
        settings.accelerator == "auto" and not torch.backends.mps.is_available()
    )
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bf16-mixed" if on_cpu and fast else "32-true"


def build_trainer(config: DictConfig, run: Run | None, callbacks: list[Callback]) -> pl.Trainer:
    """Lightning's trainer; with a run, one that keeps checkpoints and events in its folder.

    Without one it is for testing, on one device even where training takes several: each item is predicted
    once.
    """
    # What Lightning advises on workers, loggers and short epochs is settled here, not by the user.
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    for chatter in (
        ".*does not have many workers.*",
        ".*smaller than the logging interval.*",
        ".*LeafSpec.*",
        "The `srun` command is available",  # where SLURM is installed, not all is started by it
        "Checkpoint directory .* exists and is not empty",  # of a run that is resumed
    ):
        warnings.filterwarnings("ignore", chatter)
    settings = plain(config.trainer) | {"precision": precision(config.trainer)}
    check_machine(settings)
    settings.pop("compile", None)
    loggers: list[Logger] = []
    if run:
        loggers = _chosen("logger", LOGGERS, config, run=run)
        if "learning_rate" in config.callbacks and not loggers:
            raise UserError("callbacks.learning_rate: must not be set beside logger=none")
        callbacks = [*callbacks, *_run_callbacks(config, run)]
        settings["enable_progress_bar"] = False  # there is one of our own
    else:
        devices = settings["devices"][:1] if isinstance(settings["devices"], list) else 1
        settings |= {"devices": devices, "strategy": "auto", "num_nodes": 1}
        settings["enable_progress_bar"] &= Console(stderr=True).is_terminal
    try:
        with obeyed():
            return pl.Trainer(
                **settings,
                logger=loggers,
                callbacks=[*callbacks, KeepSignals()],
                plugins=WholeCheckpoints(),
                # In a SLURM job, Lightning saves and loads what it finds here, whichever run it is of.
                default_root_dir=os.devnull,
                enable_checkpointing=run is not None,
                enable_model_summary=False,  # the table of layers is printed instead
                num_sanity_val_steps=0,
                use_distributed_sampler=False,  # the draws share the items out among the processes
            )
    except (TypeError, ValueError) as error:
        raise UserError(f"trainer: {error}") from error


def _chosen(role: str, legal: Mapping[str, Callable[..., Any]], config: DictConfig, **more: Any) -> list[Any]:
    """The objects that the files of a group name, each made with its settings."""
    return [
        build(f"{role}.{name}", legal, {"_target_": name, **(arguments or {})}, **more)
        for name, arguments in plain(config[role]).items()
    ]


def _run_callbacks(config: DictConfig, run: Run) -> list[Callback]:
    """All callbacks of a training that its configuration decides."""
    monitor, training = Monitor.of(config), config.training
    callbacks = _chosen("callbacks", CALLBACKS, config)
    if config.trainer.get("compile"):  # older runs have no such key
        callbacks.append(Compiled())
    if training.ema is not None:
        callbacks.append(EMAWeightAveraging(decay=training.ema))
    if training.patience is not None:
        callbacks.append(Patience(training.patience, monitor))
    if config.trainer.enable_progress_bar:
        callbacks.append(TrainingProgress(monitor))
    # Last after best, so that the state to resume from includes the best score.
    return [
        *callbacks,
        RunCheckpoint(run.checkpoints, "best", monitor),
        RunCheckpoint(run.checkpoints, "last"),
    ]

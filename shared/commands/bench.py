"""Speed as a ratio: the suite's training loop against a bare PyTorch loop, in turn, in one run."""

import statistics
import tempfile
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from lightning_fabric.utilities import move_data_to_device
from omegaconf import DictConfig, OmegaConf

from shared import training
from shared.config import find_domain
from shared.results import show
from shared.runs import Run, environment
from shared.training import OPTIMIZERS, SCHEDULES, Batch, DataModule, History, build


class Seconds(NamedTuple):
    """Wall-clock seconds, and CPU seconds of this process on all its cores (without loader processes)."""

    wall: float
    cpu: float


def bench(config: DictConfig) -> dict[str, Any]:
    """Metrics of the loop and of the domain, printed as a table and written to ``bench.output``."""
    epoch_size = config.bench.steps * config.data.batch_size
    OmegaConf.update(config, "data.epoch_size", epoch_size, force_add=True)
    config.trainer.update({"max_epochs": 2, "limit_val_batches": 1, "enable_progress_bar": False})
    data = training.build_data(config)
    data.setup()
    metrics = loop_ratio(config, data) | {"inference samples/s": inference_speed(config, data)}
    metrics["loader samples/s"] = loader_speed(data)
    metrics["loader / suite"] = metrics["loader samples/s"] / metrics["suite samples/s"]
    if own := find_domain(config.domain.name).part("bench"):
        metrics |= own(training.build_module(config, data), data, metrics["suite samples/s"])
    show(metrics, config.bench.output, decimals=3)
    return metrics


def loop_ratio(config: DictConfig, data: DataModule) -> dict[str, Any]:
    """Seconds of an epoch by the suite over the same by a bare loop, pair by pair.

    Both have the network, batches, precision, optimizer and schedule of the configuration; the second of
    two epochs is timed, when loaders and caches are warm. A third time the bare loop has its batches on the
    device before it starts, which gives the time that the device alone needs to compute.
    """
    rounds = [
        (_suite_seconds(config, data), _bare_seconds(config, data), _bare_seconds(config, data, held=True))
        for _ in range(config.bench.pairs)
    ]
    machine = environment(_device(config), training.precision(config.trainer))
    samples = config.data.epoch_size
    metrics = {key: machine[key] for key in ("device", "precision", "threads")}
    metrics["batch size"] = config.data.batch_size
    metrics["suite samples/s"] = samples / statistics.median(suite.wall for suite, _, _ in rounds)
    metrics["bare loop samples/s"] = samples / statistics.median(bare.wall for _, bare, _ in rounds)
    for name, ratios in {
        "suite / bare loop": [suite.wall / bare.wall for suite, bare, _ in rounds],
        "CPU seconds, suite / bare loop": [suite.cpu / bare.cpu for suite, bare, _ in rounds],
        "device computes, share of the suite's time": [held.wall / suite.wall for suite, _, held in rounds],
    }.items():
        metrics[f"{name}, median"] = statistics.median(ratios)
        metrics[f"{name}, lowest"], metrics[f"{name}, highest"] = min(ratios), max(ratios)
    return metrics


def _device(config: DictConfig) -> torch.device:
    return training.build_trainer(config, None, []).strategy.root_device


def inference_speed(config: DictConfig, data: DataModule) -> float:
    """Test examples that a network classifies per second, reading included; the second pass is timed."""
    device = _device(config)
    module = training.build_module(config, data).to(device).eval()
    module.views = data.views
    loader = data.test_dataloader()
    half = training.precision(config.trainer) == "bf16-mixed"
    for _ in range(2):
        start, samples = time.perf_counter(), 0
        for batch in loader:
            batch = move_data_to_device(batch, device)
            with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=half):
                predictions = module.logits(batch).argmax(1)
            samples += len(batch["item"])
        predictions.sum().item()  # waits for the device
    return samples / (time.perf_counter() - start)


def loader_speed(data: DataModule) -> float:
    """Training examples that the loader alone yields per second, once its workers have started."""
    batches = iter(data.train_dataloader())
    next(batches)
    start = time.perf_counter()
    samples = sum(len(batch["item"]) for batch in batches)
    return samples / (time.perf_counter() - start)


def _suite_seconds(config: DictConfig, data: DataModule) -> Seconds:
    with tempfile.TemporaryDirectory() as folder:
        run = Run.named(folder, config.domain.name).make(config)
        history = History(run.folder / "metrics.csv")
        training.build_trainer(config, run, [history]).fit(training.build_module(config, data), data)
    first, second = history.rows
    return Seconds(*(second[name] - first[name] for name in ("train_seconds", "cpu_seconds")))


def _bare_seconds(config: DictConfig, data: DataModule, held: bool = False) -> Seconds:
    device = _device(config)
    module = training.build_module(config, data).to(device).train()
    if config.trainer.compile:
        training.compile_network(module.network)
    loader = data.train_dataloader()
    optimizer = build("optimizer", OPTIMIZERS, module.optimizer_settings, params=module.parameters())
    schedule = build("schedule", SCHEDULES, module.schedule_for(2 * len(loader)), optimizer=optimizer)
    half = training.precision(config.trainer) == "bf16-mixed"
    for epoch in range(2):
        loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        batches: Iterable[Batch] = (move_data_to_device(batch, device) for batch in loader)
        if held:
            batches = list(batches)
        start, cpu_start = time.perf_counter(), time.process_time()
        for batch in batches:
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                loss = module.objective(module.outputs(batch), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        loss.item()  # waits for the device
    return Seconds(time.perf_counter() - start, time.process_time() - cpu_start)

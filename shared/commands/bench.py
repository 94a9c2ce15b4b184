"""Speed as a ratio: the suite's training loop against a bare PyTorch loop, in turn, in one run."""

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from itertools import chain, count
from typing import Any, NamedTuple, cast

import torch
from lightning_fabric.utilities import move_data_to_device
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from shared import training
from shared.config import find_domain
from shared.network import layer_table
from shared.results import show
from shared.runs import Run, environment
from shared.training import OPTIMIZERS, SCHEDULES, Batch, Classifier, DataModule, History, build

WARM, TIMED = 10, 5  # steps before those that are timed; seconds of these
MATRICES = 10  # products that are timed; the fastest counts


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
    metrics |= arithmetic(config, data, metrics["suite samples/s"]) | part_shares(config, data)
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


class Bare:
    """A configured training without Lightning: network, batches, precision, optimizer and schedule."""

    def __init__(self, config: DictConfig, data: DataModule, module: Classifier | None = None):
        self.device = _device(config)
        self.module = (module or training.build_module(config, data)).to(self.device).train()
        if config.trainer.compile:
            training.compile_network(self.module.network)
        self.loader = data.train_dataloader()
        settings, steps = self.module.optimizer_settings, 2 * len(self.loader)
        self.optimizer = build("optimizer", OPTIMIZERS, settings, params=self.module.parameters())
        schedule = self.module.schedule_for(steps)
        self.schedule = build("schedule", SCHEDULES, schedule, optimizer=self.optimizer)
        self.half = training.precision(config.trainer) == "bf16-mixed"

    def batches(self, epoch: int) -> Iterable[Batch]:
        """Those of an epoch, in memory."""
        self.loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        return self.loader

    def moved(self, batch: Batch) -> Batch:
        """A batch on the device."""
        return cast(Batch, move_data_to_device(batch, self.device))

    def gradients(self, batch: Batch) -> Tensor:
        """Forward and backward pass; the loss."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            loss = self.module.objective(self.module.outputs(batch), batch)
        self.optimizer.zero_grad()
        loss.backward()
        return loss

    def move(self) -> None:
        """A step of optimizer and schedule."""
        self.optimizer.step()
        self.schedule.step()

    def wait(self) -> None:
        """For what the device was given to do."""
        if self.device.type != "cpu":
            torch.accelerator.synchronize(self.device)


def _bare_seconds(config: DictConfig, data: DataModule, held: bool = False) -> Seconds:
    bare = Bare(config, data)
    for epoch in range(2):
        batches: Iterable[Batch] = map(bare.moved, bare.batches(epoch))
        if held:
            batches = list(batches)
        bare.wait()
        start, cpu_start = time.perf_counter(), time.process_time()
        for batch in batches:
            bare.gradients(batch)
            bare.move()
        bare.wait()
    return Seconds(time.perf_counter() - start, time.process_time() - cpu_start)


def step_seconds(config: DictConfig, data: DataModule, module: Classifier) -> float:
    """Seconds of a training step, by the bare loop, once the first ones have passed.

    The network has its weights back at the end; it stays compiled, which is most of the time that this takes.
    """
    begin = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    bare, steps = Bare(config, data, module), 0
    start = time.perf_counter()
    for number, batch in enumerate(chain.from_iterable(map(bare.batches, count()))):
        bare.gradients(bare.moved(batch))
        bare.optimizer.step()
        if number + 1 == WARM:
            bare.wait()
            start = time.perf_counter()
        elif number >= WARM:
            steps += 1
            if steps % WARM == 0:
                bare.wait()
            if steps >= WARM and time.perf_counter() - start > TIMED:
                break
    bare.wait()
    seconds = (time.perf_counter() - start) / steps
    bare.optimizer.zero_grad()
    module.load_state_dict(begin)
    return seconds


def part_shares(config: DictConfig, data: DataModule) -> dict[str, float]:
    """The share of each part in the time of a bare loop in which every part waits for the one before it."""
    bare = Bare(config, data)
    for epoch in range(2):
        seconds: dict[str, float] = defaultdict(float)
        batches, since = iter(bare.batches(epoch)), time.perf_counter()

        def end(part: str, seconds: dict[str, float] = seconds) -> None:
            nonlocal since
            bare.wait()
            now = time.perf_counter()
            seconds[part] += now - since
            since = now

        while (batch := next(batches, None)) is not None:
            end("loading")
            batch = bare.moved(batch)
            end("copies to the device")
            bare.gradients(batch)
            end("forward and backward pass")
            bare.move()
            end("optimizer")
    return {f"{part}, share of a step": value / sum(seconds.values()) for part, value in seconds.items()}


def arithmetic(config: DictConfig, data: DataModule, samples_per_second: float) -> dict[str, float]:
    """The floating-point operations of the training by time, beside products of matrices on this device.

    A backward pass has twice those of the forward pass.
    """
    bare = Bare(config, data)
    rate = 3 * sum(row.flops for row in layer_table(bare.module.network)) * samples_per_second
    size = 1024 if bare.device.type == "cpu" else 8192
    kind = torch.bfloat16 if bare.half else torch.float32
    a, b = torch.randn(2, size, size, device=bare.device).to(kind)
    times = []
    for _ in range(MATRICES):
        bare.wait()
        start = time.perf_counter()
        a @ b
        bare.wait()
        times.append(time.perf_counter() - start)
    matrices = 2 * size**3 / min(times)
    return {
        "TFLOP/s": rate / 1e12,
        "matrix products, TFLOP/s": matrices / 1e12,
        "share of the matrix products' rate": rate / matrices,
    }

"""Facts of an entry before it is trained: its size and its design; and how long a prediction takes."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from omegaconf import DictConfig
from torch.utils.data import default_convert

from shared.commands import digest
from shared.compare.choices import describe
from shared.config import check_known, check_value, plain
from shared.errors import UserError
from shared.files import read_json, write_json
from shared.network import Network, build_network
from shared.training import (
    Classifier,
    DataModule,
    Draw,
    build_data,
    build_module,
    build_trainer,
    check_network,
    precision,
)

FACTS, LATENCY = "facts.json", "latency.json"
PREDICTIONS = 100  # of one item each; the fastest counts, since others wait for the machine as well


class Facts(TypedDict):
    """The contents of ``facts.json``: the description of the network, and the widths that were fitted."""

    params: int
    flops: int
    design: dict[str, Any]
    widths: dict[str, Any]


def read_facts(file: Path) -> Facts:
    """The facts of an entry from their file; a ``UserError`` names the key that is broken."""
    stored = read_json(file)
    try:
        check_known(stored, Facts)
        check_value(stored.get("widths"), dict[str, Any], "widths")
        check_value(stored.get("design"), dict[str, Any], "design")
    except UserError as error:
        raise UserError(f"{file}: {error}; delete it, and it is measured again") from None
    return stored  # type: ignore[return-value]


class Networks:
    """Networks as configurations describe them; data are read once for all of a kind."""

    def __init__(self) -> None:
        self._data: dict[str, DataModule] = {}

    def build(self, config: DictConfig) -> Network:
        """The network of a training."""
        data = self._read(config)
        layers = plain(config.model).get("layers")
        check_network(config, data)
        return build_network(layers, data.planes, data.extent, len(data.classes))

    def _read(self, config: DictConfig) -> DataModule:
        named = digest([plain(config.data), config.domain.name, config.training.loss])
        if named not in self._data:
            data = build_data(config)
            if not hasattr(data, "classes"):
                data.setup()
            self._data[named] = data
        return self._data[named]


def facts(network: Network, widths: Mapping[str, Any]) -> Facts:
    """What is known of a network before it is trained."""
    design = describe(network)
    return {"params": design["params"], "flops": design["flops"], "design": design, "widths": dict(widths)}


def measure_latency(config: DictConfig, folder: Path) -> None:
    """Write the latency of a network on the device that trains."""
    data = build_data(config)
    data.setup()
    module = build_module(config, data)
    device = build_trainer(config, None, []).strategy.root_device
    seconds = latency(module.to(device).eval(), data, precision(config.trainer) == "bf16-mixed")
    write_json(folder / LATENCY, {"seconds": seconds})


def read_latency(folder: Path) -> float | None:
    """The latency that was measured, or None."""
    file = folder / LATENCY
    return float(read_json(file)["seconds"]) if file.is_file() else None


def latency(module: Classifier, data: DataModule, half: bool) -> float:
    """Seconds from one test item, already read, to its prediction: the fastest of PREDICTIONS."""
    device, seconds, module.views = module.device, [], data.views
    for number in range(PREDICTIONS):
        batch = default_convert(data.test_set[Draw(np.array([number % len(data.test_set)]), None)])
        start = time.perf_counter()
        batch = {name: value.to(device) for name, value in batch.items()}
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=half):
            module.logits(batch).argmax(1)[-1].item()  # waits for the device
        seconds.append(time.perf_counter() - start)
    return min(seconds)

"""Facts of an entry before it is trained: its size, its design choices, its latency."""

import time
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from omegaconf import DictConfig
from torch.utils.data import default_convert

from shared.config import check_known, check_value
from shared.errors import UserError
from shared.files import read_json
from shared.network import Layer, Network, layer_table
from shared.runs import environment
from shared.training import Classifier, DataModule, Draw, build_data, build_module, build_trainer, precision

FACTS = "facts.json"
PREDICTIONS = 100  # of one item each; the fastest counts, since others wait for the machine as well
CHOICES = {  # of a design, with the values that each can have
    "slides along": ("both axes", "axis 1", "axis 2", "nothing"),
    "padding": ("none", "zeros"),
    "pooling": ("none", "some"),  # or which kinds
}


class Facts(TypedDict):
    """The contents of ``facts.json``, beside CHOICES."""

    params: int
    flops: int
    latency: float
    device: str
    accelerator: str
    precision: str
    threads: int


def read_facts(file: Path) -> dict[str, Any]:
    """The facts of an entry from their file; a ``UserError`` names the key that is broken."""
    stored = read_json(file)
    try:
        check_known(stored, Facts)
        check_value({key: stored.get(key) for key in CHOICES}, dict[str, str], "facts")
    except UserError as error:
        raise UserError(f"{file}: {error}; delete it, and it is measured again") from None
    return stored


def facts(config: DictConfig) -> dict[str, Any]:
    """Parameters and FLOPs of the layers, design choices, and latency on the device that trains."""
    data = build_data(config)
    data.setup()
    module = build_module(config, data)
    table = layer_table(module.network)
    device = build_trainer(config, None, []).strategy.root_device
    machine = environment(device, precision(config.trainer))
    return {
        "params": sum(row.params for row in table),
        "flops": sum(row.flops for row in table),
        **choices(module.network),
        "latency": latency(module.to(device).eval(), data, machine["precision"] == "bf16-mixed"),
        **{key: machine[key] for key in ("device", "accelerator", "precision", "threads")},
    }


def choices(network: Network) -> dict[str, str]:
    """The choices of a design, read off its layers: the axes that filters slide along, padding, pooling."""
    layers = [layer for layer in network.modules() if isinstance(layer, Layer)]
    first, second = (any(layer.slides[axis] for layer in layers) for axis in (0, 1))
    both, one, two, none = CHOICES["slides along"]
    return {
        "slides along": (both if second else one) if first else (two if second else none),
        "padding": " and ".join(sorted({layer.pads for layer in layers if layer.pads})) or "none",
        "pooling": " and ".join(sorted({layer.pools for layer in layers if layer.pools})) or "none",
    }


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

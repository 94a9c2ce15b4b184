"""How much better a network is on the items that it was trained on than on new ones."""

from pathlib import Path

import numpy as np
import torch
from omegaconf import DictConfig
from torch.utils.data import default_convert

from shared.compare.jobs import train
from shared.files import read_json, write_json
from shared.runs import Run, runs_in
from shared.training import Draw, build_data, build_trainer, evenly_by_length, load_module

FILE = "training_accuracy.json"
MEASURED, BATCH = 10_000, 500  # training items at most, and at a time


def train_and_measure(config: DictConfig, folder: Path) -> None:
    """Train, and write the accuracy on the training items."""
    train(config, folder)
    run = next(run for run in runs_in(folder) if run.metrics)
    if not (run.folder / FILE).is_file():
        value, n = training_accuracy(run)
        write_json(run.folder / FILE, {"value": value, "n": n})


def training_accuracy(run: Run) -> tuple[float, int]:
    """The accuracy of the tested checkpoint on the items that train, evenly drawn, not augmented; and n."""
    module = load_module(run, diverged=True)
    module.to(build_trainer(run.config, None, []).strategy.root_device)
    data = build_data(run.config, module.fitted)
    data.setup()
    right = []
    for items in evenly_by_length(data.drawn_set, MEASURED, BATCH):
        batch = default_convert(data.drawn_set[Draw(items, None)])
        batch = {name: value.to(module.device) for name, value in batch.items()}
        with torch.inference_mode():
            outputs = module.outputs(batch)
        right.append((outputs.logits.argmax(1) == outputs.y).cpu().numpy())
    hits = np.concatenate(right)
    return float(hits.mean()), len(hits)


def read_training_accuracy(folder: Path) -> float | None:
    """What was measured for a run, or None."""
    file = folder / FILE
    return float(read_json(file)["value"]) if file.is_file() else None

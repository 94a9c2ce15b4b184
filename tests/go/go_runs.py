"""Runs of tiny untrained policies on 9×9."""

from pathlib import Path

import numpy as np
import torch

from shared.assemble import build_data, build_module
from shared.cli import compose
from shared.run import Run


def make_run(folder: Path, *overrides: str, logits: np.ndarray | None = None) -> Run:
    """A run of an untrained network on 9×9; with ``logits`` it answers these in every position."""
    config = compose("train", ["domain=go", "data.size=9", "model.filters=2", "model.depth=2", *overrides])
    module = build_module(config, build_data(config))
    if logits is not None:
        weights = dict(module.named_parameters())
        with torch.no_grad():
            for weight in weights.values():
                weight.zero_()
            weights["network.conv3.bias"].copy_(torch.from_numpy(logits).view(1, 9, 9))
    run = Run.create(folder, config)
    state, arguments = module.state_dict(), dict(module.hparams)
    torch.save(
        {"domain": "go", "state_dict": state, "hyper_parameters": arguments}, run.checkpoints / "best.ckpt"
    )
    return run

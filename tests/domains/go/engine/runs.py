"""Runs of tiny untrained policies on 9×9."""

from pathlib import Path

import numpy as np
import torch
from pytorch_lightning import LightningModule

from shared.runs.run import Run
from tests import networks

GAMES = "".join(f"(;SZ[9];B[{a}{b}];W[ee];B[aa];W[ii])" for a in "cdfg" for b in "cdfg")


def make_run(folder: Path, *overrides: str, logits: np.ndarray | None = None) -> Run:
    """A run of an untrained network on 9×9; with ``logits`` it predicts these in every position."""

    def answer(module: LightningModule) -> None:
        weights = dict(module.named_parameters())
        with torch.no_grad():
            for weight in weights.values():
                weight.zero_()
            weights["network.conv3.bias"].copy_(torch.from_numpy(logits).view(1, 9, 9))

    folder.mkdir(exist_ok=True)
    (folder / "games.sgf").write_text(GAMES)
    words = [
        *("domain=go", f"data.path={folder / 'games.sgf'}", "data.size=9", "data.min_moves=1"),
        *("data.fractions={val: 0.3, test: 0.3}", "data.workers=0", "model.filters=2", "model.depth=2"),
        *overrides,
    ]
    return networks.make_run(folder, *words, change=answer if logits is not None else lambda module: None)

"""An ONNX model with weights and activations of 8 bits, and the accuracy that this costs."""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from shared.commands.onnx_model import OnnxFunction
from shared.config import print_line, progress
from shared.results import Z
from shared.training import Classifier, DataModule, Dataset, Draw, as_tensors, evenly

if TYPE_CHECKING:
    from onnx import ModelProto

CALIBRATED, TESTED, BATCH = 200, 2000, 50  # items that ranges are taken from, items tested, and at a time


def quantized(
    model: "ModelProto", module: Classifier, data: DataModule
) -> tuple["ModelProto", dict[str, Any]]:
    """The model in 8 bits, and its loss of accuracy on the run's test data, or else its validation data.

    Static quantisation, with the ranges of activations in training items, of a network without a recurrent
    layer. Of one with an LSTM, for which onnxruntime has no static form, dynamic: each input's own ranges.
    The preprocessing stays as it is.
    """
    from onnx import load
    from onnxruntime import quantization

    logging.getLogger().setLevel(logging.ERROR)  # which advises on steps before it
    nodes = [node.name for node in model.graph.node if _in_network(node.metadata_props)]
    dynamic = any(node.op_type == "LSTM" for node in model.graph.node)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.onnx")
        if dynamic:
            quantization.quantize_dynamic(model, file, nodes_to_quantize=nodes, per_channel=True)
        else:
            reader = _Reader(data.train_set, OnnxFunction(model).inputs)
            quantization.quantize_static(model, file, reader, nodes_to_quantize=nodes, per_channel=True)
        small = load(file)
    sizes = f"{small.ByteSize():,} bytes of {model.ByteSize():,}"
    loss = _loss(module, OnnxFunction(small), data, f"int8, {sizes}")
    return small, {"method": "dynamic" if dynamic else "static"} | loss


def _in_network(notes: Any) -> bool:
    return any(note.key == "pkg.torch.onnx.name_scopes" and "module.network" in note.value for note in notes)


def _batches(items: Dataset, most: int) -> list[NDArray[np.int64]]:
    chosen = evenly(items, most)
    return np.array_split(chosen, -(-len(chosen) // BATCH))


class _Reader:
    """Training items, a batch at a time, as onnxruntime asks for them."""

    def __init__(self, items: Dataset, inputs: list[str]):
        self.items, self.inputs = items, inputs
        self.batches: Iterator[NDArray[np.int64]] = iter(_batches(items, CALIBRATED))

    def get_next(self) -> dict[str, Any] | None:
        """The next batch; None after the last."""
        chosen = next(self.batches, None)
        if chosen is None:
            return None
        batch = self.items[Draw(chosen, None)]
        return {name: batch[name] for name in self.inputs}


def _loss(module: Classifier, small: OnnxFunction, data: DataModule, title: str) -> dict[str, Any]:
    """Accuracies before and after, and the difference with its 95 % interval (Agresti & Min 2005)."""
    split, items = ("test", data.test_set) if len(data.test_set) else ("validation", data.val_set)
    data.require("val" if split == "validation" else split)
    right = []
    for chosen in progress(_batches(items, TESTED), "testing"):
        batch = items[Draw(chosen, None)]
        with torch.inference_mode():
            before = module.logits(as_tensors(batch)).numpy()
        right.append([logits.argmax(1) == batch["y"] for logits in (before, small(batch)[0])])
    before, after = np.concatenate(right, 1)
    n = len(before)
    lost, gained = ((a & ~b).sum() + 0.5 for a, b in ((before, after), (after, before)))
    mean = (lost - gained) / (n + 2)
    half = Z * np.sqrt((lost + gained) / (n + 2) - mean**2) / np.sqrt(n + 2)
    values = {"accuracy": after.mean(), "before": before.mean(), "low": mean - half, "high": mean + half}
    print_line(
        f"{title}: {after.mean():.2%} right, before {before.mean():.2%}, on {n:,} {split} items; a loss of "
        f"{100 * (before.mean() - after.mean()):.2f} points, 95 % interval {100 * (mean - half):.2f} to "
        f"{100 * (mean + half):.2f}"
    )
    return {"split": split, "n": n} | {key: round(float(value), 6) for key, value in values.items()}

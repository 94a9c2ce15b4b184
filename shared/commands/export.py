"""A trained network as one file for other programs: ONNX, or a program of torch.export."""

import io
import json
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from shared.commands.evaluate import data_of, keys_set, read_data
from shared.commands.onnx_model import OnnxFunction, described, to_onnx
from shared.commands.quantize import quantized
from shared.config import print_line
from shared.errors import UserError
from shared.files import make_folder, write
from shared.network import beyond, in_rows, shortest
from shared.runs import Run, exported_files
from shared.training import Batch, Classifier, DataModule, Draw, Record, as_tensors, evenly, load_module

Function = Callable[[Batch], list[np.ndarray]]  # from inputs to OUTPUTS

TOLERANCE = 1e-4  # of logits up to 1; of larger ones in proportion
INPUTS, OUTPUTS = ("x", "lengths"), ("logits", "probabilities")


class Whole(nn.Module):
    """A network with its preprocessing: from INPUTS, lengths where examples differ in size, to OUTPUTS."""

    def __init__(self, module: Classifier):
        super().__init__()
        self.module = module
        self.temperature = 1.0 if module.record is None else module.record.temperature

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Logits and probabilities (N, classes); over time (N, windows, classes), with 0 in padding."""
        batch = {"x": x} if lengths is None else {"x": x, "lengths": lengths}
        if self.module.network.over_time:
            return self._over_time(batch)
        logits = self.module.logits(batch)
        return logits, (logits / self.temperature).softmax(1)

    def _over_time(self, batch: Batch) -> tuple[Tensor, Tensor]:
        logits, counts, _ = self.module.windows(batch)
        if torch.compiler.is_exporting():  # padding has windows, see ``Lstm``
            logits = logits.unflatten(0, (batch["x"].size(0), -1))
        else:
            logits, _ = in_rows(logits, counts)
        own = ~beyond(counts, logits.size(1))[..., None]
        return logits * own, (logits / self.temperature).softmax(2) * own


def export(config: DictConfig) -> dict[str, Any]:
    """Write the network of ``config.run`` and its metadata; return the file and the largest difference.

    Raises:
        UserError: The run cannot be read, or what the file computes differs from the network by more than
            TOLERANCE; nothing is written then.
    """
    file, description = exported_files(config)
    run = Run.open(config.run)
    module = load_module(run, config.checkpoint).requires_grad_(False)
    if module.network.over_time and config.quantize != "none":
        must = "must be none for a network with an answer for each window"
        raise UserError(f"quantize: {must}, got {config.quantize}")
    module.record = Record.read(run, module) if config.checkpoint == "best" else None
    data = data_of(run, module, config.data)
    module.views = data.views  # what is exported is what was tested
    real = _real_batches(data, run, config)

    cells = shortest(module.network)
    made = [module.made_batch(2, cells), module.made_batch(1, 3 * cells)]
    program, metadata = _program(module, *made)
    bundled = Path(config.run).absolute() != run.folder
    metadata = _origin(str(config.run) if bundled else run.folder.name, module) | metadata
    model = to_onnx(program, OUTPUTS) if config.format == "onnx" else None
    function = OnnxFunction(model) if model is not None else _torch_function(_packed(program, metadata))
    difference = _difference(module, function, [*made, *real])
    items = sum(len(batch["x"]) for batch in real)
    print_line(f"largest difference of a logit: {difference:.1e}, over 3 random and {items} real inputs")
    if model is not None and config.quantize == "int8":
        model, metadata["quantized"] = quantized(model, module, data)
    contents = _packed(program, metadata) if model is None else described(model, metadata)

    make_folder("output", file.parent)
    write(description, json.dumps(metadata, indent=1, ensure_ascii=False) + "\n")
    try:
        write(file, contents)
    except UserError:
        description.unlink()
        raise
    print_line(f"exported: {file} ({len(contents):,} bytes), described by {description.name}")
    return {"file": str(file), "difference": difference}


def _real_batches(data: DataModule, run: Run, config: DictConfig) -> list[Batch]:
    """Three items of the run's test data, and one of them alone; none, with a remark, if these are missing.

    Raises:
        UserError: They cannot be read, though the user names them or ``quantize`` needs them.
    """
    try:
        read_data(data, run, config.checkpoint, config.data)
    except UserError as error:
        if config.quantize != "none" or keys_set(config.data):
            raise
        print_line(f"compared on random inputs alone: {error}", error=True)
        return []
    items = next(one for one in (data.test_set, data.val_set, data.train_set) if len(one))
    three = evenly(items, 3)
    return [_inputs(as_tensors(items[Draw(chosen, None)])) for chosen in (three, three[:1])]


def _inputs(batch: Batch) -> Batch:
    return {name: batch[name] for name in INPUTS if name in batch}


def _program(module: Classifier, example: Batch, longer: Batch) -> tuple[ExportedProgram, dict[str, Any]]:
    """The network with its preprocessing, for any number of inputs of any length; its inputs and outputs.

    The examples differ in the axes that vary.
    """
    vary = {
        name: [axis for axis, cells in enumerate(x.shape) if axis == 0 or cells != longer[name].size(axis)]
        for name, x in example.items()
    }
    with warnings.catch_warnings(action="ignore"):  # of torch to itself
        program = torch.export.export(
            Whole(module),
            tuple(example.values()),
            dynamic_shapes=[dict.fromkeys(axes, Dim.DYNAMIC) for axes in vary.values()],
        )
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # paths of this machine
    names = dict.fromkeys(vary["x"], "length") | {0: "n"}
    inputs = {
        name: {
            "type": str(x.dtype).removeprefix("torch."),
            "shape": [names[axis] if axis in vary[name] else cells for axis, cells in enumerate(x.shape)],
        }
        for name, x in example.items()
    }
    rows = ["n", *(["windows"] if module.network.over_time else []), len(module.classes)]
    outputs = {name: {"type": "float32", "shape": rows} for name in OUTPUTS}
    return program, {"inputs": inputs, "outputs": outputs}


def _origin(name: str, module: Classifier) -> dict[str, Any]:
    try:
        release: str | None = version("convolutions")
    except PackageNotFoundError:  # used without being installed
        release = None
    return {
        "domain": module.domain,
        "run": name,
        "version": release,
        "classes": module.classes,
        "temperature": Whole(module).temperature,
        "preprocessing": module.contract(),
    }


def _torch_function(program: bytes) -> Function:
    with warnings.catch_warnings(action="ignore"):
        loaded = torch.export.load(io.BytesIO(program)).module(check_guards=False)
    return lambda batch: [output.numpy() for output in loaded(*batch.values())]


def _packed(program: ExportedProgram, metadata: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):
        torch.export.save(program, file, extra_files={"metadata.json": json.dumps(metadata)})
    return file.getvalue()


def _difference(module: Classifier, function: Function, batches: list[Batch]) -> float:
    """The largest difference of a logit; refuses one above TOLERANCE."""
    largest = 0.0
    for batch in batches:
        with torch.inference_mode():
            expected = Whole(module)(**batch)
        for right, got in zip(expected, function(batch), strict=True):
            difference = float(np.abs(got - right.numpy()).max())
            largest = max(largest, difference)
            if not difference <= TOLERANCE * max(1.0, float(right.abs().max())):
                raise UserError(
                    f"format: must give what the network computes, got a difference of {difference:.1e} for "
                    f"{len(got)} inputs of {tuple(batch['x'].shape)[1:]}; please report this network"
                )
    return largest

"""A program of torch.export as an ONNX model, and what the model computes."""

import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.export import ExportedProgram

if TYPE_CHECKING:
    from onnx import ModelProto


def to_onnx(program: ExportedProgram, outputs: Sequence[str]) -> "ModelProto":
    """The model with outputs of these names; axes that vary are ``n``, ``length``, of outputs ``windows``."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(action="ignore"):  # of torch to itself
        exported = torch.onnx.export(program, output_names=outputs, external_data=False, verbose=False)
    assert exported is not None
    model: ModelProto = exported.model_proto
    del model.graph.value_info[:]  # sizes between the layers, in torch's names of these axes
    for values, varying in ((model.graph.input, "length"), (model.graph.output, "windows")):
        for value in values:
            for axis, size in enumerate(value.type.tensor_type.shape.dim):
                if size.dim_param:
                    size.dim_param = varying if axis else "n"
    return model


class OnnxFunction:
    """What a model computes, by onnxruntime on the processor."""

    def __init__(self, model: "ModelProto"):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors alone
        self.runtime = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.inputs = [one.name for one in self.runtime.get_inputs()]

    def __call__(self, batch: Mapping[str, Any]) -> list[np.ndarray]:
        """Its outputs for a batch, which may hold more than its inputs."""
        outputs: list[np.ndarray] = self.runtime.run(None, {k: np.asarray(batch[k]) for k in self.inputs})
        return outputs


def described(model: "ModelProto", metadata: Mapping[str, Any]) -> bytes:
    """The file of a model with metadata, and without torch's notes on each step, which hold paths."""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for key, value in metadata.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        model.metadata_props.add(key=key, value=text)
    contents: bytes = model.SerializeToString()
    return contents

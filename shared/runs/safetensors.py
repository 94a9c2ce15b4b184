"""A checkpoint as a safetensors file in half precision: small, and nothing in it that could run.

Source of the format: https://github.com/huggingface/safetensors. Its header holds, beside names and
shapes of the tensors, the checkpoint's domain and hyperparameters as JSON: what the network is built from.
"""

import json
from typing import Any

from shared.errors import UserError

KEPT = ("domain", "hyper_parameters")  # of the checkpoint, beside its tensors


def pack(contents: dict[str, Any]) -> bytes:
    """The file's bytes, of a checkpoint's contents; numbers with a point are rounded to float16.

    Raises:
        UserError: A weight is too large for float16.
    """
    from safetensors.torch import save  # of the extra `go`: only domains with weights of their own need it

    tensors = {}
    for name, tensor in contents["state_dict"].items():
        half = tensor.half() if tensor.is_floating_point() else tensor
        if not half.isfinite().all():
            raise UserError(f"{name}: {float(tensor.abs().max()):.3g} is beyond float16: at most 65,504")
        tensors[name] = half.contiguous()
    return save(tensors, {name: json.dumps(contents[name]) for name in KEPT})


def unpack(data: bytes) -> dict[str, Any]:
    """The checkpoint in a file's bytes; a network takes its float16 as what it computes in.

    Raises:
        Exception: The bytes are not such a file; safetensors and JSON raise several kinds.
    """
    from safetensors.torch import load

    size = int.from_bytes(data[:8], "little")
    metadata = json.loads(data[8 : 8 + size])["__metadata__"]
    return {"state_dict": load(data), **{name: json.loads(metadata[name]) for name in KEPT}}

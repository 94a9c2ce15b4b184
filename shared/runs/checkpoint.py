"""A checkpoint of unknown origin: tensors and plain values no larger than its file, or one line.

``torch.load(weights_only=True)`` calls nothing harmful, yet a few bytes can make it take gigabytes. The files
of this suite are zip archives without compression, whose pickle has few operations; others are not loaded.
"""

import pickletools
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

import torch
from torch import Tensor

from shared.config import check_known, check_value
from shared.errors import UserError, named
from shared.files import check_plain
from shared.runs import safetensors as weights

PICKLE_LIMIT = 64 * 2**20  # bytes of the contents without the numbers of the tensors
OPERATION_LIMIT = 4_000_000  # of the pickle: two for each word of a vocabulary
GLOBALS = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    *(f"torch {kind}Storage" for kind in ("Float", "Double", "Half", "BFloat16")),
    *(f"torch {kind}Storage" for kind in ("Long", "Int", "Short", "Char", "Byte", "Bool")),
}
OPERATIONS = {
    *("PROTO", "STOP", "MARK", "GLOBAL", "REDUCE", "BUILD", "BINPERSID"),
    *("BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET"),
    *("NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"),
    *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "APPEND", "APPENDS"),
    *("EMPTY_DICT", "SETITEM", "SETITEMS"),
}


class _State(TypedDict):  # what resuming needs beside the weights
    epoch: int
    global_step: int
    loops: dict[str, Any]
    callbacks: dict[str, Any]
    optimizer_states: list[Any]
    lr_schedulers: list[Any]


class _Kept(TypedDict):  # Lightning's state of the checkpoints that it wrote
    best_model_path: str
    kth_best_model_path: str
    last_model_path: str
    best_k_models: dict[str, Any]


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The contents of a ``.ckpt`` or ``.safetensors``: domain, state_dict, hyper_parameters, and others.

    Raises:
        UserError: The file is broken, holds more than tensors and plain values, or lacks one of these keys.
    """
    try:
        if path.suffix == ".safetensors":
            contents = weights.unpack(path.read_bytes())
        else:
            _check_archive(path)
            contents = torch.load(path, map_location="cpu", weights_only=True)
    except UserError as error:
        raise UserError(f"{path}: refused: {error}") from None
    except Exception as error:  # torch, safetensors and zipfile raise many kinds for a broken file
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(
            f"{path}: refused: broken, or more than tensors and plain values ({reason})"
        ) from error
    with named(path):
        _check_contents(contents, path.stat().st_size)
    return contents


def _check_archive(path: Path) -> None:
    """Refuse compressed contents, and a pickle with operations that the suite's own do not have."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        names = {entry.filename.lower() for entry in entries}
        pickles = [entry for entry in entries if entry.filename.lower().endswith("data.pkl")]
        if len(names) < len(entries) or len(pickles) != 1:
            raise UserError("not a checkpoint of this suite: its archive has not each entry once")
        packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
        if packed or sum(entry.file_size for entry in entries) > path.stat().st_size:
            raise UserError("its archive is larger once it is unpacked; this suite does not compress any")
        if pickles[0].file_size > PICKLE_LIMIT:
            raise UserError(f"{pickles[0].file_size:,} bytes beside its tensors; {PICKLE_LIMIT:,} at most")
        for number, (operation, argument, _) in enumerate(pickletools.genops(archive.read(pickles[0]))):
            if number == OPERATION_LIMIT:
                raise UserError(f"its pickle has more than {OPERATION_LIMIT:,} operations")
            name = operation.name
            if name not in OPERATIONS or (name == "GLOBAL" and argument not in GLOBALS):
                raise UserError(f"holds more than tensors and plain values ({str(argument or name)[:80]})")


def _check_contents(contents: Any, size: int) -> None:
    if not isinstance(contents, dict):
        raise UserError("not a checkpoint of this suite")
    for key, kind in {"domain": str, "state_dict": dict, "hyper_parameters": dict}.items():
        if key not in contents:
            raise UserError(f"not a checkpoint of this suite: {key} is missing")
        check_value(contents[key], kind, key)
    settings = contents["hyper_parameters"]
    check_plain(settings, "hyper_parameters")
    if "front_end" in settings:  # release 0.1.0's name of the preprocessing, which also held the classes
        settings["preprocessing"] = settings.pop("front_end")
        if isinstance(settings["preprocessing"], dict):
            settings["preprocessing"].pop("classes", None)
    total = 0
    for name, tensor in contents["state_dict"].items():
        if type(tensor) is not Tensor or tensor.layout != torch.strided or tensor.device.type != "cpu":
            raise UserError(f"state_dict.{name[:80]}: must be a tensor, got {type(tensor).__name__}")
        total += tensor.numel() * tensor.element_size()
    if total > size:
        raise UserError(f"state_dict: its tensors claim {total:,} bytes, more than the file has")


def check_state(contents: Mapping[str, Any]) -> None:
    """Refuse a checkpoint that Lightning cannot resume a training from."""
    check_known(contents, _State)
    if min(contents["epoch"], contents["global_step"]) < 0:
        raise UserError("epoch: must be a number from 0, as global_step")
    for name, state in contents["callbacks"].items():
        if not name.startswith("ModelCheckpoint"):
            continue
        check_known(state, _Kept, "callbacks.ModelCheckpoint")
        paths = [state[key] for key in _Kept.__annotations__ if key.endswith("path")]
        for path in (*paths, *state["best_k_models"]):  # Lightning removes what was best before
            if str(path).replace("\\", "/").split("/")[-1] not in ("", "best.ckpt", "last.ckpt"):
                raise UserError(
                    f"callbacks.ModelCheckpoint: must name best.ckpt or last.ckpt, got {path[:80]!r}"
                )

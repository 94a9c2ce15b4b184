"""The record beside a run's best weights, of unknown origin: named tensors of a small file, or one line."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.errors import UserError, named
from shared.runs.run import Run

if TYPE_CHECKING:
    from torch import Tensor

LIMIT = 2**20  # bytes: it is a small part of a bundled network
REMEDY = "remove it: train.py resume=FOLDER then writes a new one"


class Stored(NamedTuple):
    """What a file holds: see ``shared.training.Record``."""

    tensors: "dict[str, Tensor]"
    notes: dict[str, str]
    data: bytes  # the file itself


def read_record(run: Run) -> Stored | None:
    """The record of a run; None where it has none.

    Raises:
        UserError: The file is no safetensors file, or too large.
    """
    from safetensors.torch import load

    if not run.record.is_file():
        return None
    with named(run.record):
        if (size := run.record.stat().st_size) > LIMIT:
            raise UserError(f"must have at most {LIMIT:,} bytes, got {size:,}; {REMEDY}")
        data = run.record.read_bytes()
        try:
            header: Any = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
            return Stored(load(data), dict(header["__metadata__"]), data)
        except Exception as error:  # safetensors and JSON raise many kinds for a broken file
            reason = " ".join(str(error).split())[:200]
            raise UserError(f"refused: broken ({reason}); {REMEDY}") from error

"""What the page needs of a domain: an adapter beside ``predict`` and ``explain``, which do the work."""

import base64
import binascii
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, NotRequired, TypedDict

import numpy as np
from torch import Tensor

from shared.errors import Limit, UserError
from shared.explain import Example, InputAdapter
from shared.files import printable
from shared.training import Classifier

FILE_LIMIT = 16 * 2**20  # bytes of an input
DIGITS = 4  # of a number that is drawn
Top = Annotated[int, Limit(1, 1000, whole=True)]
Share = Annotated[float, Limit(0, 1)]
View = dict[str, Any]  # how an input is drawn: ``kind`` says which other keys it has
Grid = list[Any]  # numbers by row and column; null for what is no number


class FileInput(TypedDict):
    """An input that is a file: its bytes in base64, and a name for messages."""

    file: str
    name: NotRequired[str]


class Predicted(TypedDict):
    """What a network answers to an input: the rows of ``predict.py``, the input as it sees it, and remarks.

    A domain adds keys of its own.
    """

    rows: list[dict[str, Any]]
    view: View
    notes: list[str]


class Page(ABC):
    """A domain's adapter for the page: the part ``page`` of its description.

    Requests are checked against the annotations of the functions that they name: ``predict``, ``example``,
    and the ``actions``, which only one domain has. All numbers that they return are finite.

    Attributes:
        module: the network that answers.
        adapter: that of the explanations, on a network of its own, so that no answer waits for one.
    """

    actions: ClassVar[Sequence[str]] = ()
    samples: ClassVar[Sequence[str]] = ()  # suffixes of bundled files that are inputs

    def __init__(self, module: Classifier, adapter: InputAdapter):
        self.module, self.adapter = module, adapter

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What a client must know of the inputs."""

    def offline(self) -> dict[str, Any] | None:
        """Facts for a page without a server (``write_page``); None: it cannot read such inputs.

        The domain's ``offline.html`` has its form, and ``offline.js`` with the function ``begin`` its inputs.
        """
        return None

    @abstractmethod
    def predict(self, input: Any, top: Top = 10, unsure: Share = 0.8) -> Mapping[str, Any]:
        """The network's answers to an input, see ``Predicted``."""

    @abstractmethod
    def example(self, input: Any) -> Example:
        """An input as the explanations take it."""

    def view(self, example: Example) -> View:
        """How such an input is drawn."""
        return {"kind": "cells", "values": numbers(example.x.mean(0))}

    @property
    def channels(self) -> list[str]:
        """Names of the channels of an input; empty: they have none."""
        return []

    def words(self, weight: Tensor) -> list[list[str]] | None:
        """For each row of a filter (channels, kernel 1, kernel 2) the words that it looks for."""
        return None


def file_of(given: FileInput, limit: int = FILE_LIMIT) -> tuple[str, bytes]:
    """The name and the bytes of an input.

    Raises:
        UserError: It is no base64, empty or too large.
    """
    name = printable(given.get("name", "input"))[:200] or "input"
    if len(given["file"]) > limit * 4 // 3 + 4:
        raise UserError(f"{name}: must have at most {limit:,} bytes, got more; give a smaller file")
    try:
        data = base64.b64decode(given["file"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise UserError(f"{name}: must be base64 ({error})") from error
    if not data:
        raise UserError(f"{name}: must not be empty, got 0 bytes")
    return name, data


def text_of(data: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(data).decode()


def numbers(values: Tensor | np.ndarray, digits: int = DIGITS) -> Any:
    """Values as nested lists of numbers with few digits; null for what is none."""
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else values
    return _rounded(array.astype(float).tolist(), digits)


def _rounded(values: Any, digits: int) -> Any:
    if isinstance(values, list):
        return [_rounded(value, digits) for value in values]
    return float(f"{values:.{digits}g}") if math.isfinite(values) else None

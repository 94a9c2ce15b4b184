"""The Go Text Protocol, version 2 (Farnebäck 2002, draft 2, sections 2 and 6)."""

import logging
import os
import re
from collections.abc import Callable, Sequence
from typing import BinaryIO, TypeVar

_log = logging.getLogger(__name__)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # except tabs and newlines

Value = TypeVar("Value")


class FailureError(Exception):
    """A failed command; the message follows the question mark of the response."""


def argument(words: Sequence[str], read: Callable[[str], Value], what: str) -> Value:
    """The first argument, which ``read`` converts.

    Raises:
        FailureError: it is missing or cannot be converted.
    """
    try:
        return read(words[0])
    except (IndexError, KeyError, ValueError) as error:
        raise FailureError(f"syntax error: must be {what}") from error


class Protocol:
    """Responds to lines by its methods ``_do_COMMAND``, which map arguments to text.

    A text that ends in a newline, such as an analysis, leaves the response open until the next line.

    Attributes:
        commands: methods by name; two underscores stand for a hyphen.
        ended: after ``quit``.
    """

    def __init__(self) -> None:
        methods = [name for name in dir(self) if name.startswith("_do_")]
        self.commands: dict[str, Callable[[list[str]], str]] = {
            name.removeprefix("_do_").replace("__", "-"): getattr(self, name) for name in methods
        }
        self.ended = False
        self._open = False

    def answer(self, line: str) -> str:
        """The response to a line; empty for an empty line."""
        before, self._open = "\n" if self._open else "", False
        words = _CONTROL.sub("", line).split("#")[0].split()
        if not words:
            return before
        number = words.pop(0) if words[0].isascii() and words[0].isdigit() else ""
        try:
            if not words or words[0] not in self.commands:
                raise FailureError("unknown command")
            text = self.commands[words[0]](words[1:])
        except FailureError as failure:
            return f"{before}?{number} {failure}\n\n"
        except Exception:
            _log.exception("%s", line.strip())
            return f"{before}?{number} internal error\n\n"
        self._open = text.endswith("\n")
        gap = " " if text and not text.startswith("\n") else ""
        return f"{before}={number}{gap}{text}" + ("" if self._open else "\n\n")

    def serve(self, lines: BinaryIO, out: BinaryIO) -> None:
        """Respond until the end of the input or ``quit``."""
        try:
            for line in lines:
                out.write(self.answer(os.fsdecode(line)).encode("utf-8", "replace"))
                out.flush()
                if self.ended:
                    return
            out.write(b"\n" if self._open else b"")
            out.flush()
        except BrokenPipeError:  # the client has gone
            return

"""The Go Text Protocol, version 2 (Farnebäck 2002, draft 2, sections 2 and 6)."""

import logging
import os
import re
from collections.abc import Callable, Mapping
from typing import BinaryIO

_log = logging.getLogger(__name__)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # except tabs and newlines

Command = Callable[[list[str]], str]


class FailureError(Exception):
    """A failed command; the message follows the question mark of the response."""


class Protocol:
    """Responds to lines by a table of commands, which map arguments to text.

    A text that ends in a newline, such as an analysis, leaves the response open until the next line.

    Attributes:
        ended: after ``quit``.
    """

    def __init__(self, commands: Mapping[str, Command]):
        self.commands = commands
        self.ended = False
        self._open = False

    def answer(self, line: str) -> str:
        """The response to a line; empty for an empty line."""
        before, self._open = "\n" if self._open else "", False
        end = "\n\n"
        words = _CONTROL.sub("", line).split("#")[0].split()
        if not words:
            return before
        number = words.pop(0) if words[0].isascii() and words[0].isdigit() else ""
        name = words.pop(0) if words else ""
        if name not in self.commands:
            return f"{before}?{number} unknown command\n\n"
        try:
            text = self.commands[name](words)
        except FailureError as failure:
            return f"{before}?{number} {failure}\n\n"
        except Exception:
            _log.exception("%s", line.strip())
            return f"{before}?{number} internal error\n\n"
        self._open = text.endswith("\n")
        gap = " " if text and not text.startswith("\n") else ""
        return f"{before}={number}{gap}{text}{'' if self._open else end}"

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

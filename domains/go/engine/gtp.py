"""The Go Text Protocol, version 2: lines in, answers out (Farnebäck 2002, draft 2, sections 2 and 6)."""

import logging
import os
import re
from collections.abc import Callable, Mapping
from typing import BinaryIO

_log = logging.getLogger(__name__)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # all but tabs and newlines

Command = Callable[[list[str]], str]


class FailureError(Exception):
    """A command that cannot be done: its message follows the question mark of the answer."""


class Protocol:
    """Answers lines by a table of commands, each from its arguments to the answer's text.

    A command whose text ends in a newline leaves its answer open, as analysis does: the next line ends it.

    Attributes:
        ended: a command has asked for the end.
    """

    def __init__(self, commands: Mapping[str, Command]):
        self.commands = commands
        self.ended = False
        self._open = False

    def answer(self, line: str) -> str:
        """The bytes to write for one line, as text: nothing for an empty one."""
        before, self._open = "\n" * self._open, False
        words = _CONTROL.sub("", line).split("#")[0].split()
        if not words:
            return before
        number = words.pop(0) if words[0].isascii() and words[0].isdigit() else ""
        name = words.pop(0) if words else ""
        if name not in self.commands:
            return f"{before}?{number} unknown command\n\n"
        try:
            told = self.commands[name](words)
        except FailureError as failure:
            return f"{before}?{number} {failure}\n\n"
        except Exception:
            _log.exception("%s", line.strip())
            return f"{before}?{number} internal error\n\n"
        self._open = told.endswith("\n")
        gap = " " if told and not told.startswith("\n") else ""
        return f"{before}={number}{gap}{told}" + "\n\n" * (not self._open)

    def serve(self, lines: BinaryIO, out: BinaryIO) -> None:
        """Answer until the end of the lines, or of the wish for them."""
        try:
            for line in lines:
                out.write(self.answer(os.fsdecode(line)).encode("utf-8", "replace"))
                out.flush()
                if self.ended:
                    return
            out.write(b"\n" * self._open)
            out.flush()
        except BrokenPipeError:  # nobody listens any more
            return

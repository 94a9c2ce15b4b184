"""A client of other Go programs by the Go Text Protocol."""

import contextlib
import os
import queue
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from shared.errors import UserError

START = 60.0  # seconds until a program's first response
GAMES = "/usr/games"  # of Debian; not in every PATH


class EngineError(Exception):
    """A program crashed, exceeded the time limit, or refused a command."""


class TimeError(EngineError):
    """A program exceeded the time limit."""


class Client(contextlib.AbstractContextManager["Client"]):
    """One process of an engine.

    Args:
        command: as in a shell; ``python`` is the running interpreter.
        log: file for its standard error; None discards it.

    Raises:
        UserError: the program is missing or does not start.
    """

    def __init__(self, command: str, log: Path | None = None):
        self.command = command
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise UserError(f"{command!r}: must be a command ({error})") from error
        program = sys.executable if words[:1] == ["python"] else find(words[0] if words else "")
        if not program:
            raise UserError(f"{command!r}: must be an installed program")
        with open(log or os.devnull, "ab") as errors:  # noqa: PTH123 - os.devnull is text
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the user's own command
                    [program, *words[1:]],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,  # Ctrl-C would kill the programs in the middle of a game
                )
            except OSError as error:
                raise UserError(f"{command!r}: cannot be started: {error.strerror}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._out:
            self._lines.put(line)
        self._lines.put(b"")  # marks the end

    def __call__(self, command: str, seconds: float = START) -> str:
        """Send a command and return the text of the response.

        Raises:
            EngineError: the command failed, or the process has ended.
            TimeError: no response within ``seconds``.
        """
        try:
            self._in.write(f"{command}\n".encode())
            self._in.flush()
        except OSError as error:
            raise EngineError("it has ended") from error
        response: list[str] = []
        deadline = time.monotonic() + seconds
        while not response or response[-1]:  # an empty line ends it
            left = deadline - time.monotonic()
            try:
                line = self._lines.get(timeout=max(0.0, min(left, 1.0)))
            except queue.Empty as error:
                if left <= 1:
                    raise TimeError(f"{command}: no answer in {seconds:g} s") from error
                if self._process.poll() is None:
                    continue
                line = b""  # what it started may still hold its pipes
            if not line:
                raise EngineError(f"{command}: it ended instead of answering")
            text = line.decode("utf-8", "replace").strip("\r\n")
            if text or response:
                response.append(text)
        if not response[0].startswith("="):
            raise EngineError(f"{command}: {response[0][:100]}")
        return "\n".join(response)[1:].strip()

    def close(self) -> None:
        """Kill the process and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(1.0)  # longer only if one of its children left the process group
        with contextlib.suppress(OSError):
            self._in.close()
        if not self._reader.is_alive():
            self._out.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def find(program: str) -> str | None:
    """The path of an installed program."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{GAMES}")

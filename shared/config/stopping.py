"""Signals that end a command: cleanly, with the signal's exit code, and with its SLURM job requeued."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

REQUEUE = (signal.SIGUSR1, signal.SIGUSR2)


class Stopped(KeyboardInterrupt):
    """A signal asks this process to end.

    It is a KeyboardInterrupt: whatever cleans up after Ctrl-C cleans up after SIGTERM too.

    Attributes:
        signum: The signal.
        message: What the command says as it ends; nothing where another of its processes says it.
    """

    def __init__(self, signum: int = signal.SIGINT, message: str = "stopped"):
        super().__init__(signum, message)
        self.signum, self.message = signum, message

    @classmethod
    def saying(cls, message: str, stop: BaseException | None) -> "Stopped":
        """The same signal with another message."""
        return cls(stop.signum if isinstance(stop, Stopped) else signal.SIGINT, message)


@contextmanager
def heard() -> Iterator[None]:
    """SIGTERM and SIGHUP raise ``Stopped``, and in a SLURM job so do REQUEUE.

    SLURM sends SIGUSR1 or SIGUSR2 where ``--signal=USR1@90`` asks for a warning before the time limit. What
    this process was started to ignore (``nohup``) stays ignored. A second signal does not disturb the end.
    """
    owner = os.getpid()
    signals = [signal.SIGTERM, signal.SIGHUP, *(REQUEUE if "SLURM_JOB_ID" in os.environ else ())]

    def stop(signum: int, frame: FrameType | None) -> None:
        if os.getpid() == owner:
            for each in own:
                signal.signal(each, signal.SIG_IGN)
            raise Stopped(signum)
        if signum == signal.SIGTERM:  # a forked process; SLURM sends the others to all, and they follow us
            signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)

    free = threading.current_thread() is threading.main_thread()  # no other thread can hear
    own = [each for each in signals if free and signal.getsignal(each) == signal.SIG_DFL]
    for each in own:
        signal.signal(each, stop)
    try:
        yield
    finally:
        for each in own:
            signal.signal(each, signal.SIG_DFL)


def stop_behind(end: BaseException) -> KeyboardInterrupt | None:
    """The stop itself, also where Lightning has made SystemExit of it; None for another end."""
    stop = end.__context__ if isinstance(end, SystemExit) else end
    return stop if isinstance(stop, KeyboardInterrupt) else None


def ended(stop: KeyboardInterrupt) -> tuple[str, int]:
    """What to say of a stop, and the exit code: 130 after Ctrl-C, 143 after SIGTERM.

    After a signal of REQUEUE the SLURM job is requeued: the same command starts again.
    """
    stop = stop if isinstance(stop, Stopped) else Stopped()
    lines = [stop.message, _requeue() if stop.signum in REQUEUE else ""]
    return "\n".join(filter(None, lines)), 128 + stop.signum


def _requeue() -> str:
    """Requeue this SLURM job, by the first of its tasks."""
    if os.environ.get("SLURM_PROCID", "0") != "0":
        return ""
    job = os.environ["SLURM_JOB_ID"]
    if "SLURM_ARRAY_JOB_ID" in os.environ:
        job = f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    try:
        done = subprocess.run(["scontrol", "requeue", job], capture_output=True, text=True, timeout=60)  # noqa: S603, S607
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"SLURM job {job} is not requeued: scontrol: {error}"
    reason = done.stderr.strip() or f"scontrol ended with {done.returncode}"
    return f"SLURM job {job} is not requeued: {reason}" if done.returncode else f"SLURM job {job} is requeued"

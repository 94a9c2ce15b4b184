"""Signals that end a command: cleanly, with the signal's exit code, and with its SLURM job requeued."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

REQUEUE = (signal.SIGUSR1, signal.SIGUSR2)
_heard: list[int] = []  # the signal that ends this process


class Stopped(KeyboardInterrupt):
    """A signal ends this process.

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
def _handled(
    signals: Iterable[int], usable: Callable[[Any], bool], handler: Callable[[int, FrameType | None], None]
) -> Iterator[dict[int, Any]]:
    """Handle the signals whose present handler is usable; yields these, which are set again at the end."""
    free = threading.current_thread() is threading.main_thread()  # no other thread can hear
    before = {number: signal.getsignal(number) for number in signals if free}
    before = {number: present for number, present in before.items() if usable(present)}
    for number in before:
        signal.signal(number, handler)
    try:
        yield before
    finally:
        for number, present in before.items():
            signal.signal(number, present)


@contextmanager
def heard() -> Iterator[None]:
    """SIGTERM and SIGHUP raise ``Stopped``, and in a SLURM job so do REQUEUE.

    SLURM sends SIGUSR1 or SIGUSR2 where ``--signal=USR1@90`` asks for a warning before the time limit. What
    this process was started to ignore (``nohup``) stays ignored. A second signal does not disturb the end.
    """
    owner = os.getpid()
    signals = [signal.SIGTERM, signal.SIGHUP, *(REQUEUE if "SLURM_JOB_ID" in os.environ else ())]

    def stop(signum: int, frame: FrameType | None) -> None:
        if os.getpid() == owner and not _heard:  # SLURM sends SIGTERM to a job that it requeues
            _heard.append(signum)
            raise Stopped(signum)
        # SLURM sends its signals to forked processes, too, which end with us; SIGTERM ends one alone.
        if os.getpid() != owner and signum == signal.SIGTERM:
            signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)

    with _handled(signals, lambda present: present == signal.SIG_DFL, stop):
        try:
            yield
        finally:
            _heard.clear()


@contextmanager
def requeued_by_launcher() -> Iterator[None]:
    """Around a run in a job whose launcher, as submitit, requeues the job when it hears a signal of REQUEUE.

    It ends the attempt by SystemExit. Whatever else ends that attempt then does so too: a failure would be
    taken for the job's result while the next attempt trains. A loader process hears nothing, since it would
    requeue the job as well, and one that ends does not disturb the requeueing.
    """
    owner = os.getpid()
    codes: list[Any] = []  # of the end; the launcher may know by it that the job is requeued

    def requeue(signum: int, frame: FrameType | None) -> None:
        if os.getpid() != owner:
            return
        of_loader = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # torch's, which raises
        try:
            before[signum](signum, frame)
        except SystemExit as end:
            codes.append(end.code)
            _heard.append(signum)
            raise
        finally:
            signal.signal(signal.SIGCHLD, of_loader or signal.SIG_DFL)

    with _handled(REQUEUE, callable, requeue) as before:
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            if not codes:
                raise
            sys.stderr.write(f"{error.message if isinstance(error, Stopped) else error}\n")
            sys.exit(codes[0])


def ignore_warnings(worker: int) -> None:
    """In a process of the loader: SLURM's warnings, which go to all processes, are for the one that trains.

    Otherwise every process would do what that one does, such as requeue the job with submitit.
    """
    for signum in (signal.SIGHUP, *REQUEUE):
        signal.signal(signum, signal.SIG_IGN)


def stop_behind(end: BaseException) -> KeyboardInterrupt | None:
    """The stop itself; None for another end.

    Lightning makes SystemExit of it. Or it was lost in code that drops exceptions, and something else failed
    first: a loader process that the signal ended, too.
    """
    stop = end.__context__ if isinstance(end, SystemExit) else end
    if isinstance(stop, KeyboardInterrupt):
        return stop
    return Stopped(_heard[0]) if _heard else None


def end(cause: BaseException) -> NoReturn:
    """End with a stop's message and exit code: 130 after Ctrl-C, 143 after SIGTERM; raise another cause."""
    stop = stop_behind(cause)
    if stop is None:
        raise cause
    stop = stop if isinstance(stop, Stopped) else Stopped()
    lines = [stop.message, _requeue(stop.signum)]
    sys.stderr.write("".join(f"{line}\n" for line in lines if line))
    sys.exit(128 + stop.signum)


def _requeue(signum: int) -> str:
    """Requeue the SLURM job, so that the command starts again, and say so; else an empty text.

    That is after a signal of REQUEUE, and where SIGTERM makes room for another job. Its first task does it.
    """
    array, task = (os.environ.get(f"SLURM_ARRAY_{name}_ID") for name in ("JOB", "TASK"))
    job = f"{array}_{task}" if array and task else os.environ.get("SLURM_JOB_ID")
    if not job or os.environ.get("SLURM_PROCID", "0") != "0":
        return ""
    if signum not in REQUEUE:
        shown = _scontrol("show", "job", job).stdout if signum == signal.SIGTERM else ""
        # SLURM requeues a job that waits to be killed, no other.
        if "JobState=RUNNING" not in shown or not re.search(r"PreemptTime=\d", shown):
            return ""
    done = _scontrol("requeue", job)
    reason = done.stderr.strip() or f"scontrol ended with {done.returncode}"
    return f"SLURM job {job} is " + (f"not requeued: {reason}" if done.returncode else "requeued")


def _scontrol(*words: str) -> "subprocess.CompletedProcess[str]":
    command = ["scontrol", *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", f"scontrol: {error}")

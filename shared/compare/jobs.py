"""Several trainings at a time, in processes that do one after the other; if one dies, the others continue."""

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, open_dict

from shared.commands import train_once
from shared.compare.item_order import Order
from shared.config import REQUEUE
from shared.errors import UserError
from shared.files import write
from shared.runs import Run, runs_in

FAILED, LOG = "failed.txt", "log.txt"
REPLACED = 25  # jobs after which a process is replaced, so that what libraries leave behind is freed


@dataclass
class Job:
    """Work for a process: a function, its configuration, and the folder of its results.

    ``configure`` makes the configuration, which takes time, once the work begins. ``factor`` is the multiple
    of the recipe's learning rate that it has; ``writes`` is the file of a run's folder that a training has
    when it has ended.
    """

    does: Callable[[DictConfig, Path], None]
    configure: Callable[[], DictConfig]
    folder: Path
    factor: float = 1.0
    writes: str = "metrics.json"
    _run: Run | None = None

    @property
    def config(self) -> DictConfig:
        """What the function is given: its runs lie in the folder."""
        config = self.configure()
        with open_dict(config):
            config.runs = str(self.folder)
        return config

    @property
    def run(self) -> Run | None:
        """The run of a training, once it has ended."""
        if self._run is None and self.folder.is_dir():
            ended = (run for run in runs_in(self.folder) if (run.folder / self.writes).is_file())
            self._run = next((run for run in ended if run.metrics), None)
        return self._run

    @property
    def failure(self) -> str | None:
        """Why it failed when it was last tried; None if it did not."""
        file = self.folder / FAILED
        return file.read_text() if file.is_file() else None


def train(config: DictConfig, folder: Path) -> None:
    """Train, or resume, the only training of this folder."""
    train_once(config, [Order()])


def do(waiting: Callable[[], Iterable[Job]], n: int) -> Generator[Job]:
    """Do jobs, ``n`` at a time; yields each when it is done; the folder of a failed one holds the reason.

    ``waiting`` says what is to be done next, most urgent first, and says so again whenever a job has ended;
    each folder is worked on once. Processes are forked from one that has made the imports, which take
    seconds, and do one job after the other. When the iterator is closed, what runs is killed: the trainings
    are resumed next time.
    """
    idle: list[_Worker] = []
    busy: dict[Any, _Worker] = {}  # by the connection that is ready when the job has ended
    tried: set[Path] = set()
    try:
        while True:
            new = (job for job in waiting() if job.folder not in tried)
            for job, _ in zip(new, range(n - len(busy)), strict=False):
                tried.add(job.folder)
                worker = idle.pop() if idle else _Worker()
                worker.give(job)
                busy[worker.pipe] = worker
            if not busy:
                return
            for pipe in connection.wait(list(busy)):
                worker = busy.pop(pipe)
                if worker.ended():
                    idle.append(worker)
                assert worker.job
                yield worker.job
    finally:
        for worker in (*idle, *busy.values()):
            worker.process.kill()
            worker.process.join()


class _Worker:
    """A process of one thread that does jobs."""

    def __init__(self) -> None:
        processes = multiprocessing.get_context("forkserver")
        processes.set_forkserver_preload([__name__])
        self.pipe, theirs = processes.Pipe()
        self.process, self.jobs = processes.Process(target=_work, args=(theirs,)), 0
        self.job: Job | None = None
        self.process.start()
        theirs.close()

    def give(self, job: Job) -> None:
        """Begin a job."""
        job.folder.mkdir(parents=True, exist_ok=True)
        (job.folder / FAILED).unlink(missing_ok=True)
        self.job = job
        self.jobs += 1
        self.pipe.send((job.does, job.config, job.folder))

    def ended(self) -> bool:
        """Take note that the job has ended; whether the process can do another."""
        assert self.job
        try:
            self.pipe.recv()
        except (EOFError, ConnectionError):
            write(self.job.folder / FAILED, "its process was killed; was there enough memory?")
            self.jobs = REPLACED
        if self.jobs < REPLACED:
            return True
        self.process.kill()
        self.process.join()
        return False


def _work(jobs: connection.Connection) -> None:
    """Do the jobs that come, in this process with one thread."""
    # A terminal and SLURM send the signals that end a command to all its processes; the first handles them.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, *REQUEUE):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()
    torch.set_num_threads(1)
    while True:
        _attempt(*jobs.recv())
        jobs.send(None)


def _attempt(does: Callable[[DictConfig, Path], None], config: DictConfig, folder: Path) -> None:
    """Do a job, its output in a file; write why it failed."""
    with (folder / LOG).open("a") as log, redirect_stdout(log), redirect_stderr(log):
        try:
            does(config, folder)
        except UserError as error:
            write(folder / FAILED, str(error))
        except Exception as error:
            traceback.print_exc()
            write(folder / FAILED, f"{type(error).__name__}: {error}".split("\n")[0])


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    connection.wait([parent.sentinel])
    os._exit(1)

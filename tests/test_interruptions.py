"""Interrupted trainings: one line with the cause, the checkpoint and the command to resume."""

import errno
import os
import shlex
import signal
from collections.abc import Callable, Iterator
from multiprocessing import active_children
from pathlib import Path
from threading import Timer

import pytest
import pytorch_lightning as pl
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig
from pytorch_lightning.callbacks import Callback

from shared.commands.train import train
from shared.config.cli import compose
from shared.config.stopping import Stopped, heard
from shared.config.words import as_typed
from shared.errors import PlaceError, UserError
from shared.runs.run import runs_in
from tests.commands import epochs_of, start
from tests.test_train import TINY as GO
from tests.test_train import wait_for_epochs

TINY = [
    "domain=image",
    "data.first=100",
    "data.batch_size=32",
    "trainer.max_epochs=3",
    "trainer.accelerator=cpu",
    "trainer.precision=32-true",
]


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """As in a terminal, where no signal is ignored; a test run in the background may ignore some."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {signum: signal.signal(signum, handler) for signum, handler in usual.items()}
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)


class At(Callback):
    """Calls a function in the middle of an epoch."""

    def __init__(self, epoch: int, act: Callable[[], object]):
        self.epoch, self.act = epoch, act

    def on_train_batch_start(
        self, trainer: pl.Trainer, module: object, batch: object, batch_idx: int
    ) -> None:
        if (trainer.current_epoch, batch_idx) == (self.epoch, 1):
            self.act()


def configuration(runs: Path, *words: str) -> DictConfig:
    config = compose("train", [*TINY, *words])
    config.runs = str(runs)
    return config


def the_run(runs: Path) -> Path:
    [run] = runs_in(runs)
    return run.folder


def resumed_by(line: str) -> Path:
    """The run folder in the printed command to resume, parsed as a shell does."""
    words = shlex.split(line.split("resume with: ")[1])
    assert words[0] == "python"
    assert words[1].endswith("scripts/train.py")
    [word] = as_typed(words[2:])
    [override] = OverridesParser.create().parse_overrides([word])
    return Path(str(override.value()))


@pytest.mark.parametrize(
    ("signum", "epoch", "folder"),
    [(signal.SIGTERM, 2, "runs"), (signal.SIGINT, 1, "my runs (2), it's"), (signal.SIGHUP, 0, "runs")],
)
def test_a_signal_stops_a_training_and_names_its_checkpoint(
    signum: signal.Signals, epoch: int, folder: str, tmp_path: Path
) -> None:
    config = configuration(tmp_path / folder)
    with heard(), pytest.raises(Stopped) as stopped:
        train(config, [At(epoch, lambda: os.kill(os.getpid(), signum))])
    assert stopped.value.signum == signum
    saved = ["no epoch had ended, so nothing is saved", "1 epoch is saved", "2 epochs are saved"][epoch]
    message = stopped.value.message
    assert message.startswith(f"\nstopped; {saved}; resume with: ")
    assert message.count("\n") == 1
    assert resumed_by(message) == the_run(tmp_path / folder)
    config.resume = str(resumed_by(message))
    assert train(config)["epochs"] == 3
    assert [row["epoch"] for row in epochs_of(the_run(tmp_path / folder))] == [0, 1, 2]


def test_signal_handlers_are_restored_after_a_command(tmp_path: Path) -> None:
    before = [
        signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1)
    ]
    with heard():
        with pytest.raises(Stopped):
            train(configuration(tmp_path), [At(1, lambda: os.kill(os.getpid(), signal.SIGTERM))])
        os.kill(os.getpid(), signal.SIGTERM)  # a second signal does not disturb the end
    assert before == [
        signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1)
    ]


def test_a_killed_loader_process_is_named(tmp_path: Path) -> None:
    def kill() -> None:
        os.kill(active_children()[0].pid or 0, signal.SIGKILL)

    with pytest.raises(UserError, match=r"^data\.workers: a loader process was ended") as raised:
        train(compose("train", [*GO, "data.workers=2", f"runs={tmp_path}"]), [At(1, kill)])
    assert "; 1 epoch is saved; resume with: " in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_run_moved_during_training_names_its_checkpoint(tmp_path: Path) -> None:
    new = tmp_path / "moved to 'here'"
    with pytest.raises(PlaceError) as raised:
        train(configuration(tmp_path / "runs"), [At(1, lambda: the_run(tmp_path / "runs").rename(new))])
    message = str(raised.value)
    assert f"was moved to {new} while its run was trained; 1 epoch is saved; resume with: " in message
    assert "\n" not in message
    assert resumed_by(message) == new
    assert not list((tmp_path / "runs").glob("*/*"))  # nothing was created in the old place


def test_a_run_removed_during_training_is_reported(tmp_path: Path) -> None:
    import shutil

    with pytest.raises(PlaceError, match=r"was removed while its run was trained, with all that was saved$"):
        train(configuration(tmp_path), [At(1, lambda: shutil.rmtree(the_run(tmp_path)))])
    assert not runs_in(tmp_path)


def raising(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (MemoryError(), UserError, "data.batch_size: out of memory"),
        (RuntimeError("cpu: can't allocate memory: 9"), UserError, "data.batch_size: "),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/x"), PlaceError, "/x: No space left on device"),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), PlaceError, "disk: Disk quota exceeded"),
        (OSError(errno.EROFS, os.strerror(errno.EROFS), "x"), PlaceError, "x: Read-only file system"),
    ],
)  # fmt: skip
def test_failures_of_the_system_are_one_line(
    error: Exception, kind: type[UserError], message: str, tmp_path: Path
) -> None:
    with pytest.raises(kind) as raised:
        train(configuration(tmp_path), [At(1, raising(error))])
    assert type(raised.value) is kind
    assert str(raised.value).startswith(message)
    assert "; 1 epoch is saved; resume with: " in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_defect_keeps_its_traceback_and_names_the_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        train(configuration(tmp_path), [At(1, raising(ZeroDivisionError()))])
    [note] = raised.value.__notes__
    assert note.startswith("1 epoch is saved; resume with: ")


def test_a_mistake_that_resuming_cannot_fix_names_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        train(configuration(tmp_path), [At(0, raising(UserError("data.path: there is nothing")))])
    assert str(raised.value) == "data.path: there is nothing"


def test_the_exit_code_is_the_signal_s(tmp_path: Path) -> None:
    process = start("train", *GO, "trainer.max_epochs=40", "data.workers=1", cwd=tmp_path)
    wait_for_epochs(tmp_path, 1)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "Traceback" not in err
    assert "saved; resume with: python " in err.splitlines()[-1]


def test_a_signal_to_all_processes_is_reported_as_a_signal(tmp_path: Path) -> None:
    """SLURM signals all processes: a loader process may end before the main process gets the signal."""

    def end_all() -> None:
        for worker in active_children():
            os.kill(worker.pid or 0, signal.SIGKILL)
        Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()

    with heard(), pytest.raises(Stopped) as stopped:
        train(compose("train", [*GO, "data.workers=2", f"runs={tmp_path}"]), [At(1, end_all)])
    assert stopped.value.signum == signal.SIGTERM
    assert "stopped; 1 epoch is saved; resume with: " in stopped.value.message

"""A stopped run resumes with the same result: killed, moved, copied, also within other commands."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess as Process
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from pytorch_lightning import LightningModule, Trainer

from convolutions.scripts import call
from shared.commands.repeat import repeat
from shared.commands.train import train, train_once
from shared.config.cli import compose
from shared.config.project import plain
from shared.errors import UserError
from shared.files.atomic import write, writing
from shared.files.locks import InUseError, held
from shared.runs.run import Run
from shared.sweep.sweep import sweep
from shared.training.callbacks import History
from tests import kills
from tests.commands import command, set_key, start

QUIET = ["trainer.accelerator=cpu", "trainer.precision=32-true", "trainer.enable_progress_bar=false"]
SMALL = {  # for each domain, with dropout and random changes of the data
    "go": [
        "model.filters=4",
        "model.depth=2",
        "data.batch_size=32",
        "data.epoch_size=128",
        "data.val_size=64",
        "data.test_size=100",
    ],
    "image": ["data.epoch_size=400", "data.augment.shift=1"],
    "speech": ["model.filters=4", "model.units=8", "data.epoch_size=192"],
    "text": ["model.filters=8", "model.embedding=12", "data.epoch_size=300"],
}
EPOCHS = 4  # of at least three steps


def words_of(domain: str, *more: str) -> list[str]:
    return [f"domain={domain}", *SMALL[domain], *QUIET, f"trainer.max_epochs={EPOCHS}", *more]


def train_in(folder: Path, words: list[str]) -> None:
    """Start or resume the only training of a folder."""
    train_once(compose("train", [*words, f"runs={folder}"]))


def run_in(folder: Path) -> Path:
    [config] = folder.glob("*/*/config.yaml")
    return config.parent


def check_kills(words: list[str], folder: Path, moments: list[kills.Moment]) -> None:
    """A training with kills has the same result as one without."""
    whole, killed = folder / "whole", folder / "killed"
    assert kills.run(train_in, whole, words, folder=folder)
    for moment in moments:
        assert not kills.run(train_in, killed, words, folder=folder, moment=moment)
    assert kills.run(train_in, killed, words, folder=folder)
    kills.equal(run_in(killed), run_in(whole))


@pytest.mark.parametrize("domain", SMALL)
def test_a_run_killed_at_a_step_resumes_with_the_same_result(domain: str, tmp_path: Path) -> None:
    """The default number of loader processes: one for Go, none for the others."""
    check_kills(words_of(domain), tmp_path, [("on_train_batch_end", random.randint(7, 11))])


MOMENTS = {  # hook: minimum number of its calls before the end of the last epoch but one
    "on_train_batch_start": 6,
    "on_train_batch_end": 6,
    "on_train_epoch_start": 2,
    "on_validation_batch_end": 2,
    "on_train_epoch_end": 2,
    "on_save_checkpoint": 2,
}


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("ema", ["null", "0.9"])
@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("domain", SMALL)
def test_a_run_killed_four_times_resumes_with_the_same_result(
    domain: str, workers: int, ema: str, tmp_path: Path
) -> None:
    words = words_of(domain, f"data.workers={workers}", f"training.ema={ema}")
    chance = random.Random(f"{domain}{workers}{ema}")
    first = (hook := chance.choice(list(MOMENTS)), chance.randint(1, MOMENTS[hook]))
    # Later kills come within an epoch: at least one epoch remains after the first kill, wherever that was.
    more = [("on_train_batch_end", chance.randint(1, 3)) for _ in range(3)]
    check_kills(words, tmp_path, [first, *more])


@pytest.mark.slow
def test_moved_and_copied_runs_resume_with_the_same_result(tmp_path: Path) -> None:
    words = words_of("text", "training.ema=0.9", "training.patience=3")
    kills.run(train_in, tmp_path / "old", words, folder=tmp_path)
    whole = run_in(tmp_path / "old")
    place = tmp_path / "above" / "runs"
    assert not kills.run(train_in, place, words, folder=tmp_path, moment=("on_train_batch_end", 15))
    shutil.copytree(place, tmp_path / "copied")
    state = {path: path.read_bytes() for path in run_in(place).rglob("*") if path.is_file()}
    (tmp_path / "above").rename(tmp_path / "renamed")
    place = tmp_path / "renamed" / "runs"
    assert kills.run(train_in, tmp_path / "copied", words, folder=tmp_path)
    kills.equal(run_in(tmp_path / "copied"), whole)
    assert {tmp_path / "above" / path.relative_to(tmp_path / "renamed"): path.read_bytes()
            for path in run_in(place).rglob("*") if path.is_file()} == state  # fmt: skip
    (tmp_path / "link").symlink_to(place)
    assert kills.run(train_in, Path("link"), words, folder=tmp_path)
    kills.equal(run_in(place), whole)
    assert not (tmp_path / "above").exists()

    (run_in(place) / "metrics.json").unlink()  # as if killed in its test
    place.rename(tmp_path / "again")
    assert kills.run(train_in, tmp_path / "again", words, folder=Path(os.sep))
    kills.equal(run_in(tmp_path / "again"), whole)


ANOTHER: list[
    tuple[str, object, str]
] = [  # the key and value that a user changes in config.yaml, and the error
    ("trainer.max_epochs", 4, "must be 2, for which schedule.total_steps was set as the run began, got 4; "),
    ("trainer.max_epochs", 1, "must be 2, for which schedule.total_steps was set as the run began, got 1; "),
    ("trainer.max_epochs", 0, "must be a whole number from 1, got 0"),
    ("trainer.max_epochs", None, "must be a whole number from 1, got null"),
    ("trainer.max_steps", 9, "must not be set, got 9; "),
    ("data.batch_size", 16, "must give the 16 steps that the run took in 2 epochs, got 32; "),
    ("optimizer.lr", 0.5, "must be 0.003, as the run began with, got 0.5; "),
    ("schedule.pct_start", 0.3, "must be 0.2, as the run began with, got 0.3; "),
    ("model.layers", ["flatten", {"dense": 361}], "must be [{'defaults': "),
    ("training.label_smoothing", 0.3, "must be 0.0, as the run began with, got 0.3; "),
    ("training.ema", 0.9, "must be null, as the run began with, got a number; "),
]


@pytest.mark.parametrize(("key", "value", "words"), ANOTHER, ids=str)
def test_a_different_training_is_not_resumed(trained_copy: Run, key: str, value: object, words: str) -> None:
    set_key(trained_copy, key, value)
    (trained_copy.folder / "metrics.json").unlink()
    rows = (trained_copy.folder / "metrics.csv").read_bytes()
    with pytest.raises(UserError) as refused:
        train(compose("train", [f"resume={trained_copy.folder}"]))
    message = str(refused.value)
    assert f"{key}: {words}" in message
    assert "\n" not in message
    assert "resume with" not in message
    assert (trained_copy.folder / "metrics.csv").read_bytes() == rows
    assert not (trained_copy.folder / "metrics.json").exists()


def test_more_epochs_are_trained_where_the_schedule_does_not_depend_on_them(tmp_path: Path) -> None:
    words = ["domain=image", *QUIET, "data.first=200", "test=false", f"runs={tmp_path}", "schedule=constant"]
    run = Run.open(train(compose("train", [*words, "trainer.max_epochs=2"]))["run"])
    resume = compose("train", [f"resume={run.folder}"])
    (run.folder / "metrics.json").unlink()
    set_key(run, "trainer.max_epochs", 1)
    with pytest.raises(UserError, match=r"^trainer\.max_epochs: must be at least 2, the epochs saved, got 1"):
        train(resume)
    set_key(run, "trainer.max_epochs", 3)
    assert train(resume)["epochs"] == 3


def longer_words(runs: Path, epochs: int, *more: str) -> list[str]:
    words = ["domain=image", *QUIET, "data.first=200", "data.augment.shift=1", "training.ema=0.9"]
    return [*words, f"trainer.max_epochs={epochs}", f"runs={runs}", *more]


HALVING = ["schedule=halving", "schedule.step_size=3"]


@pytest.mark.parametrize("stopped", [False, True], ids=["ended", "stopped"])
def test_a_run_trains_on_to_the_bits_of_one_planned_longer(
    stopped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Run(train(compose("train", longer_words(tmp_path / "whole", 3, *HALVING)))["run"])
    if stopped:
        monkeypatch.setattr(History, "on_train_epoch_end", stop_after(1))
        with pytest.raises(RuntimeError, match="stopped"):
            train(compose("train", longer_words(tmp_path / "short", 2, *HALVING)))
        monkeypatch.undo()
    else:
        train(compose("train", longer_words(tmp_path / "short", 2, *HALVING)))
    short = run_in(tmp_path / "short")
    call("train", f"resume={short}", "trainer.max_epochs=3")
    kills.equal(short, whole.folder)
    assert Run(short).config.trainer.max_epochs == 3
    with pytest.raises(UserError, match=r"has ended; .*; a larger trainer\.max_epochs trains it on$"):
        call("train", f"resume={short}")


def stop_after(epochs: int) -> Callable[..., None]:
    own = History.on_train_epoch_end

    def stop(self: History, trainer: Trainer, module: LightningModule) -> None:
        if trainer.current_epoch >= epochs:
            raise RuntimeError("stopped")
        own(self, trainer, module)

    return stop


@pytest.mark.parametrize(
    ("words", "epochs", "message"),
    [
        (["schedule=constant"], 1, "must be at least 2, as the run was planned, got 1"),
        (
            ["schedule=onecycle"],
            3,
            "must be 2, for which schedule.total_steps was set as the run began, got 3; ",
        ),
        (["schedule=cosine"], 3, "must be 2, for which schedule.T_max was set as the run began, got 3; "),
        (
            ["schedule=linear"],
            3,
            "must be 2, for which schedule.total_iters was set as the run began, got 3; ",
        ),
    ],
    ids=str,
)
def test_a_run_that_would_be_another_training_is_not_trained_on(
    trained_copy: Run, words: list[str], epochs: int, message: str
) -> None:
    schedule = plain(compose("train", words).schedule)
    set_key(trained_copy, "schedule", schedule)
    before = {path: path.read_bytes() for path in trained_copy.folder.rglob("*") if path.is_file()}
    with pytest.raises(UserError) as refused:
        call("train", f"resume={trained_copy.folder}", f"trainer.max_epochs={epochs}")
    assert f"{trained_copy.folder}: trainer.max_epochs: {message}" in str(refused.value)
    assert {path: path.read_bytes() for path in trained_copy.folder.rglob("*") if path.is_file()} == before


def test_a_run_that_ended_early_trains_no_epoch_more(tmp_path: Path) -> None:
    words = longer_words(tmp_path, 9, "schedule=constant", "optimizer.lr=1e-12", "training.patience=1")
    metrics = train(compose("train", words))
    assert metrics["epochs"] == 2
    run = Path(metrics["run"])
    with pytest.raises(
        UserError, match=r"max_epochs: must be 9, since the run ended early, after 2 epochs, by "
    ):
        call("train", f"resume={run}", "trainer.max_epochs=12")
    (run / "metrics.json").unlink()  # as if killed in its test
    assert call("train", f"resume={run}") == metrics


def hold(folder: Path, ready: Event) -> None:
    with held(folder):
        ready.set()
        signal.pause()


@pytest.fixture
def holder() -> Iterator[Callable[[Path], Process]]:
    """Starts a process that works in a folder until it is killed."""
    started: list[Process] = []

    def start(folder: Path) -> Process:
        ready = kills.processes.Event()
        process = kills.processes.Process(target=hold, args=(folder, ready))
        process.start()
        started.append(process)
        assert ready.wait(200)
        return process

    yield start
    for process in started:
        process.kill()
        process.join()


def test_a_second_process_is_refused_and_a_killed_one_releases_its_lock(
    holder: Callable[[Path], Process], tmp_path: Path
) -> None:
    words = words_of("image", "data.first=200", "trainer.max_epochs=2", "test=false")
    assert not kills.run(
        train_in, tmp_path / "runs", words, folder=tmp_path, moment=("on_train_epoch_end", 2)
    )
    run = run_in(tmp_path / "runs")
    resume = compose("train", ["domain=image", f"resume={run}"])
    process = holder(run)
    with pytest.raises(InUseError, match=rf"^{run}: process {process.pid} on .*, since 20.*, works in it"):
        train(resume)
    with pytest.raises(InUseError, match=rf"process {process.pid} on "):
        train_in(tmp_path / "runs", words)
    process.kill()
    process.join()
    process = holder(tmp_path / "runs")  # like another repeat.py that has not yet started the run
    with pytest.raises(InUseError, match=rf"{tmp_path / 'runs'}: process {process.pid} on "):
        train_in(tmp_path / "runs", words)
    train(resume)
    process.kill()
    process.join()
    train_in(tmp_path / "runs", words)  # it has ended
    assert len(list(run.parent.iterdir())) == 1


def repeat_in(folder: Path, words: list[str]) -> None:
    repeat(compose("repeat", [*words, f"runs={folder}", "repeat.over={seed: [0, 1]}"]))


def test_a_second_simultaneous_repetition_is_refused(tmp_path: Path) -> None:
    words = words_of("image", "data.first=200", "test=false", "trainer.max_epochs=20")
    first = kills.processes.Process(target=repeat_in, args=(tmp_path, words))
    first.start()
    wait_for(tmp_path, "repeat/*/*/*/*/metrics.csv")
    with pytest.raises(InUseError, match=rf"repeat/image-\w+: process {first.pid} on "):
        repeat_in(tmp_path, words)
    first.join(300)
    assert first.exitcode == 0
    assert len(list(tmp_path.glob("repeat/*/*/image/*"))) == 2


def die_in_a_write(path: Path) -> None:
    os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
    write(path, "half")


def write_long(path: Path, ready: Event, until: Event) -> None:
    with writing(path) as file:
        file.write(b"long")
        ready.set()
        until.wait()


def test_unfinished_files_of_killed_writers_only_are_removed(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    kills.run(die_in_a_write, path, folder=tmp_path)
    [left] = tmp_path.glob(".metrics.csv-*")
    ready, until = kills.processes.Event(), kills.processes.Event()
    other = kills.processes.Process(target=write_long, args=(path, ready, until))
    other.start()
    assert ready.wait(200)  # the process has removed unfinished files
    assert not left.exists()
    [used] = tmp_path.glob(".metrics.csv-*")
    write(path, "mine")
    assert used.exists()
    until.set()
    other.join()
    assert path.read_bytes() == b"long"
    assert list(tmp_path.iterdir()) == [path]


def test_a_resumed_run_leaves_no_unfinished_file(tmp_path: Path) -> None:
    words = words_of("image", "data.first=200", "trainer.max_epochs=2", "test=false")
    assert not kills.run(train_in, tmp_path, words, folder=tmp_path, moment=("on_train_epoch_end", 2))
    run = run_in(tmp_path)
    for name in (".metrics.csv-ab12cd34", ".test_items.npz-ab12cd34", "checkpoints/.best.ckpt-ab12cd34"):
        (run / name).write_bytes(b"half")
    (run / "notes.txt").write_text("mine")
    train_in(tmp_path, words)
    hidden = {path.name for path in run.rglob(".*")}
    assert hidden == {".lock"}
    assert (run / "notes.txt").read_text() == "mine"


def sweep_in(folder: Path, words: list[str]) -> None:
    overrides = [
        *words,
        f"runs={folder}",
        "n_trials=4",
        "sweep.space={optimizer.lr: {low: 0.001, high: 0.1}}",
    ]
    sweep(compose("sweep", overrides), overrides)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("works", [repeat_in, sweep_in])
@pytest.mark.parametrize("domain", SMALL)
def test_a_killed_repetition_and_search_resume(
    works: Callable[[Path, list[str]], None], domain: str, tmp_path: Path
) -> None:
    words = words_of(domain, "training.ema=0.9")
    assert kills.run(works, tmp_path / "whole", words, folder=tmp_path)
    chance = random.Random(f"{works.__name__}{domain}")
    for _ in range(3):
        moment = ("on_train_batch_end", chance.randint(3, 14))
        assert not kills.run(works, tmp_path / "killed", words, folder=tmp_path, moment=moment)
    assert kills.run(works, tmp_path / "killed", words, folder=tmp_path)
    same_runs(tmp_path / "killed", tmp_path / "whole")


def same_runs(killed: Path, whole: Path) -> None:
    """Both folders hold the same trainings, with equal bits."""
    ours, theirs = (
        {path.parent.parent.parent.relative_to(folder): path.parent for path in folder.rglob("metrics.json")}
        for folder in (killed, whole)
    )
    assert ours.keys() == theirs.keys()
    assert len(list(killed.rglob("config.yaml"))) == len(ours)
    for place, run in ours.items():
        kills.equal(run, theirs[place])


@pytest.mark.slow
@pytest.mark.long
def test_a_killed_comparison_resumes(tmp_path: Path) -> None:
    """Its processes end with the command, and the same command resumes."""
    words = ["compare=quick", "n_jobs=2", "compare.budgets=[1]", "compare.tasks.go.budgets=[1]"]
    assert command("compare", *words, cwd=tmp_path, OMP_NUM_THREADS="1").returncode == 0
    (tmp_path / "runs").rename(tmp_path / "whole")
    for number in (2, 5, 9):
        process = start("compare", *words, cwd=tmp_path, OMP_NUM_THREADS="1")
        wait_for(tmp_path, "runs/compare/quick/trainings/*/*/*/metrics.csv", number)
        process.kill()
        process.communicate()
    done = command("compare", *words, cwd=tmp_path, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    same_runs(tmp_path / "runs", tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.long
def test_a_killed_grid_resumes(tmp_path: Path) -> None:
    """A killed run of a grid is resumed like any other run."""
    words = [*words_of("text", "trainer.max_epochs=20"), "seed=0,1"]
    assert command("train", "-m", *words, cwd=tmp_path, OMP_NUM_THREADS="1").returncode == 0
    (tmp_path / "runs").rename(tmp_path / "whole")
    process = start("train", "-m", *words, cwd=tmp_path, OMP_NUM_THREADS="1")
    wait_for(tmp_path, "runs/text/*/checkpoints/last.ckpt", 2)
    process.kill()
    process.communicate()
    for config in tmp_path.glob("runs/text/*/config.yaml"):
        if not (config.parent / "metrics.json").is_file():
            assert (
                command("train", f"resume={config.parent}", cwd=tmp_path, OMP_NUM_THREADS="1").returncode == 0
            )
    ours, theirs = (
        {Run(file.parent).config.seed: file.parent for file in folder.glob("text/*/config.yaml")}
        for folder in (tmp_path / "runs", tmp_path / "whole")
    )
    assert ours.keys() == theirs.keys() == {0, 1}
    for seed, run in ours.items():
        kills.equal(run, theirs[seed])


def wait_for(folder: Path, pattern: str, number: int = 1) -> None:
    """Wait until ``number`` paths match."""
    deadline = time.monotonic() + 300
    while len(list(folder.glob(pattern))) < number:
        assert time.monotonic() < deadline, f"{pattern} did not come within five minutes"
        time.sleep(0.02)

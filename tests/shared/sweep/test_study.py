"""The study that processes share: who may work on which trial, and what a killed process leaves behind."""

import re
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from shared.config.monitor import Monitor
from shared.errors import UserError
from shared.files.locks import FileLock, JournalLock
from shared.sweep.study import Study

HOLDER = """
import fcntl, sys, time
file = open(sys.argv[1], "ab")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


def holder(path: Path) -> subprocess.Popen:
    """A process that holds the lock on a file."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen) -> None:
    process.kill()
    process.communicate()


def open_study(
    folder: Path, storage: str | None = None, sampler: str = "tpe", pruner: str = "median"
) -> Study:
    return Study(folder, storage, sampler, pruner, seed=0, monitor=Monitor())


def test_a_lock_is_free_again_when_its_process_is_killed(tmp_path: Path) -> None:
    process = holder(tmp_path / "lock")
    lock = FileLock(tmp_path / "lock")
    assert not lock.try_acquire()
    end(process)
    assert lock.try_acquire()
    lock.release()


def test_a_trial_of_a_living_process_is_left_alone_and_that_of_a_dead_one_gone_on_with(
    tmp_path: Path,
) -> None:
    study = open_study(tmp_path / "study")
    trial, lock = study.claim(2) or pytest.fail("no trial")
    value = trial.suggest_float("lr", 0, 1)
    trial.report(0.5, 0)
    lock.release()
    living = holder(study.place(0) / "lock")
    other, other_lock = open_study(tmp_path / "study").claim(2) or pytest.fail("no trial")
    assert other.number == 1
    study.optuna.tell(other, 0.1)
    other_lock.release()
    assert open_study(tmp_path / "study").claim(2) is None  # both are taken
    end(living)
    again, _ = open_study(tmp_path / "study").claim(2) or pytest.fail("no trial")
    assert again.number == 0
    assert again.suggest_float("lr", 0, 1) == value
    assert study.trials(TrialState.RUNNING)[0].intermediate_values == {0: 0.5}
    study.optuna.tell(again, 0.2)
    assert open_study(tmp_path / "study").claim(2) is None
    assert [trial.value for trial in study.trials()] == [0.2, 0.1]


def test_a_trial_that_ends_while_it_is_looked_at_is_not_run_again(tmp_path: Path, monkeypatch) -> None:
    study = open_study(tmp_path / "study")
    trial, lock = study.claim(1) or pytest.fail("no trial")
    lock.release()
    taking = FileLock.try_acquire

    def ended_meanwhile(self: FileLock) -> bool:
        study.optuna.tell(trial, 0.3)
        return taking(self)

    monkeypatch.setattr(FileLock, "try_acquire", ended_meanwhile)
    assert study.claim(1) is None


def test_values_follow_from_the_seed_and_the_number_whoever_draws_them(tmp_path: Path) -> None:
    values = []
    for name in "ab":
        for _ in range(2):  # each by another process, so to speak
            study = open_study(tmp_path / name)
            trial, lock = study.claim(9) or pytest.fail("no trial")
            values.append(trial.suggest_float("lr", 0, 1))
            study.optuna.tell(trial, 0.1)
            lock.release()
    assert values[:2] == values[2:]
    assert values[0] != values[1]


def test_half_a_line_in_the_journal_is_removed_and_nothing_else(tmp_path: Path) -> None:
    study = open_study(tmp_path / "study")
    trial, lock = study.claim(5) or pytest.fail("no trial")
    study.optuna.tell(trial, 0.25)
    lock.release()
    journal = tmp_path / "study" / "journal.log"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"op_code":4,"worker_id":"killed')
    again = open_study(tmp_path / "study")
    claimed, _ = again.claim(5) or pytest.fail("no trial")
    assert claimed.number == 1
    assert journal.read_bytes().startswith(whole + b"{")
    assert [trial.value for trial in open_study(tmp_path / "study").trials()] == [0.25, None]
    journal.write_bytes(b"half")
    JournalLock(journal).acquire()
    assert journal.read_bytes() == b""


def test_a_database_keeps_the_trials_and_refuses_another_folder(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    study = open_study(tmp_path / "here" / "study", url)
    trial, _ = study.claim(2) or pytest.fail("no trial")
    study.optuna.tell(trial, 0.5)
    assert open_study(tmp_path / "here" / "study", url).trials()[0].value == 0.5
    with pytest.raises(UserError, match="all processes that use a storage must share this folder"):
        open_study(tmp_path / "there" / "study", url)


@pytest.mark.parametrize(
    "url", ["nonsense", "sqlite:////no/such/folder/x.db", "postgresql://u:secret@nowhere/x"]
)
def test_a_storage_that_cannot_be_used_is_named_without_its_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="storage: cannot be used") as raised:
        open_study(tmp_path / "study", url)
    assert "secret" not in str(raised.value)


def test_a_journal_of_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "journal.log").write_text("words\nmore words\n")
    with pytest.raises(UserError, match=r"journal\.log: cannot be used"):
        open_study(tmp_path / "study")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot be made"):
        open_study(tmp_path / "file" / "study")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"sampler": "tpee"}, "sweep.sampler: must be one of tpe, random, got tpee; did you mean 'tpe'?"),
        ({"pruner": "mean"}, "sweep.pruner: must be one of median, none, got mean; did you mean 'median'?"),
    ],
)
def test_samplers_and_pruners_are_named(words: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        open_study(tmp_path / "study", **words)


def test_an_optuna_dashboard_reads_the_journal(tmp_path: Path) -> None:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    study = open_study(tmp_path / "study", sampler="random", pruner="none")
    study.claim(1)
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "study" / "journal.log")))
    assert len(optuna.load_study(study_name="study", storage=storage).trials) == 1

"""sweep.py as a user runs it: several processes, killed at any time, and the same command again."""

import json
import signal
import time
from pathlib import Path

import numpy as np
import optuna
import pytest
from omegaconf import OmegaConf
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from tests.commands import command, start

# The smallest search that uses every part: a trial takes a second.
TINY = [
    "sweep=image/lecture",
    "data.first=200",
    "trainer.max_epochs=4",
    "trainer.accelerator=cpu",
    "trainer.precision=32-true",
]


def trials_of(folder: Path) -> list[optuna.trial.FrozenTrial]:
    """The trials of the only study below a folder, read by Optuna itself."""
    [journal] = folder.glob("runs/sweep/*/journal.log")
    storage = JournalStorage(JournalFileBackend(str(journal)))
    return optuna.load_study(study_name=journal.parent.name, storage=storage).trials


def wait_for_trials(folder: Path, number: int, seconds: float = 120) -> None:
    """Wait until ``number`` trials have begun."""
    deadline = time.monotonic() + seconds
    while len(list(folder.glob("runs/sweep/*/trials/*"))) < number:
        assert time.monotonic() < deadline, f"no further trial began within {seconds} s"
        time.sleep(0.02)


@pytest.mark.slow
def test_ctrl_c_writes_a_report_and_the_same_command_resumes(tmp_path: Path) -> None:
    process = start("sweep", *TINY, "n_trials=50", cwd=tmp_path)
    wait_for_trials(tmp_path, 3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "stopped; run the same command again to resume" in err
    assert "Traceback" not in err
    assert "experiment=best" in out
    before = trials_of(tmp_path)
    done = command("sweep", *TINY, "n_trials=4", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    after = trials_of(tmp_path)
    assert [trial.number for trial in after] == [0, 1, 2, 3]
    assert after[:2] == before[:2]
    assert after[2].params.items() >= before[2].params.items()


@pytest.mark.slow
@pytest.mark.long
def test_thirty_trials_of_killed_processes_are_each_trained_once(tmp_path: Path) -> None:
    words = [*TINY, "n_trials=30"]
    random = np.random.default_rng()
    workers = [start("sweep", *words, cwd=tmp_path) for _ in range(2)]
    said = ""
    for _ in range(5):
        wait_for_trials(tmp_path, len(list(tmp_path.glob("runs/sweep/*/trials/*"))) + 1)
        time.sleep(random.uniform(0, 3))
        victim = int(random.integers(2))
        assert workers[victim].poll() is None, "ended before the last kill: give it more trials"
        workers[victim].kill()
        said += workers[victim].communicate()[1]
        workers[victim] = start("sweep", *words, cwd=tmp_path)
    for worker in workers:
        _, err = worker.communicate(timeout=400)
        assert worker.returncode == 0, err
        said += err

    trials = trials_of(tmp_path)
    assert [trial.number for trial in trials] == list(range(30))
    assert {trial.state for trial in trials} <= {TrialState.COMPLETE, TrialState.PRUNED}
    assert len({trial.user_attrs["run"] for trial in trials}) == 30
    for trial in trials:
        run = Path(trial.user_attrs["run"])
        [config] = run.parent.glob("*/config.yaml")  # begun once
        assert config.parent == run
        metrics = json.loads((run / "metrics.json").read_text())
        if trial.state == TrialState.COMPLETE:
            assert metrics["val/acc"] == trial.value
        settings = OmegaConf.load(config)
        assert settings.optimizer.lr == trial.params["optimizer.lr"]
        assert settings.choices.schedule == trial.params["schedule"]
        epochs = np.genfromtxt(run / "metrics.csv", delimiter=",", names=True)["epoch"]
        assert np.atleast_1d(epochs).tolist() == list(range(metrics["epochs"]))
        assert sorted(trial.intermediate_values) == list(range(metrics["epochs"]))
    assert said.count("its process died; resuming") >= 1
    again = start("sweep", *words, cwd=tmp_path)
    out, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    assert trials_of(tmp_path) == trials
    assert "experiment=best" in out

"""sweep.py with its storage in a real PostgreSQL: several processes, of which some are killed."""

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from tests.commands import command, start
from tests.test_sweep_killed import TINY, wait_for_trials

TOOLS = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
INITDB = shutil.which("initdb") or (TOOLS and str(TOOLS / "initdb"))
MISSING = " and ".join(
    [*["PostgreSQL"] * (INITDB is None), *["psycopg"] * (importlib.util.find_spec("psycopg") is None)]
)
PASSWORD = "s3cr3t%21word"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {MISSING} (Debian: postgresql; pip: psycopg[binary])"),
]


@pytest.fixture
def storage() -> Iterator[str]:
    """The URL of a database server on this machine, started and stopped by this fixture."""
    assert INITDB
    # The server refuses to run as root: then it runs as another user, in a folder of that user.
    user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        if user:
            shutil.chown(folder, "nobody", "nogroup")
        data, secret = Path(folder, "data"), Path(folder, "secret")
        secret.write_text(PASSWORD.replace("%21", "!"))
        secret.chmod(0o644)
        words = [INITDB, "-D", data, "-U", "sweep", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8"]
        subprocess.run([*words, "--no-sync"], check=True, capture_output=True, cwd=folder, **user)
        settings = [f"-cport={port}", "-clisten_addresses=127.0.0.1", f"-cunix_socket_directories={folder}"]
        server = subprocess.Popen(
            [Path(INITDB).with_name("postgres"), "-D", data, *settings], cwd=folder, **user,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield f"postgresql://sweep:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # ends at once, despite open connections
            server.wait(30)


def trials_of(storage: str, folder: Path) -> list[optuna.trial.FrozenTrial]:
    [study] = folder.glob("runs/sweep/*/id")
    database = RDBStorage(storage)
    try:
        return optuna.load_study(study_name=study.parent.name, storage=database).trials
    finally:
        database.remove_session()
        database.engine.dispose()


def test_each_trial_is_trained_once_though_two_of_four_processes_are_killed(
    storage: str, tmp_path: Path
) -> None:
    words = [*TINY, "n_trials=12", f"storage={storage}"]
    random = np.random.default_rng()
    workers = [start("sweep", *words, cwd=tmp_path) for _ in range(4)]
    for victim in (0, 1):
        wait_for_trials(tmp_path, 4 + 2 * victim, seconds=400)
        time.sleep(random.uniform(0, 2))
        assert workers[victim].poll() is None, "ended before it was killed: give it more trials"
        workers[victim].kill()
        workers[victim].communicate()
    ends = [worker.communicate(timeout=500) for worker in workers[2:]]
    assert [worker.returncode for worker in workers[2:]] == [0, 0], ends
    done = command("sweep", *words, cwd=tmp_path)  # resumes the trials of the killed processes
    assert done.returncode == 0, done.stderr

    trials = trials_of(storage, tmp_path)
    assert [trial.number for trial in trials] == list(range(12))
    assert {trial.state for trial in trials} <= {TrialState.COMPLETE, TrialState.PRUNED}
    assert sum("its process died; resuming" in err for _, err in ends) >= 1
    for trial in trials:
        [config] = tmp_path.glob(f"runs/sweep/*/trials/{trial.number:04d}/*/*/config.yaml")  # begun once
        assert str(config.parent) == trial.user_attrs["run"]
        metrics = json.loads((config.parent / "metrics.json").read_text())
        assert sorted(trial.intermediate_values) == list(range(metrics["epochs"]))
        if trial.state == TrialState.COMPLETE:
            assert trial.value == metrics["val/acc"]
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    best = max(complete, key=lambda trial: (trial.value or 0, -trial.number))
    [experiment] = tmp_path.glob("runs/sweep/*/experiment/best.yaml")
    assert f"# Trial {best.number}: val/acc {100 * (best.value or 0):.2f} %" in experiment.read_text()
    kept = [file for file in tmp_path.rglob("*") if file.is_file() and b"s3cr3t" in file.read_bytes()]
    assert not kept
    said = done.stdout + done.stderr + "".join(out + err for out, err in ends)
    assert "s3cr3t" not in said


def test_a_wrong_password_is_one_line_that_does_not_show_it(storage: str, tmp_path: Path) -> None:
    done = command("sweep", *TINY, "n_trials=1", f"storage={storage.replace('word', 'wrong')}", cwd=tmp_path)
    assert done.returncode == 1
    assert "storage: cannot be used: " in done.stderr
    assert "password authentication failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cr3t" not in done.stdout + done.stderr

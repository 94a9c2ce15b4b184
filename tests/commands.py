"""Runs whole commands as a user does."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from shared.runs.run import Run

PROJECT = Path(__file__).resolve().parent.parent

# The smallest Go training that uses every part.
TINY = [
    "domain=go",
    "model.filters=4",
    "model.depth=2",
    "data.batch_size=32",
    "data.epoch_size=256",
    "data.val_size=64",
    "data.test_size=200",
    "trainer.max_epochs=2",
    "trainer.accelerator=cpu",
    "trainer.precision=32-true",
]


def start(script: str, *words: str, cwd: Path, **environment: str) -> subprocess.Popen:
    """Start ``python scripts/<script>.py`` in a folder; its output is captured, and SIGINT is not ignored.

    Without that, a process that inherits "ignore SIGINT" from a shell's background job would ignore Ctrl-C.
    """
    return subprocess.Popen(
        [sys.executable, str(PROJECT / "scripts" / f"{script}.py"), *words],
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def command(script: str, *words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run a script until it ends."""
    process = start(script, *words, cwd=cwd, **environment)
    out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run_folder(done: subprocess.CompletedProcess) -> Path:
    """The folder that the last line of train.py names."""
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.rstrip().splitlines()[-1].removeprefix("run: "))


def epochs_of(run: Path) -> list[dict[str, float]]:
    """The rows of a run's metrics.csv, without times and without metrics that are newer than the row."""
    with (run / "metrics.csv").open() as file:
        return [
            {key: float(value) for key, value in row.items() if value and not key.endswith("seconds")}
            for row in csv.DictReader(file)
        ]


def set_key(run: Run, key: str, value: Any) -> None:
    """Change a key of config.yaml."""
    file = run.folder / "config.yaml"
    config = yaml.safe_load(file.read_text())
    *path, last = key.split(".")
    node = config
    for name in path:
        node = node[name]
    node[last] = value
    file.write_text(yaml.safe_dump(config))

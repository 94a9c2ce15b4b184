"""train.py -m as a user runs it, with Hydra's launchers."""

import json
from pathlib import Path

import pytest

from tests.commands import command

TINY = [
    "domain=image",
    "data.first=200",
    "trainer.max_epochs=1",
    "trainer.accelerator=cpu",
    "trainer.precision=32-true",
    "test=false",
    "model.pool=most,avg",  # the first is a mistake, which only its own run notices
]


@pytest.mark.parametrize(
    "launcher",
    [
        "joblib",
        pytest.param("basic", marks=pytest.mark.slow),
        pytest.param("submitit_local", marks=pytest.mark.slow),  # what submitit_slurm does, on this machine
    ],
)
def test_a_run_that_fails_is_told_and_the_others_go_on(launcher: str, tmp_path: Path) -> None:
    words = [f"hydra/launcher={launcher}"] + ["hydra.launcher.n_jobs=2"] * (launcher == "joblib")
    done = command("train", "-m", *TINY, *words, cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "1 of 2 runs ended well, 1 failed" in done.stdout
    assert "'most' is not max or avg" in " ".join(done.stdout.replace("│", " ").split())
    [folder] = tmp_path.glob("runs/image/*/metrics.json")
    assert json.loads(folder.read_text())["epochs"] == 1

"""train.py -m as a user runs it, with Hydra's launchers."""

import json
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from shared.config.cli import CONF
from tests.commands import command, start

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
        "basic",
        pytest.param("joblib", marks=pytest.mark.slow),
        pytest.param("submitit_local", marks=pytest.mark.slow),  # what submitit_slurm does, on this machine
    ],
)
def test_failed_runs_are_reported_and_the_rest_continue(launcher: str, tmp_path: Path) -> None:
    words = [f"hydra/launcher={launcher}"] + ["hydra.launcher.n_jobs=2"] * (launcher == "joblib")
    done = command("train", "-m", *TINY, *words, cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "1 of 2 runs ended well, 1 failed" in done.stdout
    assert "got 'most'" in " ".join(done.stdout.replace("│", " ").split())
    [folder] = tmp_path.glob("runs/image/*/metrics.json")
    assert json.loads(folder.read_text())["epochs"] == 1
    [grid] = tmp_path.glob("runs/multirun/*")  # whichever processes trained them
    assert {path.name for path in grid.glob("[0-9]*.json")} == {"0000.json", "0001.json"}


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["basic", "joblib", "submitit_local"])
def test_grids_of_the_same_second_have_different_folders(launcher: str, tmp_path: Path) -> None:
    words = ["-m", *TINY[:-1], f"hydra/launcher={launcher}", "runs=grid"]
    failing = start("train", *words, "model.pool=most,avg", cwd=tmp_path)
    well = start("train", *words, "seed=5,6,7", cwd=tmp_path)
    (out, _), (other, err) = failing.communicate(timeout=300), well.communicate(timeout=300)
    assert (failing.returncode, well.returncode) == (1, 0), err
    assert "1 of 2 runs ended well, 1 failed" in out
    assert "3 of 3 runs ended well, 0 failed" in other
    grids = [list(folder.glob("[0-9]*.json")) for folder in tmp_path.glob("grid/multirun/*")]
    assert sorted(map(len, grids)) == [2, 3]
    assert len(list(tmp_path.glob("grid/image/*/metrics.json"))) == 4


def test_the_runs_of_a_grid_share_its_own_folder(tmp_path: Path) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        first, second = (
            compose("train", [f"runs={tmp_path}"], return_hydra_config=True).hydra.sweep for _ in range(2)
        )
    assert first.dir != second.dir
    assert first.dir == first.dir

"""The scripts for a machine that is there for minutes, with the smallest budget."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from domains.go.records import pack
from shared.config.cli import compose
from shared.runs.run import Run
from shared.training.setup import load_module
from tests.commands import PROJECT

TINY = ["model.filters=4", "model.pairs=1", "data.min_rank=null", "data.batch_size=32", "data.workers=0"]
TINY += ["data.fractions={val: 0.1, test: 0.1}", "trainer.compile=false", "trainer.accelerator=cpu"]


@pytest.fixture
def games(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONVOLUTIONS_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "games.npz"
    pack(compose("pack", [f"path={PROJECT / 'domains/go/sample/games.tar.xz'}", f"output={file}"]))
    return file


def run(script: str, *words: str, **environment: str) -> str:
    place = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", str(PROJECT / "scripts" / script), *words],
        env={**os.environ, "PATH": place, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_what_has_to_be_kept_of_a_training_is_kept(games: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = [*TINY, "data.val_size=64", "data.test_size=64", "trainer.max_epochs=2"]
    printed = run("device_check.sh", str(games), str(out), "300", *words, BESIDE="298").splitlines()
    metrics = json.loads((out / "metrics.json").read_text())
    assert [line.split(":")[0] for line in printed[-10:-8]] == ["epoch 0", "epoch 1"]
    assert printed[-2].split() == ["test/acc", str(metrics["test/acc"])]
    assert (out / "curve.png").is_file()
    parts = sorted(out.glob("run.tar.*"))
    assert all(part.stat().st_size <= 15_000_000 for part in parts)
    with tarfile.open(fileobj=io.BytesIO(b"".join(part.read_bytes() for part in parts))) as tar:
        tar.extractall(tmp_path / "kept", filter="data")
    [folder] = (tmp_path / "kept").iterdir()
    module = load_module(Run(folder))
    assert all(weight.element_size() == 4 for weight in module.parameters())


@pytest.mark.slow
@pytest.mark.long
def test_the_speed_of_a_training_is_a_table(games: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("device_speed.sh", str(games), str(out), *TINY, "bench.steps=4", "data.test_size=64")
    speed = json.loads((out / "speed.json").read_text())
    shares = [value for name, value in speed.items() if name.endswith("share of a step")]
    assert len(shares) == 4
    assert sum(shares) == pytest.approx(1)
    assert speed["TFLOP/s"] > 0
    assert 0 < speed["share of the matrix products' rate"] < 1

"""A relative path of data means the same files from every current folder."""

import json
import shutil
from pathlib import Path

import pytest

from shared.commands.evaluate import evaluate
from shared.commands.repeat import repeat
from shared.commands.train import train
from shared.config.cli import compose
from shared.config.project import data_paths
from shared.errors import UserError
from shared.runs.run import Run
from shared.sweep.sweep import folder_of
from tests.test_changed_data import write_sentences

QUICK = [
    "domain=text", "data=text/sentences", "model.filters=4", "model.embedding=8", "trainer.max_epochs=1",
    "trainer.accelerator=cpu", "trainer.precision=32-true", "trainer.enable_progress_bar=false",
    "data.path=my.csv", "data.fractions={val: 0.2, test: 0.2}",
]  # fmt: skip


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two folders with different files my.csv; the first is the current folder."""
    for name, n in (("here", 60), ("there", 90)):
        (tmp_path / name).mkdir()
        write_sentences(tmp_path / name / "my.csv", n)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here", tmp_path / "there"


def test_a_run_keeps_the_absolute_path_of_its_data(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    here, there = places
    metrics = train(compose("train", QUICK))
    run = Run(metrics["run"])
    assert run.config.data.path == str(here / "my.csv")
    monkeypatch.chdir(there)
    assert evaluate(compose("evaluate", [f"run={run.folder}"]))["test/acc"] == metrics["test/acc"]
    assert capsys.readouterr().err.strip() == ""
    (run.folder / "metrics.json").unlink()
    resumed = train(compose("train", ["domain=text", f"resume={run.folder}"]))
    assert resumed["test/acc"] == metrics["test/acc"]
    evaluate(compose("evaluate", [f"run={run.folder}", "data.path=my.csv"]))  # the one that lies there
    assert "90 sentences" in capsys.readouterr().out


def test_lists_and_second_files_are_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = compose("train", ["domain=go", "data=go/sgf", "data.path=[a.sgf,/b (1).sgf]"])
    assert config.data.path == [str(tmp_path / "a.sgf"), "/b (1).sgf"]
    words = [
        "domain=text",
        "data=text/sentences",
        "data.path=r.*",
        "data.test_path=t.csv",
        "data.vectors=v.gz",
    ]
    config = compose("train", words)
    assert [config.data[key] for key in ("path", "test_path", "vectors")] == [
        str(tmp_path / name) for name in ("r.*", "t.csv", "v.gz")
    ]
    assert compose("train", ["domain=image"]).data.path is None
    assert set(data_paths()) == {"path", "test_path", "train_also", "vectors"}


def test_a_bundled_network_finds_the_project_s_samples_from_any_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    data = Run.bundled()["speech/digits"].config.data
    assert Path(data.train_also).is_file()
    assert data.path == "fsdd.tar.xz"  # a user's own


def test_repetitions_and_searches_keep_absolute_paths_of_data(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, there = places
    words = [*QUICK, f"runs={tmp_path / 'runs'}", "repeat.over={seed: [3]}"]
    study = folder_of(compose("sweep", [*QUICK, f"runs={tmp_path / 'runs'}"]))
    repeat(compose("repeat", words))
    monkeypatch.chdir(there)
    repeat(compose("repeat", words))
    summaries = sorted(tmp_path.glob("runs/repeat/*/summary.json"))
    assert len(summaries) == 2
    tested = [Run(json.loads(file.read_text())["runs"][0]).metrics["test/n"] for file in summaries]
    assert len(set(tested)) == 2
    assert folder_of(compose("sweep", [*QUICK, f"runs={tmp_path / 'runs'}"])) != study


def test_a_relative_path_never_silently_means_other_data(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """Configurations of older versions and of exported runs hold relative paths."""
    _, there = places
    run = Run(train(compose("train", [*QUICK, "test=false"]))["run"])
    config = run.folder / "config.yaml"
    config.write_text(config.read_text().replace(run.config.data.path, "my.csv"))
    evaluate(compose("evaluate", [f"run={run.folder}"]))
    said = capsys.readouterr().err
    assert "data.path: my.csv, as the run names it, is read from the current folder" in said
    assert "changed" not in said
    monkeypatch.chdir(there)
    evaluate(compose("evaluate", [f"run={run.folder}"]))
    assert "data have changed since it was trained (train: 40 examples then" in capsys.readouterr().err
    shutil.rmtree(there)
    monkeypatch.chdir(run.folder)
    with pytest.raises(UserError, match=r"data\.path: my\.csv: no such file .*; give data\.path="):
        evaluate(compose("evaluate", [f"run={run.folder}"]))

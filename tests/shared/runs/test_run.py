"""Run folders that are untrusted, or damaged by a crash or a full disk."""

import json
import os
import pickle
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from shared.config.cli import compose
from shared.errors import UserError
from shared.files.atomic import write
from shared.runs.run import Run
from shared.training.callbacks import WholeCheckpoints
from shared.training.optimizers import OPTIMIZERS, build
from shared.training.setup import load_module
from tests.commands import TINY

CONFIG = compose("train", TINY)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.named(tmp_path, "go").make(CONFIG)


def test_two_runs_never_share_a_folder(tmp_path: Path) -> None:
    folders = {Run.named(tmp_path, "go").make(CONFIG).folder for _ in range(20)}
    assert len(folders) == 20
    assert {folder.parent for folder in folders} == {tmp_path / "go"}


def test_the_configuration_comes_back_resolved(tmp_path: Path) -> None:
    config = OmegaConf.merge(CONFIG, {"model": {"filters": 3, "layers": ["${model.filters}"]}})
    run = Run.named(tmp_path, "go").make(config)
    assert Run.open(run.folder).config.model.layers == [3]


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no run here"):
        Run.open(tmp_path)


@pytest.mark.parametrize("text", ["model: [", "just words", "- 1\n- 2", "model: {}\n", "\x00\x01"])
def test_a_broken_configuration_is_named(run: Run, text: str) -> None:
    (run.folder / "config.yaml").write_text(text)
    with pytest.raises(UserError, match=r"config\.yaml"):
        _ = run.config


def test_a_missing_checkpoint_is_named(run: Run) -> None:
    with pytest.raises(UserError, match=r"best\.ckpt: no such checkpoint"):
        run.checkpoint("best")


@pytest.mark.parametrize("contents", [b"", b"PK\x03\x04 cut", b"text", os.urandom(1000)])
def test_a_broken_checkpoint_is_refused(run: Run, contents: bytes) -> None:
    (run.checkpoints / "best.ckpt").write_bytes(contents)
    with pytest.raises(UserError, match=r"best\.ckpt: refused"):
        run.checkpoint("best")


class Bomb:
    def __reduce__(self) -> tuple:
        return os.mkdir, ("exploded",)


@pytest.mark.parametrize("saving", [torch.save, lambda bomb, path: path.write_bytes(pickle.dumps(bomb))])
def test_a_checkpoint_with_a_pickled_object_is_refused_and_not_run(run: Run, saving, monkeypatch) -> None:
    monkeypatch.chdir(run.folder)
    saving({"state_dict": {}, "domain": "go", "more": Bomb()}, run.checkpoints / "best.ckpt")
    with pytest.raises(UserError, match=r"best\.ckpt: refused"):
        run.checkpoint("best")
    assert not Path("exploded").exists()


def test_a_checkpoint_of_another_domain_is_refused(run: Run) -> None:
    contents = {"state_dict": {}, "domain": "text", "hyper_parameters": {}}
    torch.save(contents, run.checkpoints / "best.ckpt")
    with pytest.raises(UserError, match=r"domain: must be go, as the run's, got 'text'"):
        run.checkpoint("best")


def test_a_checkpoint_of_something_else_is_refused(run: Run) -> None:
    torch.save(torch.zeros(3), run.checkpoints / "best.ckpt")
    with pytest.raises(UserError, match="not a checkpoint of this suite"):
        load_module(run)


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "builtins.eval",
        "shared.runs.run.os.remove",
        "torch.os.system",
        None,
        3,
        "domains.go.nothing",
    ],
)
def test_a_configuration_calls_nothing_outside_the_project(target) -> None:
    with pytest.raises(UserError):
        build("optimizer", OPTIMIZERS, {"_target_": target, "command": "true"})


def test_settings_that_do_not_fit_are_named() -> None:
    settings = {"_target_": "torch.optim.SGD", "lr": "fast"}
    with pytest.raises(UserError, match=r"optimizer\.lr: must be a number, got 'fast'"):
        build("optimizer", OPTIMIZERS, settings, params=[torch.nn.Parameter(torch.zeros(1))])


def test_writing_replaces_a_whole_file_or_leaves_the_old_one(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "metrics.json"
    write(path, json.dumps({"old": 1}))

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"metrics\.json: cannot be written: No space left on device"):
        write(path, json.dumps({"new": 2}))
    assert json.loads(path.read_text()) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where the folder should be")
    with pytest.raises(UserError, match=r"runs=.*cannot be made"):
        Run.named(tmp_path / "runs", "go").make(CONFIG)


def test_a_checkpoint_cut_short_by_a_full_disk_leaves_the_old_one(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "last.ckpt"
    WholeCheckpoints().save_checkpoint({"epoch": 1}, path)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"last\.ckpt: cannot be written"):
        WholeCheckpoints().save_checkpoint({"epoch": 2}, path)
    assert torch.load(path, weights_only=True) == {"epoch": 1}
    assert list(tmp_path.iterdir()) == [path]

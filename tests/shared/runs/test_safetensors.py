"""Runs that come with the project: half precision, nothing to unpickle, found by name."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from safetensors import safe_open
from safetensors.torch import save

from shared.config.project import PROJECT
from shared.errors import UserError
from shared.runs import publish as shipping
from shared.runs import run as runs
from shared.runs import safetensors as weights
from shared.runs.publish import ship
from shared.runs.run import Run, shipped
from shared.training.familiarity import Record
from shared.training.setup import load_module

STATE = {"network.conv1.weight": torch.linspace(-2, 2, 18).view(2, 1, 3, 3), "steps": torch.tensor(7)}
CONTENTS = {"domain": "go", "hyper_parameters": {"planes": 48}, "state_dict": STATE, "optimizer_states": [1]}


def test_weights_come_back_rounded_to_half_precision() -> None:
    contents = weights.unpack(weights.pack(CONTENTS))
    assert set(contents) == {"domain", "hyper_parameters", "state_dict"}
    assert (contents["domain"], contents["hyper_parameters"]) == ("go", {"planes": 48})
    weight = contents["state_dict"]["network.conv1.weight"]
    assert weight.dtype == torch.float16
    assert weight.float().numpy() == pytest.approx(STATE["network.conv1.weight"].numpy(), rel=1e-3)
    assert contents["state_dict"]["steps"] == 7


@pytest.mark.parametrize("value", [1e5, float("nan"), float("inf")])
def test_values_beyond_half_precision_are_refused(value: float) -> None:
    state = {"network.conv1.bias": torch.tensor([0.0, value])}
    with pytest.raises(UserError, match=r"network\.conv1\.bias: .* beyond float16"):
        weights.pack(CONTENTS | {"state_dict": state})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project to ship into."""
    for module in (runs, shipping):
        monkeypatch.setattr(module, "PROJECT", tmp_path / "project")
    return tmp_path / "project"


def settings(run: Run, **more: object) -> DictConfig:
    options = {"run": str(run.folder), "name": "policy", "checkpoint": "best", "overwrite": False}
    return OmegaConf.create(options | more)


@pytest.fixture
def run(trained_copy: Run) -> Run:
    return trained_copy


def test_a_shipped_run_is_opened_by_its_name_and_holds_no_path_of_the_original(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ship(settings(run))
    assert folder == project / "domains" / "go" / "weights" / "policy"
    monkeypatch.chdir(run.folder)
    opened = Run.open("go/policy")
    assert opened.folder == folder
    assert opened.output == run.folder / "runs" / "go" / "policy"
    assert opened.checkpoint("best")["hyper_parameters"]["planes"] == 48
    assert opened.metrics == run.metrics
    assert str(PROJECT) not in (folder / "config.yaml").read_text()
    assert str(run.folder.parent) not in (folder / "config.yaml").read_text()
    assert opened.config.data.path == "games.tar.xz"
    with pytest.raises(UserError, match=r"go/other: no run here .*, or one of: go/policy"):
        Run.open("go/other")


@pytest.mark.parametrize("data", [b"", b"\x00" * 7, b"\xff" * 64, weights.pack(CONTENTS)[:-9], save(STATE)])
def test_a_broken_file_is_refused(project: Path, run: Run, data: bytes) -> None:
    folder = ship(settings(run))
    (folder / "checkpoints" / "best.safetensors").write_bytes(data)
    with pytest.raises(UserError, match=r"best\.safetensors: refused"):
        Run.open("go/policy").checkpoint("best")


def test_an_unfinished_or_too_large_run_is_not_shipped(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"name=\.\./up"):
        ship(settings(run, name="../up"))
    monkeypatch.setattr(shipping, "LIMIT", 100)
    with pytest.raises(UserError, match="bytes in half precision; 100 at most"):
        ship(settings(run))
    (run.folder / "metrics.json").unlink()
    with pytest.raises(UserError, match="train it to its end"):
        ship(settings(run))
    assert not project.exists()


def test_the_record_is_shipped_and_is_that_of_the_rounded_weights(project: Path, run: Run) -> None:
    shipped_run = Run(ship(settings(run)))
    assert shipped_run.record.read_bytes() == run.record.read_bytes()
    record = Record.read(shipped_run, load_module(shipped_run))
    assert record is not None
    assert set(record.ranges) == {"stones"}
    ship(settings(run, overwrite=True, checkpoint="last"))  # it is of the best
    assert not shipped_run.record.exists()
    run.record.write_bytes(b"broken")
    with pytest.raises(UserError, match=r"familiarity\.safetensors: refused: broken"):
        ship(settings(run, overwrite=True))


def test_a_shipped_run_is_replaced_only_when_that_is_said(project: Path, run: Run) -> None:
    folder = ship(settings(run))
    (folder / "README.md").write_text("its card")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(UserError, match=r"name=policy: .*policy is there; add overwrite=true to replace it"):
        ship(settings(run))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    ship(settings(run, overwrite=True))
    assert (folder / "README.md").read_text() == "its card"


@pytest.mark.parametrize("name", ["..", "../..", "/tmp/elsewhere", "go/..", "weights", "", "go\n"])
def test_a_run_s_domain_never_leads_out_of_the_project(project: Path, run: Run, name: str) -> None:
    config, contents = run.config, run.checkpoint("best")
    config.domain.name = name
    (run.folder / "config.yaml").write_text(OmegaConf.to_yaml(config))
    torch.save(contents | {"domain": name}, run.checkpoints / "best.ckpt")
    with pytest.raises(UserError, match=r"config\.yaml: domain\.name: must be the name of a domain, got "):
        ship(settings(run))
    assert not project.exists()


@pytest.mark.parametrize("name", shipped())
def test_bundled_runs_are_small_in_half_precision_and_have_a_card(name: str) -> None:
    folder = shipped()[name]
    file = folder / "checkpoints" / "best.safetensors"
    assert file.stat().st_size < 10e6
    with safe_open(file, "np") as opened:
        kinds = {opened.get_tensor(key).dtype for key in opened.keys()}  # noqa: SIM118 - no mapping
        assert kinds <= {np.dtype("float16"), np.dtype("int64")}
    card = (folder / "README.md").read_text()
    for title in ("Data", "Recipe", "Accuracy", *(["Strength"] * name.startswith("go/")), "Bad at"):
        assert f"## {title}" in card
    metrics = json.loads((folder / "metrics.json").read_text())
    shown = re.sub("<!--.*?-->", "", card, flags=re.DOTALL)
    values = re.findall(r"(\d+\.\d+) \(\d+\.\d+ … \d+\.\d+\)", shown)  # each with its interval
    assert any(abs(float(value) - 100 * metrics["test/acc"]) < 0.1 for value in values)
    assert f"{metrics['test/n']:,}" in card
    assert str(PROJECT) not in (folder / "config.yaml").read_text()

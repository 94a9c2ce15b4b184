"""Every command has a help text, and reports mistakes without a traceback, with exit code 1."""

import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from shared.config.cli import compose
from shared.errors import UserError
from tests.commands import PROJECT, command

SCRIPTS = sorted(path.stem for path in (PROJECT / "scripts").glob("[!_]*.py"))
EXPERIMENTS = PROJECT / "conf" / "experiment"
RECIPES = sorted(str(path.relative_to(EXPERIMENTS).with_suffix("")) for path in EXPERIMENTS.glob("*/*.yaml"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_names_examples_and_loads_nothing_heavy(script: str, tmp_path: Path) -> None:
    done = command(script, "--help", cwd=tmp_path, PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert f"python scripts/{script}.py" in done.stdout
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "hydra" in loaded
    assert not loaded & {"torch", "numba", "pytorch_lightning", "matplotlib"}


def test_a_missing_run_is_reported_before_torch_is_loaded(tmp_path: Path) -> None:
    done = command("evaluate", "run=nowhere", cwd=tmp_path, PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "nowhere: no run here" in done.stderr
    assert not loaded & {"torch", "numba", "pytorch_lightning", "matplotlib"}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_outside_the_environment_prints_the_remedy(
    script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "omegaconf", None)
    monkeypatch.delitem(sys.modules, "_start", raising=False)
    with pytest.raises(SystemExit, match="error: omegaconf is not installed for this"):
        runpy.run_path(str(PROJECT / "scripts" / f"{script}.py"))


def test_help_into_a_closed_pipe_prints_no_error(tmp_path: Path) -> None:
    line = f"{shlex.quote(sys.executable)} {PROJECT / 'scripts' / 'train.py'} --help | head -1"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout


def test_a_composed_configuration_is_that_of_the_command() -> None:
    config = compose("train", ["domain=go", "model=go/dense", "model.units=7"])
    assert config.model["layers"][1].repeat.layers[0].dense.units == 7
    assert (config.choices.model, config.choices.data) == ("go/dense", "go/sample")


@pytest.mark.parametrize("experiment", RECIPES)
def test_every_recipe_composes_and_its_network_builds(experiment: str) -> None:
    from shared.training.setup import build_data, check_network

    config = compose("train", [f"experiment={experiment}", "data.path=files"])
    check_network(config, build_data(config))


def test_alphago_s_recipe_has_the_paper_s_network() -> None:
    from shared.config.project import plain
    from shared.network.build import build_network
    from shared.training.setup import build_data

    config = compose("train", ["experiment=go/alphago", "model.norm=none", "data.path=games"])
    data = build_data(config)
    network = build_network(plain(config.model)["layers"], data.planes, data.extent, len(data.classes))
    assert sum(parameter.numel() for parameter in network.parameters()) == 3_882_793
    with pytest.raises(UserError, match="games"):
        data.setup()

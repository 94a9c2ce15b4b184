"""The frame of every command: help, and what it says of a mistake. No traceback, exit code 1."""

from pathlib import Path

import pytest

from shared.cli import compose
from shared.errors import UserError
from tests.commands import PROJECT, TINY, command

SCRIPTS = sorted(path.stem for path in (PROJECT / "scripts").glob("*.py"))
EXPERIMENTS = PROJECT / "conf" / "experiment"
RECIPES = sorted(str(path.relative_to(EXPERIMENTS).with_suffix("")) for path in EXPERIMENTS.glob("*/*.yaml"))


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("model.fliters=3", "model.fliters: there is no such key; did you mean 'model.filters'?"),
        ("trainer.max_epoch=3", "did you mean 'trainer.max_epochs'?"),
        ("model=go/polcy", "model/go/polcy: there is no such file in conf/; did you mean 'model/go/policy'?"),
        ("domain=og", "did you mean 'domain/go'?"),
        ("data=go/sgf", "data.path is not set: give data.path=…"),
        ("data.path=/no/such/games", "/no/such/games: no such file or folder"),
        ("resume=/no/such/run", "/no/such/run: no run here"),
        ("runs=/proc/none", "runs=/proc/none: "),
        ("optimizer._target_=os.system", "optimizer._target_: must be one of torch.optim.Adadelta"),
        ("model.planes=[stones]", "model.planes: 'stones': did you mean 'ones'?"),
        ("data.batch_size=0", "data.batch_size=0: give a whole number from 1"),
        ("data.min_rank=strong", "strong"),
        ("data.fractions.test=2", "fractions"),
        ("model.filters=many", "layers[0].conv: filters: 'many' is not a whole number"),
        ("model.layers=[{conv: {filters: 8, kernel: 21}}, flatten]", "kernel: 21 is larger than axis 1"),
        ("trainer.accelerator=abacus", "trainer: "),
    ],
)
def test_a_mistake_is_one_line_that_names_it(mistake: str, said: str, tmp_path: Path) -> None:
    done = command("train", *TINY, mistake, cwd=tmp_path)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("runs/go/*/checkpoints/*"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_names_examples_and_loads_nothing_heavy(script: str, tmp_path: Path) -> None:
    done = command(script, "--help", cwd=tmp_path, PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert f"python scripts/{script}.py" in done.stdout
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "hydra" in loaded
    assert not loaded & {"torch", "numba", "pytorch_lightning", "matplotlib"}


def test_a_composed_configuration_is_that_of_the_command() -> None:
    config = compose("train", ["domain=go", "model=go/dense", "model.units=7"])
    assert config.model["layers"][1].repeat.layers[0].dense.units == 7
    assert (config.choices.model, config.choices.data) == ("go/dense", "go/sample")


@pytest.mark.parametrize("experiment", RECIPES)
def test_every_recipe_composes_and_its_network_builds(experiment: str) -> None:
    from shared.assemble import build_data, check_network

    config = compose("train", [f"experiment={experiment}", "data.path=files"])
    check_network(config, build_data(config))


def test_alphago_s_recipe_has_the_paper_s_network() -> None:
    from shared.assemble import build_data, plain
    from shared.network import build_network

    config = compose("train", ["experiment=go/alphago", "model.norm=none", "data.path=games"])
    data = build_data(config)
    network = build_network(plain(config.model)["layers"], data.planes, data.extent, len(data.classes))
    assert sum(each.numel() for each in network.parameters()) == 3_882_793
    with pytest.raises(UserError, match="games"):
        data.setup()

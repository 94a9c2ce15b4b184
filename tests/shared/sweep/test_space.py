"""The space of a search: what may stand in it, and how a trial's configuration follows."""

from pathlib import Path

import optuna
import pytest
from omegaconf import OmegaConf

from shared.config.cli import compose
from shared.errors import UserError
from shared.sweep.space import Space, short_names
from shared.sweep.sweep import training
from shared.training.setup import build_data, check_network
from tests.commands import PROJECT

SWEEPS = PROJECT / "conf" / "sweep"
NAMES = sorted(str(path.relative_to(SWEEPS).with_suffix("")) for path in SWEEPS.glob("*/*.yaml"))


def space_of(space: dict, *words: str) -> Space:
    return Space(space, lambda chosen: training(compose("train", ["domain=image", *words, *chosen])))


def trial() -> optuna.Trial:
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()


@pytest.mark.parametrize(
    ("space", "said"),
    [
        (
            {"optimizer.lrr": [1]},
            "sweep.space.optimizer.lrr: there is no such key; did you mean 'optimizer.lr'?",
        ),
        ({"optimiser": ["adam"]}, "did you mean 'optimizer'?"),
        ({"runs": ["a", "b"]}, "sweep.space.runs: there is no such key"),
        ({"test": [True]}, "sweep.space.test: there is no such key"),
        ({"optimizer": {"low": 1, "high": 2}}, "must be a list of files of conf/optimizer/, got"),
        ({}, "sweep.space: must have keys, got none"),
        ({"seed": []}, "must be a list of different values, got"),
        ({"seed": [1, 1]}, "must be a list of different values, got"),
        ({"seed": 3}, "sweep.space.seed: must be a list of values or {low: …, high: …}, got 3"),
        ({"seed": {"low": 1}}, "must be a list of values or"),
        (
            {"seed": {"low": 1, "high": 2, "stepp": 1}},
            "stepp: there is no such key; did you mean 'step'?",
        ),
        ({"seed": {"low": "1", "high": 2}}, "low, high and step: must be a number from"),
        ({"seed": {"low": True, "high": 2}}, "low, high and step: must be a number from"),
        ({"optimizer.lr": {"low": 0.0, "high": float("inf")}}, "low, high and step: must be a number from"),
        (
            {"seed": {"low": 1, "high": 2, "log": "yes"}},
            "sweep.space.seed.log: must be true or false, got yes",
        ),
        ({"optimizer.lr": {"low": 0.0, "high": 1.0, "log": True}}, "sweep.space.optimizer.lr: "),
        ({"optimizer.lr": {"low": 2.0, "high": 1.0}}, "low <= high"),
        ({"seed": {"low": 1, "high": 9, "step": 0}}, "step"),
    ],
)
def test_a_mistake_is_named_before_any_trial(space: dict, said: str) -> None:
    with pytest.raises(UserError) as raised:
        space_of(space)
    assert said in str(raised.value)


def test_values_have_the_type_and_the_range_of_the_file() -> None:
    space = space_of(
        {
            "optimizer.lr": {"low": 0.001, "high": 0.1, "log": True},
            "data.augment.shift": {"low": 0, "high": 4, "step": 2},
            "training.label_smoothing": {"low": 0.0, "high": 0.2},
            "model.pool": ["avg", "both"],
            "training.ema": [None, 0.9],
        }
    )
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    configs = [space.configure(study.ask()) for _ in range(8)]
    assert {config.data.augment.shift for config in configs} == {0, 2, 4}
    assert {config.model.pool for config in configs} == {"avg", "both"}
    assert {config.training.ema for config in configs} == {None, 0.9}
    rates = [config.optimizer.lr for config in configs]
    assert 0.001 <= min(rates) < 0.005 < 0.02 < max(rates) <= 0.1
    assert all(0 <= config.training.label_smoothing <= 0.2 for config in configs)
    assert configs[0].schedule.max_lr == rates[0]  # what refers to a key follows it


def test_a_group_brings_its_file_and_a_key_that_the_file_lacks_is_not_set() -> None:
    space = space_of({"optimizer": ["sgd", "adam"], "optimizer.momentum": [0.5]})
    seen = {}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(8):
        drawn = study.ask()
        config = space.configure(drawn)
        seen[config.choices.optimizer] = (config.optimizer._target_, drawn.params.get("optimizer.momentum"))
    assert seen == {"sgd": ("torch.optim.SGD", 0.5), "adam": ("torch.optim.Adam", None)}


def test_a_file_that_does_not_exist_is_named() -> None:
    from hydra.errors import MissingConfigException

    with pytest.raises(MissingConfigException, match="optimizer/addam"):
        space_of({"optimizer": ["adam", "addam"]})


def test_a_value_may_be_a_list() -> None:
    space = Space(
        {"model.channels": [["tuned"], ["static", "tuned"]]},
        lambda chosen: training(compose("train", ["domain=text", *chosen])),
    )
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    channels = [
        OmegaConf.to_container(space.configure(study.ask())).get("model")["channels"] for _ in range(6)
    ]
    assert ["tuned"] in channels
    assert ["static", "tuned"] in channels
    assert space.plain({"model.channels": '["tuned"]'}) == {"model.channels": ["tuned"]}


def test_a_trial_that_has_its_values_keeps_them() -> None:
    space = space_of({"optimizer.lr": {"low": 0.001, "high": 0.1, "log": True}, "optimizer": ["adam", "sgd"]})
    drawn = trial()
    first = space.configure(drawn)
    drawn.study.sampler = optuna.samplers.RandomSampler(seed=5)
    assert space.configure(optuna.Trial(drawn.study, drawn._trial_id)) == first


@pytest.mark.parametrize("name", NAMES)
def test_every_sweep_in_conf_is_legal_and_its_networks_build(name: str) -> None:
    config = compose("sweep", [f"sweep={name}"])
    space = Space(
        OmegaConf.to_container(config.sweep.space),  # type: ignore[arg-type]
        lambda chosen: training(compose("sweep", [f"sweep={name}", *chosen])),
    )
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(3):
        config = space.configure(study.ask())
        check_network(config, build_data(config))
    assert config.domain.name == name.split("/")[0]
    assert Path(SWEEPS, f"{name}.yaml").read_text().startswith("# @package _global_\n# ")


def test_short_names_are_the_last_words_where_they_differ() -> None:
    assert short_names(["optimizer.lr", "a.size", "b.size", "model"]) == {
        "optimizer.lr": "lr",
        "a.size": "a.size",
        "b.size": "b.size",
        "model": "model",
    }

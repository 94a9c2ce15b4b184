"""A comparison's file: what is wrong with it is said before anything is trained."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from shared.compare.entry import Entry
from shared.compare.spec import read
from shared.config.cli import compose
from shared.errors import UserError
from tests.commands import PROJECT
from tests.shared.compare.comparisons import PLAN

NAMES = sorted(path.stem for path in (PROJECT / "conf/compare").glob("*.yaml"))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("seeds", [], "compare.seeds: empty"),
        ("seeds", ["one"], "compare.seeds"),
        ("seeds", [1, 1], "must be different numbers"),
        ("budgets", [], "compare.budgets: empty"),
        ("budgets", [4, 4], "budgets must be different whole numbers from 1"),
        ("budgets", [0, 4], "budgets must be different whole numbers from 1"),
        ("searched", 0, "compare.searched: must be a budget, 1 at least"),
        ("learning_rates", [0], "factors above 0"),
        ("claims.0.parts.0.equal", ["size"], "equal: must be among parameters, flops, got size"),
        ("claims.0.parts.0.equivalent", True, "margin: must be above 0"),
        ("claims.0.parts.0.measure", "loss", "measure"),
        ("tasks", {}, "compare.tasks: empty"),
        ("tasks.digits.designs", {}, "compare.tasks.digits.designs: empty"),
        ("tasks.digits.samples", "many", "compare.tasks.digits.samples"),
        ("tasks.digits.samples", 0, "numbers from 1"),
        ("tasks.digits.samples", None, "give samples or flops"),
        ("tasks.digits.flops", 1e9, "and not both"),
        ("tasks.digits.budget", 3, "'budget'"),
        ("tasks.digits.designs", {"lecture": {"fits": []}}, "'fits'"),
        ("tasks.digits.designs", {"lecture": 3}, "compare.tasks.digits.designs"),
        ("tasks.digits.overrides", ["data.path=${folder}/x"], "folder is not set"),
        ("claims.0.parts.0.better", "lectures", "is no entry of digits; did you mean 'lecture'?"),
        ("claims.0.parts.0.tasks", ["digit"], "'digit' is no task here; did you mean 'digits'?"),
        ("claims.0.parts.0.tasks", [], "tasks: empty"),
        ("claims.0.parts.0.classes", {"some": "("}, "classes: '(': not a regular expression"),
        ("claims.0.parts.0.equivalent", True, "claims[0].margin: must be above 0 and below 1"),
        ("claims.0.parts.0.more_than", "letters", "'letters' is no task"),
        ("claims.0.parts", "???", "is not set"),
    ],
)
def test_a_mistake_names_its_key(key: str, value: Any, said: str) -> None:
    node = OmegaConf.create(PLAN)
    OmegaConf.update(node, key, value, merge=False)
    with pytest.raises(UserError, match=r"^(compare|folder)") as error:
        read(node, None)
    assert said in str(error.value)


def test_what_only_a_training_knows_stays_as_it_is() -> None:
    node = OmegaConf.create(PLAN)
    node.tasks.digits.overrides = ["data.path=${folder}/x", "data.fold=${seed}"]
    assert read(node, "/data").tasks["digits"].overrides == ["data.path=${folder}/x", "data.fold=${seed}"]


def test_designs_are_named_in_the_order_of_the_file() -> None:
    node = OmegaConf.create(PLAN)
    node.tasks.more = {"overrides": [], "samples": 1, "designs": {"wide": [], "lecture": []}}
    entries = [("digits", "lecture"), ("digits", "dense"), ("more", "wide"), ("more", "lecture")]
    assert list(read(node, None).entries()) == entries


def test_a_start_that_is_not_in_the_folder_is_named(tmp_path: Path) -> None:
    plan = read(compose("compare", ["compare=few"]).compare, str(tmp_path))
    with pytest.raises(UserError, match=r"tasks\.digits\.designs\.trained start: init: .*image: no run here"):
        Entry(plan, "digits", "trained start", tmp_path / "out", str(tmp_path))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name == "lecture" else ())  # of fifty entries
        for name in NAMES
        if name != "few"  # see above
    ],
)
def test_every_comparison_composes_and_so_does_each_of_its_entries(name: str, tmp_path: Any) -> None:
    config = compose("compare", [f"compare={name}"])
    plan = read(config.compare, "/data/my 'own' folder")
    entries = [
        Entry(plan, task, design, tmp_path, "/data/my 'own' folder") for task, design in plan.entries()
    ]
    assert len({entry.folder for entry in entries}) == len(entries)


def test_the_readmes_comparison_is_fifteen_lines() -> None:
    assert len((PROJECT / "conf/compare/batchnorm.yaml").read_text().splitlines()) <= 15

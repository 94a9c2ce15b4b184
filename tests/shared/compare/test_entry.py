"""What a cell trains: the same budget and search as the others, each training in a folder of its own."""

from pathlib import Path

import numpy as np
import pytest

from shared.compare.entry import slug
from shared.config.settings import plain
from shared.errors import UserError
from tests.shared.compare.comparisons import PLAN, cells_of, ended, finish, measured, plan_of


def test_each_training_has_its_seed_budget_and_learning_rate(tmp_path: Path) -> None:
    cell, _ = cells_of(plan_of(), tmp_path)
    measured(cell)
    one, less = cell.search()
    for each, factor in ((one, 1), (less, 0.3)):
        config = each.job.config
        assert (config.seed, config.test) == (0, False)
        assert config.optimizer.lr == pytest.approx(0.003 * factor)
        assert config.schedule.max_lr == config.optimizer.lr  # what follows from it follows
        assert config.data.epoch_size * config.trainer.max_epochs == 1000
        assert "folder" not in config
    ended(one, np.ones(4), val=0.5)
    assert cell.trainings() == []  # the search is not at its end
    ended(less, np.ones(4), val=0.6)
    found = cell.trainings()
    assert [(each.seed, each.job.config.seed, each.job.config.test) for each in found] == [
        (seed, seed, True) for seed in range(5)
    ]
    assert all(each.job.config.optimizer.lr == pytest.approx(0.0009) for each in found)
    folders = {each.job.folder for each in (*cell.search(), *found)} | {cell.measuring.folder}
    assert len(folders) == 8
    assert cell.finished is None


def test_of_equal_learning_rates_the_first_named_is_used(tmp_path: Path) -> None:
    cell, _ = cells_of(plan_of(), tmp_path)
    measured(cell)
    for training in cell.search():
        ended(training, np.ones(4), val=0.5)
    assert cell.factor == 1


def test_one_learning_rate_is_not_searched(tmp_path: Path) -> None:
    cell, _ = cells_of(plan_of(learning_rates=[2]), tmp_path)
    measured(cell)
    assert cell.search() == []
    assert cell.trainings()[0].job.config.optimizer.lr == pytest.approx(0.006)


def test_a_budget_of_arithmetic_gives_the_thrifty_more_samples(tmp_path: Path) -> None:
    tasks = {"digits": {**PLAN["tasks"]["digits"], "samples": None, "flops": 6e6}}
    cells = cells_of(plan_of(tasks=tasks), tmp_path)
    for cell, flops in zip(cells, (2000, 500), strict=True):
        measured(cell, flops=flops)
    assert [cell.samples for cell in cells] == [1000, 4000]


def test_a_fold_that_follows_the_seed_gives_each_seed_its_own_items(tmp_path: Path) -> None:
    task = {"overrides": ["domain=text", "data.folds=5"], "samples": 10, "cells": {"lecture": []}}
    folds = {**task, "overrides": [*task["overrides"], "data.fold=${seed}"]}
    plan = plan_of(tasks={"same": task, "folds": folds}, claims=[])
    same, own = cells_of(plan, tmp_path)
    assert (same.same_items, own.same_items) == (True, False)
    measured(own)
    assert [each.job.config.data.fold for each in own.search()] == [0, 0]


def test_other_settings_have_another_folder_and_the_same_ones_the_same(tmp_path: Path) -> None:
    one, again = (cells_of(plan_of(), tmp_path)[0].measuring for _ in range(2))
    assert one.folder == again.folder
    tasks = {"digits": {**PLAN["tasks"]["digits"], "overrides": ["domain=image", "data.batch_size=7"]}}
    assert cells_of(plan_of(tasks=tasks), tmp_path)[0].measuring.folder != one.folder
    assert plain(one.config) == plain(again.config)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model.fliters=3", "fliters"),
        ("model=image/none", "image/none"),
        ("domain", "domain"),
        ("data=image/folder", "data.path is not set"),
        ("data.batch_size=${nothing}", "nothing"),
    ],
)
def test_an_override_that_does_not_fit_names_task_and_reason(
    override: str, said: str, tmp_path: Path
) -> None:
    tasks = {"digits": {**PLAN["tasks"]["digits"], "cells": {"lecture": [override], "dense": []}}}
    with pytest.raises(UserError, match=r"compare\.tasks\.digits") as error:
        cells_of(plan_of(tasks=tasks), tmp_path)
    assert said in str(error.value)


def test_names_cannot_leave_the_folder() -> None:
    assert slug("../../etc/passwd") == "etc_passwd"
    assert slug("…") == "_"
    assert len(slug("x" * 999)) == 40


def test_a_finished_cell_gives_its_runs(tmp_path: Path) -> None:
    cell, _ = cells_of(plan_of(), tmp_path)
    finish(cell, 0.5)
    runs = cell.finished
    assert runs is not None
    assert [run.metrics["seed"] for run in runs] == [0, 1, 2, 3, 4]

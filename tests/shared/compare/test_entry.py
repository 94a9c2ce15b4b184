"""The trainings of an entry: budget and search as of the others, each in a folder of its own."""

from pathlib import Path

import numpy as np
import pytest

from shared.compare.entry import slug
from shared.config.project import plain
from shared.errors import UserError
from tests.shared.compare.comparisons import PLAN, ended, entries_of, finish, measured, plan_of


def test_each_training_has_its_seed_budget_and_learning_rate(tmp_path: Path) -> None:
    entry, _ = entries_of(plan_of(), tmp_path)
    measured(entry)
    one, less = entry.search()
    for each, factor in ((one, 1), (less, 0.3)):
        config = each.job.config
        assert (config.seed, config.test) == (0, False)
        assert config.optimizer.lr == pytest.approx(0.003 * factor)
        assert config.schedule.max_lr == config.optimizer.lr  # which is derived from it
        assert config.data.epoch_size * config.trainer.max_epochs == 1000
        assert "folder" not in config
    ended(one, np.ones(4), val=0.5)
    assert entry.trainings() == []  # the search has not ended
    ended(less, np.ones(4), val=0.6)
    trainings = entry.trainings()
    assert [
        (training.seed, training.job.config.seed, training.job.config.test) for training in trainings
    ] == [(seed, seed, True) for seed in range(5)]
    assert all(training.job.config.optimizer.lr == pytest.approx(0.0009) for training in trainings)
    folders = {training.job.folder for training in (*entry.search(), *trainings)} | {entry.measuring.folder}
    assert len(folders) == 8
    assert entry.finished is None


def test_of_equal_learning_rates_the_first_named_is_used(tmp_path: Path) -> None:
    entry, _ = entries_of(plan_of(), tmp_path)
    measured(entry)
    for training in entry.search():
        ended(training, np.ones(4), val=0.5)
    assert entry.factor == 1


def test_one_learning_rate_is_not_searched(tmp_path: Path) -> None:
    entry, _ = entries_of(plan_of(learning_rates=[2]), tmp_path)
    measured(entry)
    assert entry.search() == []
    assert entry.trainings()[0].job.config.optimizer.lr == pytest.approx(0.006)


def test_with_a_budget_of_flops_a_cheaper_network_sees_more_samples(tmp_path: Path) -> None:
    tasks = {"digits": {**PLAN["tasks"]["digits"], "samples": None, "flops": 6e6}}
    entries = entries_of(plan_of(tasks=tasks), tmp_path)
    for entry, flops in zip(entries, (2000, 500), strict=True):
        measured(entry, flops=flops)
    assert [entry.samples for entry in entries] == [1000, 4000]


def test_a_fold_that_follows_the_seed_gives_each_seed_its_own_items(tmp_path: Path) -> None:
    task = {"overrides": ["domain=text", "data.folds=5"], "samples": 10, "cells": {"lecture": []}}
    folds = {**task, "overrides": [*task["overrides"], "data.fold=${seed}"]}
    plan = plan_of(tasks={"same": task, "folds": folds}, claims=[])
    same, own = entries_of(plan, tmp_path)
    assert (same.same_items, own.same_items) == (True, False)
    measured(own)
    assert [training.job.config.data.fold for training in own.search()] == [0, 0]


def test_other_settings_have_another_folder_and_the_same_ones_the_same(tmp_path: Path) -> None:
    one, again = (entries_of(plan_of(), tmp_path)[0].measuring for _ in range(2))
    assert one.folder == again.folder
    tasks = {"digits": {**PLAN["tasks"]["digits"], "overrides": ["domain=image", "data.batch_size=7"]}}
    assert entries_of(plan_of(tasks=tasks), tmp_path)[0].measuring.folder != one.folder
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
        entries_of(plan_of(tasks=tasks), tmp_path)
    assert said in str(error.value)


def test_names_cannot_leave_the_folder() -> None:
    assert slug("../../etc/passwd") == "etc_passwd"
    assert slug("…") == "_"
    assert len(slug("x" * 999)) == 40


def test_a_finished_entry_gives_its_runs(tmp_path: Path) -> None:
    entry, _ = entries_of(plan_of(), tmp_path)
    finish(entry, 0.5)
    runs = entry.finished
    assert runs is not None
    assert [run.metrics["seed"] for run in runs] == [0, 1, 2, 3, 4]

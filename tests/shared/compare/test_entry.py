"""The trainings of an entry: budget and search as of the others, each in a folder of its own."""

from pathlib import Path

import pytest

from shared.compare.entry import Entry, slug
from shared.config.project import plain
from shared.errors import UserError
from tests.shared.compare.comparisons import PLAN, QUICK, do, entries_of, plan_of, quick_plan


def test_each_training_has_its_seed_budget_and_learning_rate(trained_entries: list[Entry]) -> None:
    entry = trained_entries[0]
    for job, factor in zip(entry.search(), (1, 0.3), strict=True):
        config = job.config
        assert (config.seed, config.test) == (0, False)
        assert config.optimizer.lr == pytest.approx(0.003 * factor)
        assert config.schedule.max_lr == config.optimizer.lr  # which is derived from it
        assert config.data.epoch_size * config.trainer.max_epochs == 100
        assert "folder" not in config
    accuracies = {job.factor: job.run.metrics["val/acc"] for job in entry.search() if job.run}
    assert entry.factor == max(accuracies, key=lambda factor: accuracies[factor])
    trainings = entry.trainings()
    assert [(job.config.seed, job.config.test) for job in trainings] == [(0, True), (1, True)]
    assert all(job.config.optimizer.lr == pytest.approx(0.003 * entry.factor) for job in trainings)
    folders = {job.folder for job in (entry.measuring, *entry.search(), *trainings)}
    assert len(folders) == 5
    runs = entry.finished
    assert runs is not None
    assert [run.metrics["seed"] for run in runs] == [0, 1]


def test_nothing_is_compared_before_the_search_has_ended(tmp_path: Path) -> None:
    entry, _ = entries_of(quick_plan(), tmp_path)
    assert entry.search() == []  # the budget may follow from the facts
    do(entry.measuring)
    do(entry.search()[0])
    assert (entry.factor, entry.trainings(), entry.finished) == (None, [], None)


def test_of_equal_learning_rates_the_first_named_is_used(tmp_path: Path) -> None:
    entry, _ = entries_of(quick_plan(learning_rates=[1e-9, 2e-9]), tmp_path)
    do(entry.measuring)
    do(*entry.search())
    first, second = (job.run.metrics["val/acc"] for job in entry.search() if job.run)
    assert first == second
    assert entry.factor == 1e-9


def test_one_learning_rate_is_not_searched(tmp_path: Path) -> None:
    entry, _ = entries_of(quick_plan(learning_rates=[2]), tmp_path)
    do(entry.measuring)
    assert entry.search() == []
    assert entry.trainings()[0].config.optimizer.lr == pytest.approx(0.006)


def test_with_a_budget_of_flops_a_cheaper_network_sees_more_samples(tmp_path: Path) -> None:
    cells = {"pooled": [], "whole": ["model.layers=[flatten, {dense: classes}]"]}
    tasks = {"digits": {"overrides": QUICK, "flops": 6e6, "cells": cells}}
    entries = entries_of(quick_plan(tasks=tasks, claims=[]), tmp_path)
    do(*(entry.measuring for entry in entries))
    assert [entry.samples for entry in entries] == [
        round(6e6 / 3 / (entry.facts or {})["flops"]) for entry in entries
    ]
    assert entries[0].samples > 5 * entries[1].samples


def test_a_fold_that_follows_the_seed_gives_each_seed_its_own_items(tmp_path: Path) -> None:
    task = {"overrides": ["domain=text", "data.folds=5"], "samples": 10, "cells": {"lecture": []}}
    folds = {**task, "overrides": [*task["overrides"], "data.fold=${seed}"]}
    plan = plan_of(tasks={"same": task, "folds": folds}, claims=[])
    same, own = entries_of(plan, tmp_path)
    assert (same.same_items, own.same_items) == (True, False)
    assert [own._configuration(seed).data.fold for seed in own.seeds] == [0, 1, 2, 3, 4]


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

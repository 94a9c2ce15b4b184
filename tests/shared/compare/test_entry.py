"""The trainings of an entry: budget and search as of the others, each in a folder of its own."""

from pathlib import Path

import pytest

from shared.compare.entry import Entry, slug
from shared.compare.jobs import Job
from shared.config.project import plain
from shared.errors import UserError
from shared.files import write_json
from shared.runs import Run
from tests.shared.compare.comparisons import PLAN, QUICK, do, entries_of, know, plan_of, quick_plan


def test_each_training_has_its_seed_budget_and_learning_rate(trained_entries: list[Entry]) -> None:
    entry = trained_entries[0]
    for job, factor in zip(entry.search(1)[:2], (1, 0.3), strict=True):
        config = job.config
        assert (config.seed, config.test) == (0, False)
        assert config.optimizer.lr == pytest.approx(0.003 * factor)
        assert config.schedule.max_lr == config.optimizer.lr  # which is derived from it
        assert config.data.epoch_size * config.trainer.max_epochs == 100
        assert "folder" not in config
    accuracies = {job.factor: job.run.metrics["val/acc"] for job in entry.search(1) if job.run}
    factor = entry.factor(1)
    assert factor == max(accuracies, key=lambda factor: accuracies[factor])
    trainings = entry.trainings(1)
    assert [(job.config.seed, job.config.test) for job in trainings] == [(0, True), (1, True)]
    assert all(job.config.optimizer.lr == pytest.approx(0.003 * factor) for job in trainings)
    folders = {entry.folder, *(job.folder for job in (*entry.search(1), *trainings))}
    assert len(folders) == 3 + len(entry.search(1))
    runs = entry.finished(1)
    assert runs is not None
    assert [run.metrics["seed"] for run in runs] == [0, 1]


def test_nothing_is_compared_before_the_search_has_ended(tmp_path: Path) -> None:
    entry, _ = entries_of(quick_plan(), tmp_path)
    assert entry.search(1) == []  # the budget may follow from the facts
    know(entry)
    do(entry.search(1)[0])
    assert (entry.factor(1), entry.trainings(1), entry.finished(1)) == (None, [], None)
    assert list(entry.waiting(1)) == entry.search(1)[1:]


def write_run(job: Job, accuracy: float) -> None:
    run = Run.named(job.folder, "image").make(job.config)
    sizes = dict.fromkeys(("seed", "params", "flops", "epochs", "steps"), 0)
    times = dict.fromkeys(("train_seconds", "samples_per_second"), 1.0)
    named = {"domain": "image", "model": "image/lecture", "data": "image/digits"}
    write_json(run.folder / "metrics.json", {**named, **sizes, **times, "val/acc": accuracy})


def ended(entry: Entry, accuracies: dict[float, float]) -> None:
    """Write runs of a search, by factor, without training them."""
    for job in entry.search(1):
        write_run(job, accuracies[job.factor])


def test_a_search_goes_on_while_its_best_is_at_the_edge(tmp_path: Path) -> None:
    entry, other = entries_of(quick_plan(learning_rates=[1, 0.3, 3]), tmp_path)
    know(entry, other)
    accuracies = {1: 0.8, 0.3: 0.7, 3: 0.9, 9: 0.95, 27: 0.95, 81: 0.1}
    ended(entry, accuracies)
    assert [job.factor for job in entry.waiting(1)] == [9]
    ended(entry, accuracies)
    assert [job.factor for job in entry.waiting(1)] == [27]
    ended(entry, accuracies)
    assert entry.factor(1) == 9  # of equal ones the first that was tried
    assert not entry.at_edge(1)
    ended(other, {1: 0.8, 0.3: 0.9, 3: 0.7})
    assert [job.factor for job in other.waiting(1)] == [0.09]


def test_a_search_without_an_inside_ends(tmp_path: Path) -> None:
    entry, _ = entries_of(quick_plan(learning_rates=[1, 2]), tmp_path)
    know(entry)
    for _ in range(9):
        ended(entry, {2.0**n: 0.1 + 0.01 * n for n in range(9)})
    assert (entry.factor(1), entry.at_edge(1)) == (32, True)


def test_one_learning_rate_is_not_searched(tmp_path: Path) -> None:
    entry, _ = entries_of(quick_plan(learning_rates=[2]), tmp_path)
    know(entry)
    assert entry.search(1) == []
    assert entry.trainings(1)[0].config.optimizer.lr == pytest.approx(0.006)


def test_all_budgets_take_the_rate_of_the_one_that_is_searched(tmp_path: Path) -> None:
    entry, _ = entries_of(quick_plan(budgets=[16, 1, 4], searched=4, learning_rates=[1, 0.5, 2]), tmp_path)
    know(entry)
    assert [entry.samples(budget) for budget in entry.budgets] == [100, 400, 1600]
    assert entry.search(1) == entry.search(16) == []
    assert len(entry.search(4)) == 3
    assert entry.factor(1) is None
    for job in entry.search(4):
        write_run(job, 1 - abs(job.factor - 1))
    assert (entry.factor(1), entry.factor(4), entry.factor(16)) == (1, 1, 1)


def test_with_a_budget_of_flops_a_cheaper_network_sees_more_samples(tmp_path: Path) -> None:
    designs = {"pooled": [], "whole": ["model.layers=[flatten, {dense: classes}]"]}
    tasks = {"digits": {"overrides": QUICK, "flops": 6e6, "designs": designs}}
    entries = entries_of(quick_plan(tasks=tasks, claims=[]), tmp_path)
    know(*entries)
    assert [entry.samples(1) for entry in entries] == [
        round(6e6 / 3 / (entry.facts or {})["flops"]) for entry in entries
    ]
    assert entries[0].samples(1) > 5 * entries[1].samples(1)


def test_a_fold_that_follows_the_seed_gives_each_seed_its_own_items(tmp_path: Path) -> None:
    task = {"overrides": ["domain=text", "data.folds=5"], "samples": 10, "designs": {"lecture": []}}
    folds = {**task, "overrides": [*task["overrides"], "data.fold=${seed}"]}
    plan = plan_of(tasks={"same": task, "folds": folds}, claims=[])
    same, own = entries_of(plan, tmp_path)
    assert (same.same_items, own.same_items) == (True, False)
    assert [own._configuration(seed).data.fold for seed in own.seeds] == [0, 1, 2, 3, 4]


def test_other_settings_have_another_folder_and_the_same_ones_the_same(tmp_path: Path) -> None:
    one, again = (entries_of(plan_of(), tmp_path)[0] for _ in range(2))
    assert one.folder == again.folder
    tasks = {"digits": {**PLAN["tasks"]["digits"], "overrides": ["domain=image", "data.batch_size=7"]}}
    assert entries_of(plan_of(tasks=tasks), tmp_path)[0].folder != one.folder
    assert plain(one.configuration) == plain(again.configuration)


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
    tasks = {"digits": {**PLAN["tasks"]["digits"], "designs": {"lecture": [override], "dense": []}}}
    with pytest.raises(UserError, match=r"compare\.tasks\.digits") as error:
        entries_of(plan_of(tasks=tasks), tmp_path)
    assert said in str(error.value)


def test_names_cannot_leave_the_folder() -> None:
    assert slug("../../etc/passwd") == "etc_passwd"
    assert slug("…") == "_"
    assert len(slug("x" * 999)) == 40

"""Verdicts: what the interval, the margin and the parameters say of a claim."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.compare.claims import Finding, judge, verdict
from shared.compare.effects import matrix
from shared.compare.results import results
from shared.compare.spec import Comparison
from shared.compare.statistics import Estimate
from tests.shared.compare.comparisons import PLAN, cells_of, ended, finish, measured, plan_of


@pytest.mark.parametrize(
    ("value", "error", "margin", "expected"),
    [
        (0.05, 0.01, 0.0, "holds"),
        (-0.05, 0.01, 0.0, "fails"),
        (0.01, 0.01, 0.0, "not shown"),
        (-0.005, 0.001, 0.01, "holds"),  # worse, but by less than counts
        (-0.05, 0.01, 0.01, "fails"),
        (-0.01, 0.01, 0.01, "not shown"),
    ],
)
def test_a_verdict_is_where_the_interval_lies(
    value: float, error: float, margin: float, expected: str
) -> None:
    assert verdict(Estimate(value, error, 100, 5, 1000), margin) == expected


def asked(**part: Any) -> Comparison:
    return plan_of(claims=[{"says": "A claim.", "parts": [{**PLAN["claims"][0]["parts"][0], **part}]}])


def only(plan: Comparison, home: Path) -> Finding:
    [judged] = judge(plan, results(cells_of(plan, home)))
    assert len(judged.findings) == 1
    assert judged.verdict == judged.findings[0].verdict
    return judged.findings[0]


def test_a_claim_holds_by_the_items_that_both_were_tested_on(tmp_path: Path) -> None:
    lecture, dense = cells_of(plan_of(), tmp_path)
    finish(lecture, 0.9)
    finish(dense, 0.5)
    found = only(asked(), tmp_path)
    assert found.verdict == "holds"
    assert found.difference
    right = [np.mean([run.metrics["test/acc"] for run in cell.finished or []]) for cell in (lecture, dense)]
    assert found.difference.value == pytest.approx(right[0] - right[1])
    assert (found.difference.seeds, found.difference.items) == (5, 200)
    swapped = only(asked(better="dense", than="lecture"), tmp_path)
    assert swapped.verdict == "fails"
    assert swapped.difference
    assert swapped.difference.high == pytest.approx(-found.difference.low)


def test_a_difference_in_size_is_fair_only_where_the_claim_is_about_it(tmp_path: Path) -> None:
    lecture, dense = cells_of(plan_of(), tmp_path)
    finish(lecture, 0.9, params=100)
    finish(dense, 0.5, params=600)
    assert only(asked(), tmp_path).verdict == "not shown"
    assert "unfair" in only(asked(), tmp_path).why
    assert only(asked(parameters=0.17), tmp_path).verdict == "holds"
    assert only(asked(parameters=0.1), tmp_path).verdict == "fails"


def test_what_has_not_been_trained_is_not_shown(tmp_path: Path) -> None:
    lecture, dense = cells_of(plan_of(), tmp_path)
    finish(lecture, 0.9)
    measured(dense)
    found = only(asked(), tmp_path)
    assert (found.verdict, found.why) == ("not shown", "not trained: dense on digits")


def test_other_test_items_are_no_pairs(tmp_path: Path) -> None:
    lecture, dense = cells_of(plan_of(), tmp_path)
    finish(lecture, 0.9)
    finish(dense, 0.5, n=190)
    assert only(asked(), tmp_path).why == "no items that both were tested on"


def test_classes_choose_the_items(tmp_path: Path) -> None:
    lecture, dense = cells_of(plan_of(learning_rates=[1]), tmp_path)
    in_a = np.isin(np.arange(200) % 5, [0, 2])  # classes A1 and A2
    for cell, right in ((lecture, in_a), (dense, ~in_a)):
        measured(cell)
        for training in cell.trainings():
            ended(training, right)

    def judged(classes: str) -> Finding:
        plan = asked(classes={"some": classes})
        plan.learning_rates = [1.0]
        return only(plan, tmp_path)

    assert judged(r"A\d").verdict == "holds"
    assert judged(r"[BC]\d").verdict == "fails"
    found = judged(r"A\d").difference
    assert found
    assert found.items == 80
    assert judged("Z").why == "no items that both were tested on"


def test_a_difference_may_have_to_be_larger_than_on_another_task(tmp_path: Path) -> None:
    task = PLAN["tasks"]["digits"]
    others = {**task, "overrides": ["domain=image", "data.batch_size=50"]}
    part = {**PLAN["claims"][0]["parts"][0], "more_than": "others"}
    plan = plan_of(tasks={"digits": task, "others": others}, claims=[{"says": "A claim.", "parts": [part]}])
    for cell, accuracy in zip(cells_of(plan, tmp_path), (0.9, 0.3, 0.9, 0.8), strict=True):
        finish(cell, accuracy)
    found = only(plan, tmp_path)
    assert found.verdict == "holds"
    assert found.difference
    assert found.difference.value == pytest.approx(0.5, abs=0.1)


def test_the_matrix_holds_designs_that_differ_in_one_choice_against_the_domains_own(tmp_path: Path) -> None:
    designs: dict[str, dict[str, str]] = {
        "own": {},
        "dense": {"slides along": "nothing", "pooling": "none"},
        "unpooled": {"pooling": "none"},
        "two at once": {"pooling": "none", "padding": "zeros"},
    }
    cells = {
        design: [f"training.ema=0.9{number}", f"model.pool={'none' if 'pool' in design else 'max'}"]
        for number, design in enumerate(designs)
    }
    cells["two at once"].append("model.pad=zeros")
    cells["dense"] = ["model=image/dense"]
    plan = plan_of(tasks={"digits": {**PLAN["tasks"]["digits"], "cells": cells}}, claims=[])
    made = cells_of(plan, tmp_path)
    for cell, facts in zip(made, designs.values(), strict=True):
        finish(cell, 0.5, **facts)
    rows, columns, found = matrix(plan, results(made))
    assert columns == ["digits"]
    assert rows == ["slides along: both axes", "slides along: nothing", "pooling: none", "pooling: some"]
    assert found["slides along: both axes", "digits"] is None
    assert found["pooling: some", "digits"] is None
    assert found["pooling: none", "digits"]

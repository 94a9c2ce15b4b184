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
from tests.shared.compare.comparisons import PLAN, ended, entries_of, finish, measured, plan_of


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


def plan_with(**part: Any) -> Comparison:
    return plan_of(claims=[{"says": "A claim.", "parts": [{**PLAN["claims"][0]["parts"][0], **part}]}])


def only(plan: Comparison, home: Path) -> Finding:
    [judged] = judge(plan, results(entries_of(plan, home)))
    assert len(judged.findings) == 1
    assert judged.verdict == judged.findings[0].verdict
    return judged.findings[0]


def test_a_claim_holds_by_the_items_that_both_were_tested_on(tmp_path: Path) -> None:
    lecture, dense = entries_of(plan_of(), tmp_path)
    finish(lecture, 0.9)
    finish(dense, 0.5)
    finding = only(plan_with(), tmp_path)
    assert finding.verdict == "holds"
    assert finding.difference
    right = [np.mean([run.metrics["test/acc"] for run in entry.finished or []]) for entry in (lecture, dense)]
    assert finding.difference.value == pytest.approx(right[0] - right[1])
    assert (finding.difference.seeds, finding.difference.items) == (5, 200)
    swapped = only(plan_with(better="dense", than="lecture"), tmp_path)
    assert swapped.verdict == "fails"
    assert swapped.difference
    assert swapped.difference.high == pytest.approx(-finding.difference.low)


def test_a_difference_in_size_is_fair_only_where_the_claim_is_about_it(tmp_path: Path) -> None:
    lecture, dense = entries_of(plan_of(), tmp_path)
    finish(lecture, 0.9, params=100)
    finish(dense, 0.5, params=600)
    assert only(plan_with(), tmp_path).verdict == "not shown"
    assert "unfair" in only(plan_with(), tmp_path).why
    assert only(plan_with(parameters=0.17), tmp_path).verdict == "holds"
    assert only(plan_with(parameters=0.1), tmp_path).verdict == "fails"


def test_what_has_not_been_trained_is_not_shown(tmp_path: Path) -> None:
    lecture, dense = entries_of(plan_of(), tmp_path)
    finish(lecture, 0.9)
    measured(dense)
    finding = only(plan_with(), tmp_path)
    assert (finding.verdict, finding.why) == ("not shown", "not trained: dense on digits")


def test_different_test_items_cannot_be_paired(tmp_path: Path) -> None:
    lecture, dense = entries_of(plan_of(), tmp_path)
    finish(lecture, 0.9)
    finish(dense, 0.5, n=190)
    assert only(plan_with(), tmp_path).why == "no items that both were tested on"


def test_classes_choose_the_items(tmp_path: Path) -> None:
    lecture, dense = entries_of(plan_of(learning_rates=[1]), tmp_path)
    in_a = np.isin(np.arange(200) % 5, [0, 2])  # classes A1 and A2
    for entry, right in ((lecture, in_a), (dense, ~in_a)):
        measured(entry)
        for training in entry.trainings():
            ended(training, right)

    def judged(classes: str) -> Finding:
        plan = plan_with(classes={"some": classes})
        plan.learning_rates = [1.0]
        return only(plan, tmp_path)

    assert judged(r"A\d").verdict == "holds"
    assert judged(r"[BC]\d").verdict == "fails"
    difference = judged(r"A\d").difference
    assert difference
    assert difference.items == 80
    assert judged("Z").why == "no items that both were tested on"


def test_a_difference_may_have_to_be_larger_than_on_another_task(tmp_path: Path) -> None:
    task = PLAN["tasks"]["digits"]
    others = {**task, "overrides": ["domain=image", "data.batch_size=50"]}
    part = {**PLAN["claims"][0]["parts"][0], "more_than": "others"}
    plan = plan_of(tasks={"digits": task, "others": others}, claims=[{"says": "A claim.", "parts": [part]}])
    for entry, accuracy in zip(entries_of(plan, tmp_path), (0.9, 0.3, 0.9, 0.8), strict=True):
        finish(entry, accuracy)
    finding = only(plan, tmp_path)
    assert finding.verdict == "holds"
    assert finding.difference
    assert finding.difference.value == pytest.approx(0.5, abs=0.1)


def test_the_matrix_compares_designs_that_differ_in_one_choice_with_the_domains_own(tmp_path: Path) -> None:
    designs: dict[str, dict[str, str]] = {
        "own": {},
        "dense": {"slides along": "nothing", "pooling": "none"},
        "unpooled": {"pooling": "none"},
        "two at once": {"pooling": "none", "padding": "zeros"},
    }
    entries = {
        design: [f"training.ema=0.9{number}", f"model.pool={'none' if 'pool' in design else 'max'}"]
        for number, design in enumerate(designs)
    }
    entries["two at once"].append("model.pad=zeros")
    entries["dense"] = ["model=image/dense"]
    plan = plan_of(tasks={"digits": {**PLAN["tasks"]["digits"], "cells": entries}}, claims=[])
    made = entries_of(plan, tmp_path)
    for entry, facts in zip(made, designs.values(), strict=True):
        finish(entry, 0.5, **facts)
    rows, columns, differences = matrix(plan, results(made))
    assert columns == ["digits"]
    assert rows == ["slides along: both axes", "slides along: nothing", "pooling: none", "pooling: some"]
    assert differences["slides along: both axes", "digits"] is None
    assert differences["pooling: some", "digits"] is None
    assert differences["pooling: none", "digits"]

"""Verdicts: what the interval, the margin and the parameters say of a claim."""

from typing import Any

import numpy as np
import pytest

from shared.compare.claims import Finding, judge, matrix, verdict
from shared.compare.results import Results
from shared.compare.spec import Comparison
from shared.compare.statistics import Estimate
from tests.shared.compare.comparisons import PLAN, of_digits, plan_of, result, right_at


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


def only(plan: Comparison, results: Results) -> Finding:
    [judged] = judge(plan, results)
    assert len(judged.findings) == 1
    assert judged.verdict == judged.findings[0].verdict
    return judged.findings[0]


def test_a_claim_holds_by_the_items_that_both_were_tested_on() -> None:
    results = of_digits(right_at(0.9), right_at(0.5))
    finding = only(plan_with(), results)
    assert finding.verdict == "holds"
    assert finding.difference
    lecture, dense = (result.accuracy.value for result in results.values())
    assert finding.difference.value == pytest.approx(lecture - dense)
    assert (finding.difference.seeds, finding.difference.items) == (5, 200)
    swapped = only(plan_with(better="dense", than="lecture"), results)
    assert swapped.verdict == "fails"
    assert swapped.difference
    assert swapped.difference.high == pytest.approx(-finding.difference.low)


def test_a_difference_in_size_is_fair_only_where_the_claim_is_about_it() -> None:
    results = of_digits(right_at(0.9, params=100), right_at(0.5, params=600))
    assert only(plan_with(), results).verdict == "not shown"
    assert "unfair" in only(plan_with(), results).why
    assert only(plan_with(parameters=0.17), results).verdict == "holds"
    assert only(plan_with(parameters=0.1), results).verdict == "fails"


def test_what_has_not_been_trained_is_not_shown() -> None:
    finding = only(plan_with(), {("digits", "lecture"): right_at(0.9)})
    assert (finding.verdict, finding.why) == ("not shown", "not trained: dense on digits")


def test_different_test_items_cannot_be_paired() -> None:
    results = of_digits(right_at(0.9), right_at(0.5, n=190))
    assert only(plan_with(), results).why == "no items that both were tested on"


def test_classes_choose_the_items() -> None:
    in_a = np.isin(np.arange(200) % 5, [0, 2])  # classes A1 and A2
    results = of_digits(result([in_a] * 5), result([~in_a] * 5))

    def judged(classes: str) -> Finding:
        return only(plan_with(classes={"some": classes}), results)

    assert judged(r"A\d").verdict == "holds"
    assert judged(r"[BC]\d").verdict == "fails"
    difference = judged(r"A\d").difference
    assert difference
    assert difference.items == 80
    assert judged("Z").why == "no items that both were tested on"


def test_a_difference_may_have_to_be_larger_than_on_another_task() -> None:
    task = PLAN["tasks"]["digits"]
    part = {**PLAN["claims"][0]["parts"][0], "more_than": "others"}
    plan = plan_of(tasks={"digits": task, "others": task}, claims=[{"says": "A claim.", "parts": [part]}])
    accuracies = zip(plan.entries(), (0.9, 0.3, 0.9, 0.8), strict=True)
    finding = only(plan, {entry: right_at(accuracy) for entry, accuracy in accuracies})
    assert finding.verdict == "holds"
    assert finding.difference
    assert finding.difference.value == pytest.approx(0.5, abs=0.1)


def test_the_matrix_compares_designs_that_differ_in_one_choice_with_the_domains_own() -> None:
    designs: dict[str, dict[str, str]] = {
        "own": {},
        "dense": {"slides along": "nothing", "pooling": "none"},
        "unpooled": {"pooling": "none"},
        "two at once": {"pooling": "none", "padding": "zeros"},
    }
    task = {**PLAN["tasks"]["digits"], "cells": {design: [] for design in designs}}
    plan = plan_of(tasks={"digits": task}, claims=[])
    made = {("digits", design): right_at(0.5, **facts) for design, facts in designs.items()}
    rows, columns, differences = matrix(plan, made)
    assert columns == ["digits"]
    assert rows == ["slides along: both axes", "slides along: nothing", "pooling: none", "pooling: some"]
    assert differences["slides along: both axes", "digits"] is None
    assert differences["pooling: some", "digits"] is None
    assert differences["pooling: none", "digits"]

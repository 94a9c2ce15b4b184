"""Verdicts: what the interval, the margin and the parameters say of a claim."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from shared.compare.claims import Finding, Judged, decide, judge, matrix
from shared.compare.results import Result, Results
from shared.compare.spec import Claim, Comparison, Part
from shared.compare.statistics import Estimate
from tests.shared.compare.comparisons import DESIGN, PADDED, PLAN, of_digits, plan_of, result, right_at

PART = Part(better="lecture", than="dense", tasks=["digits"])


def part_with(value: float, error: float, part: Part = PART) -> Finding:
    return Finding(part, "digits", None, "not shown", Estimate(value, error, 100, 5, 1000))


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
    [decided] = decide([part_with(value, error, replace(PART, margin=margin))])
    assert decided.verdict == expected
    assert decided.difference
    clear = decided.difference.low > -margin or decided.difference.high < -margin
    assert (decided.verdict != "not shown") == clear


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (0.0, 0.004, "equivalent"),
        (0.009, 0.0004, "equivalent"),  # a difference, but a smaller one than counts
        (0.0, 0.006, "not shown"),
        (0.009, 0.004, "not shown"),
        (0.03, 0.004, "fails"),
        (-0.03, 0.004, "fails"),
    ],
)
def test_designs_are_equivalent_where_the_interval_lies_within_the_margin(
    value: float, error: float, expected: str
) -> None:
    [decided] = decide([part_with(value, error, replace(PART, margin=0.01, equivalent=True))])
    assert decided.verdict == expected


def test_what_fails_alone_does_not_among_many_parts_but_what_holds_does() -> None:
    fails, holds, open_ = part_with(-0.022, 0.01), part_with(0.022, 0.01), part_with(0.005, 0.01)
    assert [one.verdict for one in decide([fails])] == ["fails"]
    first, second, *_ = decided = decide([fails, holds, open_, open_])
    assert (first.verdict, second.verdict) == ("not shown", "holds")
    assert "among the 4 parts of the report" in first.why
    # Holm (1979), by hand: the smallest p four times, the next three times, never below the one before.
    alone = 2 * stats.t.sf(2.2, 100)
    rest = 2 * stats.t.sf(0.5, 100)
    assert [one.holm for one in decided] == pytest.approx([4 * alone, 4 * alone, 1, 1])
    assert 2 * rest > 1
    assert decide([part_with(-0.08, 0.01), holds, open_, open_])[0].verdict == "fails"


def test_in_nineteen_of_twenty_reports_no_corrected_part_is_wrong() -> None:
    rng, wrong, alone = np.random.default_rng(0), 0, 0
    for _ in range(200):  # of ten parts, each with the truth at the margin
        decided = decide([part_with(value, 0.01) for value in rng.normal(0, 0.01, 10)])
        wrong += any(finding.holm is not None and finding.holm <= 0.05 for finding in decided)
        alone += any(finding.verdict == "holds" for finding in decided)
    assert wrong <= 20
    assert alone > 25  # each alone is wrong in one of forty


def test_parts_that_something_else_decided_are_none_of_the_many() -> None:
    other = part_with(-0.022, 0.01)._replace(why="not trained: dense on digits")
    assert [one.verdict for one in decide([part_with(-0.022, 0.01), other])] == ["fails", "not shown"]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["holds", "equivalent"], "holds"),
        (["equivalent", "equivalent"], "equivalent"),
        (["holds", "not shown"], "not shown"),
        (["holds", "not shown", "fails"], "fails"),
    ],
)
def test_a_claim_holds_if_all_parts_do(verdicts: list[Any], expected: str) -> None:
    findings = [part_with(0, 1)._replace(verdict=verdict) for verdict in verdicts]
    assert Judged(Claim("A claim.", [PART]), findings).verdict == expected


@pytest.mark.parametrize("seeds", [1, 2])
def test_fewer_than_three_seeds_give_no_verdict(seeds: int) -> None:
    rights = [np.ones(200, bool)] * seeds, [np.zeros(200, bool)] * seeds
    finding = only(plan_with(), of_digits(*map(result, rights)))
    assert finding.verdict == "not shown"
    assert finding.why == f"no verdict from fewer than 3 seeds, got {seeds}"
    assert finding.holm is None


def test_two_designs_that_answer_alike_do_not_hold_without_room() -> None:
    same = of_digits(right_at(0.9), right_at(0.9))
    assert only(plan_with(), same).verdict == "not shown"
    assert only(plan_with(margin=0.01), same).verdict == "not shown"  # of 100 pairs of items
    assert only(plan_with(margin=0.05, equivalent=True), same).verdict == "equivalent"


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


def test_a_claim_about_size_holds_if_the_design_is_small_enough() -> None:
    results = of_digits(right_at(0.9, params=100, flops=50), right_at(0.5, params=600, flops=100))
    finding = only(plan_with(parameters=0.17), results)
    assert (finding.verdict, finding.parameters, finding.flops) == ("holds", pytest.approx(1 / 6), 0.5)
    assert only(plan_with(parameters=0.1), results).verdict == "fails"


def test_the_largest_budget_decides_and_all_are_drawn() -> None:
    part = {**PLAN["claims"][0]["parts"][0]}
    plan = plan_of(budgets=[4, 1], claims=[{"says": "A claim.", "parts": [part]}])
    few, many = of_digits(right_at(0.5), right_at(0.9)), of_digits(right_at(0.9), right_at(0.5))
    results = {("digits", design, 1): few["digits", design, 1] for design in ("lecture", "dense")}
    assert only(plan, results).why == "not trained: lecture on digits, ×4, dense on digits, ×4"
    results |= {("digits", design, 4): many["digits", design, 1] for design in ("lecture", "dense")}
    finding = only(plan, results)
    assert finding.verdict == "holds"
    assert [difference.value > 0 for _, difference in finding.curve] == [False, True]


def test_the_gap_is_what_training_items_have_more() -> None:
    def trained(training: float, accuracy: float) -> Result:
        accuracies = [training + 0.001 * seed for seed in range(5)]
        return replace(right_at(accuracy), training_accuracy=accuracies)

    finding = only(plan_with(measure="gap"), of_digits(trained(0.91, 0.9), trained(0.99, 0.5)))
    assert finding.verdict == "holds"
    assert finding.difference
    assert finding.difference.value == pytest.approx(0.5, abs=0.1)


def test_what_has_not_been_trained_is_not_shown() -> None:
    finding = only(plan_with(), {("digits", "lecture", 1): right_at(0.9)})
    assert (finding.verdict, finding.why) == ("not shown", "not trained: dense on digits, ×1")


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
    finding = only(plan, {(*entry, 1): right_at(accuracy) for entry, accuracy in accuracies})
    assert finding.verdict == "holds"
    assert finding.difference
    assert finding.difference.value == pytest.approx(0.5, abs=0.1)


def test_the_matrix_compares_designs_that_differ_in_one_choice_with_the_domains_own() -> None:
    kernel = {"layers": [{**DESIGN["layers"][0], "kernel": [5, 5]}]}
    both = {"layers": [{**PADDED["layers"][0], "kernel": [5, 5]}]}
    designs: dict[str, dict[str, Any]] = {"own": {}, "padded": PADDED, "kernel": kernel, "two at once": both}
    task = {**PLAN["tasks"]["digits"], "designs": {design: [] for design in designs}}
    plan = plan_of(tasks={"digits": task}, claims=[])
    made = {("digits", design, 1): right_at(0.5, **facts) for design, facts in designs.items()}
    rows, columns, gains = matrix(plan, made)
    assert columns == ["digits"]
    assert rows == ["padding: zeros", "padding: none", "kernel: 5×5", "kernel: 3×3"]
    assert gains["padding: none", "digits"] is None
    assert gains["kernel: 3×3", "digits"] is None
    assert gains["padding: zeros", "digits"]

"""What the page of a comparison says: claims in order, with number, reach, literature, and details folded."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markdown_it import MarkdownIt

from shared.compare.claims import Judged, judge
from shared.compare.fairness import fairness
from shared.compare.report import write_report
from shared.compare.results import Results
from shared.compare.sentences import course, deciding, speaks_of
from shared.compare.tables import task_table
from tests.shared.compare.comparisons import PADDED, PLAN, entries_of, of_digits, plan_of, result, right_at
from tests.shared.compare.findings import finding, judged

HOSTILE = "<script>alert(1)</script> | a `b` ![x](http://evil/x.png)\n# c"
FINISHED = of_digits(right_at(0.9), right_at(0.5, **PADDED))


def written(home: Path, claims: list[Judged], finished: Results = FINISHED, **plan: Any) -> tuple[str, str]:
    chosen = plan_of(**plan)
    write_report(home, chosen, entries_of(chosen, home / "trainings"), finished, claims)
    return (home / "report.md").read_text(), (home / "report.html").read_text()


def folded(page: str) -> list[str]:
    return re.findall(r"<details>\s*<summary[^>]*>(.*?)</summary>", page)


def test_a_page_has_each_claim_with_its_verdict_number_reach_and_literature(tmp_path: Path) -> None:
    known = {"literature": "LeCun 1998 for; Tolstikhin 2021 against.", "would_change": "Ten times the data."}
    parts = finding("holds", [(1000, 9.0, 1.0), (4000, 5.0, 1.0)], margin=0.01, why="A point is no cost.")
    text, page = written(tmp_path, [judged(parts, **known), judged(finding("fails"), says="Pooling helps.")])
    assert "| [1](#claim-1) | Convolution helps. | **✓ holds** | +5.0 (" in text
    assert "| [2](#claim-2) | Pooling helps. | **✗ fails** |" in text
    first, second = text.split("## Claim 1")[1].split("## Claim 2")
    for words in ("> Convolution helps.", "has to lie above −1. A point is no cost.", *known.values()):
        assert words in first
    assert "new seeds (5 here) and new test items (200 in 100 groups" in first
    assert "**Learning speed or ceiling?**" in first
    assert "Learning speed" not in second
    assert 'id="claim-1"' in page
    assert 'href="#claim-2"' in page
    assert '<strong class="holds">✓ holds</strong>' in page
    assert '<strong class="fails">✗ fails</strong>' in page


def test_a_page_stands_alone_and_its_pictures_state_the_findings(tmp_path: Path) -> None:
    text, page = written(
        tmp_path, [judged(finding("holds"), finding("not shown", []))], title="Does it help?"
    )
    assert text.startswith("# Does it help?\n")
    pictures = {path.name for path in tmp_path.glob("*.png")}
    assert pictures == {"claim1-1.png", "claim1-2.png", "task1-digits.png", "matrix.png"}
    assert page.count('src="data:image/png;base64,') == 4
    assert not re.findall(r"<script|https?://|src=\"(?!data:)|href=\"(?!#claim)", page)
    alts = re.findall(r'alt="([^"]*)"', page)
    assert alts[0].startswith("lecture − dense: digits: +5.0 (")
    assert alts[0].endswith("points after 1,000 training examples; ✓ holds")
    assert alts[1] == "lecture − dense: digits: no results; ? not shown"
    lecture, dense = (100 * mine.accuracy.value for mine in FINISHED.values())
    assert alts[2].endswith(f"at the largest budget: lecture {lecture:.1f} %, dense {dense:.1f} %")


def test_details_are_folded_and_complete(tmp_path: Path) -> None:
    text, page = written(tmp_path, [judged(finding("holds", margin=0.01, why="A point is no cost."))])
    assert folded(page) == [
        "Numbers of claim 1", "Task 1: digits", "Design choices across domains", "How it was made fair",
        "How the intervals are made",
    ]  # fmt: skip
    assert page.count("<details>") == page.count("</details>") == 5
    [row] = re.findall(r"\| lecture − dense: digits \|.*", text)
    for words in (
        "+5.0 (",
        "above −1",
        "**✓ holds**",
        "padding: none against zeros",
        "1.01, 0.50",
        "| 5 | 200 |",
    ):
        assert words in row
    assert "A margin of 1 points, because: A point is no cost." in text
    assert "a digest of the items of all batches is the same for each" in text


def test_a_baseline_that_beats_a_design_stands_in_the_same_table(tmp_path: Path) -> None:
    named = {"baseline/bag of words": 0.7, "baseline/bag of words/n": 200, "baseline/most frequent": 0.2}
    lecture, dense = (
        replace(mine, metrics=[metrics | named for metrics in mine.metrics]) for mine in FINISHED.values()
    )
    text = task_table(entries_of(plan_of(), tmp_path), of_digits(lecture, dense))
    assert "| baseline: bag of words | **70.00** |" in text
    assert "most frequent" not in text


def test_seeds_that_collapsed_learning_rates_at_the_edge_and_gaps_are_reported(tmp_path: Path) -> None:
    rights = [np.arange(200) < (20 if seed == 2 else 190) for seed in range(5)]
    lecture = replace(result(rights), at_edge=True, training_accuracy=[1.0] * 5)
    text = task_table(entries_of(plan_of(), tmp_path), of_digits(lecture, right_at(0.5)))
    assert "seed 2 collapsed, 85 points below the median" in text
    assert "at the edge of the search" in text
    assert "| 100.00 (22.00) |" in text


def test_another_order_of_the_items_is_reported() -> None:
    right = [np.ones(10)] * 5
    finished = of_digits(result(right, order="0" * 64), result(right, order="1" * 64))
    assert "in the same order, but not on digits." in " ".join(fairness(plan_of(), finished).split())


def test_untrusted_text_is_escaped(tmp_path: Path) -> None:
    task = {**PLAN["tasks"]["digits"], "title": HOSTILE, "note": HOSTILE}
    task["designs"] = {HOSTILE: [], "b": ["model.pool=none"]}
    plan = plan_of(title=HOSTILE, tasks={HOSTILE: task}, claims=[])
    entries = entries_of(plan, tmp_path / "trainings")
    entries[1].refuse(HOSTILE)
    part = finding("not shown", reason=HOSTILE, better=HOSTILE, than="b", differs=HOSTILE)._replace(
        task=HOSTILE
    )
    part.part.why = HOSTILE
    claim = judged(part, says=HOSTILE, literature=HOSTILE, would_change=HOSTILE)
    write_report(tmp_path, plan, entries, {(HOSTILE, HOSTILE, 1): right_at(0.5)}, [claim])
    text, page = (tmp_path / "report.md").read_text(), (tmp_path / "report.html").read_text()
    assert "<script" not in page
    assert page.count("<img") == page.count('src="data:') == 2  # the part and the task, and none of theirs
    assert page.count("<h1>") == 1
    assert "evil" not in "".join(re.findall(r'(?:src|href)="([^"]*)"', page))
    tables = [t for t in MarkdownIt().enable("table").parse(text) if t.type == "table_open"]
    assert len(tables) == 3
    assert "**failed**" in text


def test_a_page_can_be_made_before_anything_is_finished(tmp_path: Path) -> None:
    text, _ = written(tmp_path, [judged(finding("not shown", [], reason="not trained: dense on digits"))], {})
    assert "No entry is finished yet." in text
    assert "| dense | not trained yet |" in text
    assert "**? not shown**. not trained: dense on digits." in text
    assert "## Claim" not in written(tmp_path, [], {})[0]


def test_one_seed_and_one_group_of_items_make_a_page(tmp_path: Path) -> None:
    alone = [
        replace(result([right]), tested=[{**result([right]).tested[0], "group": np.zeros(200, int)}])
        for right in (np.arange(200) < 180, np.arange(200) < 90)
    ]
    plan, finished = plan_of(seeds=[0]), of_digits(*alone)
    text, _ = written(tmp_path, judge(plan, finished), finished, seeds=[0])
    assert "**? not shown**: no verdict from fewer than 3 seeds" in text


@pytest.mark.parametrize(
    ("curve", "words"),
    [
        ([(500, 12, 1), (8000, 0.2, 0.4)], "Speed: the difference is gone"),
        ([(500, 12, 1), (8000, 3, 0.4)], "Speed in part"),
        ([(500, -12, 1), (8000, -3, 0.4)], "Speed in part"),
        ([(500, 2, 0.5), (8000, 12, 1)], "grows with the budget"),
        ([(500, -2, 0.5), (8000, -12, 1)], "grows with the budget"),
        ([(500, 2, 1), (8000, 3, 1)], "not shown to change"),
    ],
)
def test_speed_and_ceiling_are_distinguished(curve: Any, words: str) -> None:
    assert words in course(finding("holds", curve))


def test_the_number_of_a_claim_is_that_of_the_part_on_which_its_verdict_rests() -> None:
    close, clear = finding("holds", [(1, 3.0, 0.5)]), finding("holds", [(1, 9.0, 0.5)])
    lost = finding("fails", [(1, -5.0, 0.5)])
    assert deciding(judged(clear, close)) is close
    assert deciding(judged(clear, lost, close)) is lost
    assert deciding(judged(finding("not shown", []))) is None


def test_an_interval_states_what_it_speaks_of() -> None:
    lecture, part = right_at(0.9), finding("holds")
    same = speaks_of(part, lecture, redrawn=False)
    assert same == "new seeds (5 here) and new test items (200 in 100 groups such as games or speakers); " + (
        "the training data stay the same"
    )
    assert speaks_of(part, lecture, redrawn=True).startswith("new seeds and new training data (5 here) and")
    folds = speaks_of(part, replace(lecture, same_items=False), redrawn=False)
    assert "each with test items of its own" in folds
    alone = [columns | {"group": columns["item"]} for columns in map(dict, lecture.tested)]
    assert "groups" not in speaks_of(part, replace(lecture, tested=alone), redrawn=False)

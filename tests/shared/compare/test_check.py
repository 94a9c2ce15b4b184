"""What a report keeps is enough to recompute it, and to put it to the test with other seeds."""

import json
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from shared.compare.check import FILE, agreement, read_plan
from shared.compare.claims import judge
from shared.compare.entry import Entry
from shared.compare.kept import ITEMS, PLAN, REPORT, keep
from shared.compare.results import results
from shared.compare.spec import Comparison, read
from shared.errors import UserError
from tests.shared.compare.comparisons import PLAN as GIVEN
from tests.shared.compare.comparisons import entries_of, of_digits, plan_of, quick_plan, right_at


def kept(home: Path, plan: Comparison, entries: list[Entry], better: float = 0.9) -> Path:
    home.mkdir()
    finished = of_digits(right_at(better), right_at(0.5))
    keep(home, plan, entries, finished, judge(plan, finished))
    return home


def test_a_report_keeps_its_plan_with_what_was_found(trained_entries: list[Entry], tmp_path: Path) -> None:
    plan, finished = quick_plan(), results(trained_entries)
    keep(tmp_path, plan, trained_entries, finished, judge(plan, finished))
    node = json.loads((tmp_path / PLAN).read_text())
    entry = trained_entries[0]
    assert node["tasks"]["digits"]["designs"]["lecture"]["rates"] == [entry.factor(1)]
    again = Entry(read(OmegaConf.create(node), None), "digits", "lecture", tmp_path, None)
    assert again.factor(1) == entry.factor(1)
    report = json.loads((tmp_path / REPORT).read_text())
    [part] = report["claims"][0]["parts"]
    with np.load(tmp_path / ITEMS) as file:
        stored = dict(file)
    n = len(stored["digits/items/item"])
    accuracies = {}
    for training in report["trainings"]:
        name = f"digits/{training['design']}/x1/seed{training['seed']}"
        right = np.unpackbits(stored[name], count=n)
        assert training["test/acc"] == pytest.approx(right.mean())
        assert training["versions"]["torch"]
        accuracies.setdefault(training["design"], []).append(right.mean())
    assert part["difference"]["value"] == pytest.approx(
        np.mean(accuracies["lecture"]) - np.mean(accuracies["dense"])
    )


def test_a_check_has_other_seeds_and_the_designs_of_decided_parts(tmp_path: Path) -> None:
    task = GIVEN["tasks"]["digits"]
    task = {**task, "designs": {**task["designs"], "idle": ["seed=1"]}}
    folds = {**task, "overrides": ["domain=text", "data.folds=5", "data.fold=${seed}"]}
    tasks = {"digits": task, "own": {**task, "seeds": [3, 7]}, "open": task, "folds": folds}
    claim = {"says": "All.", "parts": [{**GIVEN["claims"][0]["parts"][0], "tasks": list(tasks)}]}
    plan = plan_of(tasks=tasks, claims=[claim], budgets=[1, 4])
    report = tmp_path / "report"
    report.mkdir()
    keep(report, plan, [], {}, judge(plan, {}))
    with pytest.raises(UserError, match="is decided on a task"):
        read_plan(report, None)
    kept_report = json.loads((report / REPORT).read_text())
    for part in kept_report["claims"][0]["parts"]:
        part["verdict"] = "not shown" if part["tasks"] == "open" else "holds"
    (report / REPORT).write_text(json.dumps(kept_report))
    name, other = read_plan(report, None)
    assert name == "report-check"
    assert list(other.tasks) == ["digits", "own"]  # folds have no other seeds
    assert (other.seeds_of("digits"), other.seeds_of("own")) == ([5, 6, 7, 8, 9], [8, 9])
    assert other.budgets_of("digits") == [4]
    assert other.claims[0].parts[0].tasks == ["digits", "own"]
    assert list(other.tasks["own"].designs) == ["lecture", "dense"]


def test_decided_verdicts_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = plan_of()
    entries = entries_of(plan, tmp_path)
    report, same = kept(tmp_path / "a", plan, entries), kept(tmp_path / "b", plan, entries, 0.85)
    agreement(report, same)
    assert "1 of 1 decided verdicts agree" in capsys.readouterr().out
    assert "yes" in (same / FILE).read_text()
    (tmp_path / "none").mkdir()
    keep(tmp_path / "none", plan, entries, {}, judge(plan, {}))
    agreement(report, tmp_path / "none")
    assert "0 of 0 decided verdicts agree, 1 are not checked" in capsys.readouterr().out
    with pytest.raises(UserError, match="1 of 1 decided verdicts do not agree"):
        agreement(report, kept(tmp_path / "c", plan, entries, 0.2))


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (None, "has no plan.json"),
        ("[1]", "plan.json"),
        ('{"tasks": 3}', "compare.tasks"),
        ("tasks: 3", "plan.json"),
        ("", "plan.json"),
    ],
)
def test_what_is_no_report_is_refused(contents: str | None, said: str, tmp_path: Path) -> None:
    if contents is not None:
        (tmp_path / PLAN).write_text(contents)
    with pytest.raises(UserError) as error:
        read_plan(tmp_path, None)
    assert said in str(error.value)

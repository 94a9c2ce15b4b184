"""The values of the documents: written from records, which a run, a repeat or a JSON file gives."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.errors import UserError
from tests.documents import results, typed
from tests.documents.records import FOLDER, Record, record_of, text
from tests.documents.results import PAGES, percent, problems, render

RUN = Path(__file__).resolve().parents[1] / "domains/text/weights/opinions"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two records of different commits."""
    for name, commit, acc in (("a/one", COMMIT, 0.5), ("two", "89abcde-dirty", 0.25)):
        metrics = {"acc": {"value": acc, "interval": [acc - 0.1, acc + 0.1], "n": 1200}, "s": {"value": 3.14}}
        write_record(tmp_path, name, commit=commit, metrics=metrics)
    return tmp_path


def write_record(folder: Path, name: str, **changes: Any) -> None:
    path = folder / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    known = dict.fromkeys(("device", "versions", "seeds", "configuration", "answers"))
    contents = {"command": "x", "commit": COMMIT, "date": "2026-11-27", "of": "new items", "metrics": {}}
    path.write_text(text({**contents, **known, **changes}))  # type: ignore[typeddict-item]


def test_all_pages_are_as_their_records() -> None:
    assert problems(PAGES) == []


def test_no_value_of_the_pages_is_typed() -> None:
    assert typed.found_in(PAGES) == []


def test_typed_values_are_found_and_settings_are_not(tmp_path: Path) -> None:
    page = tmp_path / "speech.md"
    page.write_text("""
# Speech 7.5
It is right in 81.2 % of 4,000 cases, better by 4.9 points (2.3 … 7.5), n = 16,
57 of 60, in 74 s with 3 layers.
It takes at most 2 %, every 20 ms, a 95 % interval, Python 3.11,
`lr=0.1`, [a](b-1.5.md), 19×19, CIFAR-10, Kim (2014).

| layer | % | kernel of 5 cells | <!-- results {{ 1.0 }} -->2.0<!-- end --> |
| --- | --- | --- | --- |
| 64 | 98 | kernel of 5 cells | 1e-6 |

<!-- results
typed into a template: 9.5
-->
8.5
<!-- end -->
""")
    numbers = [line.split(": ")[1] for line in typed.found_in([page])]
    expected = [
        "7.5",
        "81.2",
        "4,000",
        "4.9",
        "2.3",
        "7.5",
        "16",
        "57",
        "60",
        "74",
        "64",
        "98",
        "1e-6",
        "9.5",
    ]
    assert numbers == expected


def test_all_records_are_whole_and_used() -> None:
    names = [path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.json")]
    assert [Record(name).commit for name in names]
    pages = "".join(page.read_text() for page in PAGES)
    assert [name for name in names if f'record("{name}")' not in pages] == []


def test_a_value_that_was_changed_by_hand_is_found(tmp_path: Path) -> None:
    page = next(path for path in PAGES if path.name == "results.md")
    region = next(results.REGION.finditer(page.read_text()))
    changed = re.sub(r"\d\.\d", "7.7", region["text"], count=1)
    copy = tmp_path / "results.md"
    copy.write_text(page.read_text().replace(region["text"], changed))
    [problem] = problems([copy])
    assert re.match(rf"{re.escape(str(copy))}:\d+: must be as the records are: .*; make results", problem)


def test_a_table_states_the_commit_of_its_code_and_rows_of_several_have_marks(folder: Path) -> None:
    page = """
<!-- results
{% set one = record("a/one") %}
| x | % | s | n |
| --- | --- | --- | --- |
| a | {{ one["acc"] | percent }} | {{ one["s"] | number(1) }} | {{ one["acc"].n | number }} |
-->
old
<!-- end -->
"""
    row = "| a | 50.0 (40.0 … 60.0) | 3.1 | 1,200 |"
    new = render(page, folder)
    assert new.count(row) == 1
    assert "\n\nCode of `0123456`; intervals speak of new items.\n\n<!-- end -->" in new
    assert "old" not in new
    assert render(new, folder) == new
    more = '| b | {{ record("two")["acc"].value | percent(0) }} | | |\n-->\nold'
    new = render(page.replace("-->\nold", more), folder)
    assert f"{row.removesuffix(' |')} <sup>0123456</sup> |" in new
    assert "| b | 25 | | <sup>89abcde+</sup> |" in new
    assert "Rows of several versions, marked with the commit of their code; " in new


def test_sentences_get_their_values_too(folder: Path) -> None:
    template = '{{ record("two")["acc"] | points }}'
    page = f"A gain of <!-- results {template} -->0<!-- end --> points.\n"
    assert render(page, folder) == page.replace("-->0<", "-->+25.0 (15.0 … 35.0)<")
    block = f"<!-- results\nA gain of {template} points.\n-->\n<!-- end -->"
    assert "\n\nA gain of +25.0 (15.0 … 35.0) points. <sup>89abcde+</sup>\n\n<!-- end -->" in render(
        block, folder
    )


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ('{{ record("none")["acc"] | percent }}', "line 1: docs/records/none.json: does not exist"),
        ('{{ record("../a/one")["acc"] | percent }}', "record: must be a name"),
        ('{{ record("two")["f1"] | percent }}', "docs/records/two.json: has no metric 'f1', but acc, s"),
        ("{{ 0.98 | percent }}", "must be a metric of a record or its .value"),
        ("{{ acc | percent }}", "must be a metric of a record"),
        ("{{ acc }}", "line 1: template: 'acc' is undefined"),
        ("{{", "line 1: template: "),
        ("{{ ().__class__.__mro__ }}", "template: access to attribute '__class__'"),
    ],
)
def test_a_wrong_template_is_refused(folder: Path, template: str, reason: str) -> None:
    with pytest.raises(UserError, match=re.escape(reason)):
        render(f"x <!-- results {template} -->0<!-- end -->", folder)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("\nx\n<!-- results 1 -->2<!-- end -->", "line 3: a value in a sentence must not begin a line"),
        ("x <!-- results 1 -->2", "line 1: must be closed once"),
        ("x <!-- results 1 -->2<!-- end --> <!-- end -->", "must be closed once"),
        ("x <!-- results 1 --> <!-- results 1 -->2<!-- end -->", "must be closed once"),
    ],
)
def test_a_wrong_marker_is_refused(folder: Path, page: str, reason: str) -> None:
    with pytest.raises(UserError, match=re.escape(reason)):
        render(page, folder)


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (
            {"metrics": {"acc": {"value": 0.5, "interval": [0.6, 0.7]}}},
            "metrics.acc: must lie in its interval",
        ),
        ({"metrics": {"acc": {"value": 0.5, "interval": [0.4]}}}, "metrics.acc: must lie in its interval"),
        ({"metrics": {"acc": {"value": "0.5"}}}, "must be a number, got '0.5'"),
        ({"metrics": {"acc": {"value": 0.5, "who": 1}}}, "who"),
        ({"commit": "main"}, "commit: must be 7 to 40 hexadecimal digits, got 'main'"),
        ({"command": None}, "command"),
        ({"metrics": [1]}, "metrics"),
        ({"note": "x" * 300_000}, "must have at most 262,144 bytes"),
    ],
)
def test_a_broken_record_is_refused(folder: Path, contents: dict[str, Any], reason: str) -> None:
    write_record(folder, "two", **contents)
    with pytest.raises(UserError, match=re.escape(reason)) as error:
        Record("two", folder)
    assert str(error.value).startswith("docs/records/two.json: ")


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"command": "x"', b"\xff\xfe", b"[" * 9999, b'{"a": NaN}', b"null"]
)
def test_a_file_that_is_no_record_is_refused(folder: Path, data: bytes) -> None:
    (folder / "two.json").write_bytes(data)
    with pytest.raises(UserError, match=r"docs/records/two\.json: "):
        Record("two", folder)


def test_a_run_becomes_a_record(tmp_path: Path) -> None:
    made = record_of(RUN, "python scripts/train.py domain=text", COMMIT)
    metrics = json.loads((RUN / "metrics.json").read_text())
    assert made["metrics"]["test/acc"]["value"] == metrics["test/acc"]
    assert made["metrics"]["test/acc"]["n"] == metrics["test/acc/n"]
    assert made["metrics"]["test/acc"]["interval"] == metrics["test/acc/interval"]
    assert made["seeds"] == [metrics["seed"]]
    assert made["configuration"] is not None
    (tmp_path / "x.json").write_text(text(made))
    assert percent(Record("x", tmp_path)["test/acc"]).startswith(f"{100 * metrics['test/acc']:.1f} (")


def test_a_repeat_becomes_a_record(tmp_path: Path) -> None:
    runs = []
    for seed, acc in enumerate((0.7, 0.8, 0.9)):
        run = tmp_path / f"seed={seed}"
        run.mkdir()
        values = {"domain": "go", "seed": seed, "cpu_seconds": acc, "test/acc": acc, "test/acc/n": 4}
        (run / "metrics.json").write_text(json.dumps(values))
        (run / "config.yaml").write_text(f"seed: {seed}\nruns: /tmp\ndata: {{path: [/tmp/games.zip]}}\n")
        np.savez(run / "test_items.npz", item=[1, 0, 2, 3], answer=[seed, 5, 5, 5], group=[0, 0, 1, 1])
        runs.append(str(run))
    (tmp_path / "seed=0" / "environment.json").write_text(json.dumps({"commit": COMMIT, "device": "Xeon"}))
    (tmp_path / "summary.json").write_text(json.dumps({"runs": runs}))
    made = record_of(tmp_path, "repeat")
    low, high = made["metrics"]["test/acc"]["interval"]
    assert (made["metrics"]["test/acc"]["n"], round(low, 3), round(high, 3)) == (
        4,
        0.552,
        1.0,
    )  # 1.048 is no share
    assert made["metrics"]["cpu_seconds"] == {"value": 0.8, "interval": [0.7, 0.9]}
    assert (made["seeds"], made["of"], made["device"]) == ([0, 1, 2], "new trainings", "Xeon")
    assert made["configuration"] == {"seed": 0, "data": {"path": ["games.zip"]}}
    assert len(set(made["answers"] or [])) == 3
    assert record_of(Path(runs[0]), "train")["of"] == "new games"


def test_the_command_adds_a_record_and_refuses_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path / "docs" / "records")
    monkeypatch.setattr(results, "PROJECT", tmp_path)
    assert results.main(["add", "text/run", str(RUN), "python scripts/train.py", "--commit", COMMIT]) == 0
    assert "record: docs/records/text/run.json, " in capsys.readouterr().out
    assert Record("text/run", tmp_path / "docs" / "records")["test/acc"].n == pytest.approx(1115)
    for name, source, reason in (
        ("../x", RUN, "NAME: must be small letters"),
        ("x", tmp_path / "none", "must be a JSON file or a folder"),
    ):
        assert results.main(["add", name, str(source), "x"]) == 1
        assert reason in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*.json")] == ["run.json"]


def test_any_json_of_metrics_becomes_a_record(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    file.write_text(
        '{"a": {"b": 1, "c": {"value": 2.5, "n": 7, "interval": [2, 3]}}, "rows": [{"x": 4}], "t": "s"}'
    )
    assert record_of(file, "bench", COMMIT)["metrics"] == {
        "a/b": {"value": 1},
        "a/c": {"value": 2.5, "interval": [2, 3], "n": 7},
        "rows/0/x": {"value": 4},
    }
    with pytest.raises(UserError, match="must name the commit; give --commit"):
        record_of(file, "bench")
    with pytest.raises(UserError, match="must be a JSON file or a folder"):
        record_of(tmp_path, "bench", COMMIT)


def test_checks_of_explanations_become_a_record(tmp_path: Path) -> None:
    shown = {"value": 0.91234567, "low": 0.8, "high": 1.0, "n": 30, "method": "occlusion", "control": False}
    blind = {"value": 0.2, "low": 0.1, "high": 0.3, "n": 30, "method": "", "control": True}
    file = tmp_path / "checks.json"
    measures = {
        "planted evidence (by chance 25% at most): occlusion": shown,
        "planted evidence (by chance 25% at most): noise": blind,
        "planted evidence (by chance 25% at most): zeros": blind | {"value": None},
        "randomised weights: grad_cam": shown | {"method": "grad_cam", "value": None},
        "turns the prediction: occlusion": shown,
    }
    file.write_text(json.dumps(measures))
    record = record_of(file, "check", COMMIT)
    occlusion = {"value": 0.9123, "interval": [0.8, 1.0], "n": 30}
    assert record["of"] == "new inputs"
    assert record["metrics"] == {
        "planted evidence/occlusion": occlusion,
        "planted evidence/control": {"value": 0.2},
        "made/occlusion": occlusion,
    }

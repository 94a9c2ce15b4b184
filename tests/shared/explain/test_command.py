"""explain.py: the folder that it writes, in all four domains, and its errors."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from omegaconf import DictConfig
from PIL import Image

from shared.config.cli import compose
from shared.errors import UserError
from shared.explain.checks.base import passed_checks
from shared.explain.command import explain_run
from shared.runs.run import Run
from tests.commands import command

GAME = "(;GM[1]FF[4]SZ[19];B[pd];W[dp];B[pq];W[dd];B[fq];W[cn];B[dq])"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    pixels = np.zeros((40, 30), np.uint8)
    pixels[5:35, 12:18] = 255
    Image.fromarray(pixels).save(folder / "one <b>.png")
    (folder / "game.sgf").write_text(GAME)
    random = np.random.default_rng(0)
    soundfile.write(folder / "word.wav", 0.1 * random.standard_normal(4000), 8000)
    return folder


def config(run: Run, output: Path, *words: str) -> DictConfig:
    return compose("explain", [f"run={run.folder}", f"output={output}", "searched=30", *words])


CASES = {
    "image": [
        "input='{}/one <b>.png'",
        "methods=[top_patches,actmax,occlusion,style]",
    ],
    "go": ["input={}/game.sgf", "move=5", "methods=[filters,occlusion]", "figures=svg"],
    "speech": ["input={}/word.wav", "methods=[filters,occlusion,dream]"],
    "text": ["text='not dull, but funny'", "methods=[occlusion,fool,adversarial]"],
}


@pytest.mark.parametrize("name", CASES)
def test_a_folder_of_panels_values_maps_and_a_page(
    runs: dict[str, Run], inputs: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word.format(inputs) for word in CASES[name]]
    if name == "image":
        words += [f"style='{inputs}/one <b>.png'", "unit=3", "layer=conv2"]
    folder = explain_run(config(runs[name], tmp_path / "out", *words))
    assert folder == tmp_path / "out"
    pictures = sorted(folder.glob("*.png"))
    values = json.loads((folder / "values.json").read_text())["values"]
    assert {row["panel"] for row in values} == {picture.name for picture in pictures}
    methods = re.search(r"methods=\[(.*?)\]", " ".join(words))[1].split(",")  # type: ignore[index]
    for method in methods:
        assert any(f"-{method}-" in picture.name for picture in pictures), method
    maps = np.load(folder / "maps.npz", allow_pickle=False)
    assert len(maps.files) == len(values)
    assert all(np.isfinite(maps[key]).all() for key in maps.files)
    page = (folder / "report.html").read_text()
    assert page.count("data:image/png;base64,") == len(pictures) + 1  # the input itself
    assert not re.search(r"(src|href)=.(?!data:image)", page)
    assert "<b>" not in page
    said = capsys.readouterr().out
    occluded = next(line for line in said.splitlines() if line.startswith("Occlusion"))
    assert "target: " in occluded
    assert "filled in: " in occluded
    assert "Blue places support " in occluded
    assert "The score of " in occluded
    assert list(folder.glob("*.wav")) or name != "speech"
    vectors = {file.stem for file in folder.glob("*.svg")}
    assert vectors == ({picture.stem for picture in pictures} if name == "go" else set())


def test_the_report_answers_first_and_folds_filters_and_units(runs: dict[str, Run], tmp_path: Path) -> None:
    words = ["text='the zorblax is not dull'", "units=2"]
    folder = explain_run(config(runs["text"], tmp_path / "out", *words))
    assert folder is not None
    page = (folder / "report.html").read_text()
    title = re.search(r"<title>“the zorblax is not dull”: (praise|blame), [\d.]+%</title>", page)
    assert title
    before, folded = page.split("<details", 1)
    order = [
        before.index(words)
        for words in (
            f"The network's answer is <strong>{title[1]}</strong>",
            "Evidence: Occlusion</h3>",
            "Other methods</h2>",
            "usual order: how far each can be trusted on this network has not been measured",
            "<h3>Integrated gradients",
        )
    ]
    assert order == sorted(order)
    assert "Filters that read the input" in folded
    assert "Filters that read the input" not in before
    assert "default-src 'none'" in page
    rows = json.loads((folder / "values.json").read_text())["values"]
    assert rows[0]["panel"].startswith("01-occlusion-")
    shown = [row for row in rows if row["what"].startswith("class ")]
    assert len(shown) == 2
    assert sum("-top_patches-" in row["panel"] for row in rows) == 2


def test_inputs_that_are_not_explained_are_named(
    runs: dict[str, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    for number in range(10):
        soundfile.write(tmp_path / f"in/{number}.wav", 0.1 * random.standard_normal(4000), 8000)
    (tmp_path / "in/bad.wav").write_bytes(b"text")
    words = [f"input={tmp_path / 'in'}", "methods=[filters]"]
    folder = explain_run(config(runs["speech"], tmp_path / "out", *words))
    assert folder is not None
    page = (folder / "report.html").read_text()
    for text in (capsys.readouterr().out, page):
        assert "explained: the first 8 of 10 inputs" in text
        assert "1 unreadable: bad.wav" in text


def test_layers_are_listed(runs: dict[str, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain_run(config(runs["text"], tmp_path / "out", "layer='?'")) is None
    assert "side_by_side1.branch1.conv1" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("image", ["layer=conv3"], "layer: must be a layer of the network, got conv3; did you mean"),
        ("image", ["layer=conv2", "unit=50"], "layer=conv2): must be a whole number from 0 to 49, got 50"),
        ("image", ["layer=conv2", "unit=5", "units=2"], "units: must be omitted beside unit, got 2"),
        ("image", ["units=0"], "units: must be a whole number from 1 or null, got 0"),
        ("image", ["unit=1"], "unit: must be given with layer=, got 1"),
        ("image", ["target=ten"], "target: must be one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, got ten"),
        ("image", ["methods=[saliancy]"], "got saliancy; did you mean 'saliency'"),
        ("image", ["methods=[]"], "methods: must be some of"),
        ("image", ["methods=[style]"], "style: must be given for methods=[style], got null"),
        ("image", ["input=/no/such.png"], "/no/such.png: no such file"),
        ("image", ["item=100000"], "item (of the validation set): must be a whole number from 0 to"),
        ("image", ["searched=0"], "searched: must be a whole number from 1, got 0"),
        ("image", ["epsilon=-1"], "epsilon: must be a number above 0 or null, got -1"),
        ("image", ["smooth=lots"], "smooth: must be a number from 0, got 'lots'"),
        ("image", ["n=9"], "n: must be omitted without check"),
        ("image", ["check=true", "methods=[saliency]"], "methods: must be omitted beside check"),
        ("image", ["check=true", "item=3"], "item: must be omitted beside check"),
        ("image", ["check=true", "epsilon=2"], "epsilon: must be omitted beside check"),
        ("image", ["move=3"], "move: must be given with input=, got 3"),
        ("image", ["text=hello"], "text: must be an option of the domain image, got hello"),
        ("text", ["text=good", "epsilon=2", "methods=[adversarial]"], "epsilon: must be a whole number of"),
        ("text", ["text='  '"], "text: must be a sentence"),
        ("go", ["methods=[dream]"], "dream: works on pictures and spectrograms"),
        ("speech", ["input='FOLDER/one <b>.png'"], "unreadable"),
    ],
)  # fmt: skip
def test_mistakes_are_named_and_nothing_is_written(
    runs: dict[str, Run], inputs: Path, tmp_path: Path, name: str, words: list[str], said: str
) -> None:
    overrides = [word.replace("FOLDER", str(inputs)) for word in words]
    with pytest.raises(UserError) as caught:
        explain_run(config(runs[name], tmp_path / "out", *overrides))
    assert said in str(caught.value)
    assert not list(tmp_path.glob("out/*.json"))


@pytest.mark.slow
def test_the_checks_are_measured_and_the_report_shows_them(
    runs: dict[str, Run], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from shared.explain.checks import made_inputs, planted_evidence

    monkeypatch.setattr(planted_evidence, "STEPS", 2)
    monkeypatch.setattr(made_inputs, "MADE", 4)
    run = runs["text"]
    with pytest.raises(UserError, match=r"check: all must hold, \d+ of \d+ do not hold \("):  # n is too small
        explain_run(compose("explain", [f"run={run.folder}", "check=true", "n=3", "searched=30"]))
    folder = run.folder / "explanations" / "check"
    measures = json.loads((folder / "checks.json").read_text())
    for start in (
        *("exceeds the best of 30 real inputs: actmax", "made input", "word substitution, ε = 1"),
        *("planted evidence", "gradient equals", "deletion: occlusion", "insertion: zeros"),
        "randomised weights: edges of the input",
    ):
        assert next(row for name, row in measures.items() if name.startswith(start))["n"] >= 1
    assert measures["gradient equals central differences: saliency"]["holds"]
    assert all(row["holds"] for row in measures.values() if row["control"])
    capsys.readouterr()
    explain_run(config(run, tmp_path / "out"))
    page = (tmp_path / "out" / "report.html").read_text()
    assert "How far this can be trusted" in page
    assert "deletion: occlusion" in page
    assert "In the order of how many of the checks" in page
    passed = [int(n) for n in re.findall(r"It passed (\d) of [345] checks: ", page)]
    assert len(passed) == 5
    assert passed == sorted(passed, reverse=True)


def test_the_checks_of_a_method_are_a_sentence() -> None:
    planted = {"method": "occlusion", "words": "found planted evidence in 100 of 100", "holds": True}
    alike = {"method": "occlusion", "words": "|ρ| 0.70", "holds": False}
    other = {"method": "saliency", "words": "|ρ| 0.10", "holds": True}
    checks = {"planted": planted, "randomised": alike, "of another": other, "old": {"holds": True}}
    sentence = "It passed 1 of 2 checks: found planted evidence in 100 of 100; |ρ| 0.70 (failed)."
    assert passed_checks(checks, "occlusion") == sentence
    assert passed_checks(checks, "grad_cam") == ""


def test_the_command_takes_the_word_check_and_names_its_mistakes(tmp_path: Path) -> None:
    done = command("explain", "check", "run=nowhere", cwd=tmp_path)
    assert done.returncode == 1
    assert "nowhere: no run here" in done.stderr
    assert "Traceback" not in done.stderr

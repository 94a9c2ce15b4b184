"""predict: a network's predictions for a user's own pictures."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from domains.image.augment import Changes
from domains.image.contact_sheet import MOST, contact_sheet
from domains.image.data import ImagePreprocessing
from domains.image.module import ImageClassifier
from domains.image.predict import predict
from domains.image.reading.decode import decode_image
from shared.errors import UserError
from tests.commands import command, run_folder

TINY = ["domain=image", "trainer.max_epochs=3", "trainer.accelerator=cpu", "trainer.precision=32-true"]


def classifier(channels: int = 3) -> ImageClassifier:
    """Predicts the brightest channel; almost certain where it is much brighter than the others."""
    layers = [{"pool": {"kernel": "span", "type": "avg"}}, "flatten", {"dense": "classes"}]
    module = ImageClassifier(
        model={"layers": layers}, planes=channels, extent=(8, 8), classes=["red", "<green>", "blue"],
        optimizer={}, schedule={},
        preprocessing=ImagePreprocessing(
            [100.0] * channels, [50.0] * channels, Changes(shift=2, flip=True, cutout=3)
        ),
    )  # fmt: skip
    weight, bias = module.network.parameters()
    with torch.no_grad():
        weight.copy_(torch.eye(3)[:, :channels])
        bias.zero_()
    return module.eval()


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    folder = tmp_path / "colours"
    (folder / "more").mkdir(parents=True)
    for name, colour in {
        "a.png": (200, 0, 0),
        "b.jpg": (0, 250, 0),
        "more/c & d.png": (99, 100, 101),
    }.items():
        Image.new("RGB", (16, 8), colour).save(folder / name)
    (folder / "readme.txt").write_text("not asked for")
    return folder


def test_the_preprocessing_normalises_and_changes_training_pictures_alone() -> None:
    module = classifier()
    x = torch.randint(0, 256, (50, 3, 8, 8), dtype=torch.uint8)
    planes, lengths = module.preprocess({"x": x})
    assert lengths is None
    torch.testing.assert_close(planes, (x.float() - 100) / 50)
    torch.manual_seed(0)
    changed, _ = module.train().preprocess({"x": x})
    assert changed.shape == planes.shape
    assert all(not torch.equal(a, b) for a, b in zip(changed, planes, strict=True))
    assert (changed == 0).flatten(1).any(1).all()  # the square of cutout has the mean value
    torch.manual_seed(0)
    torch.testing.assert_close(module.preprocess({"x": x})[0], changed)
    floats = x.float()
    module.eval().preprocess({"x": floats})
    assert torch.equal(floats, x.float())  # unchanged


def test_predictions_probabilities_and_marks(colours: Path) -> None:
    prediction = predict(classifier(), colours, top=2)
    assert [row["file"] for row in prediction.rows] == ["a.png", "b.jpg", "more/c & d.png"]
    assert [row["answer"] for row in prediction.rows] == ["red", "<green>", "blue"]
    assert [row["sure"] for row in prediction.rows] == ["yes", "yes", "no"]
    logits = np.array([2.0, -2.0, -2.0])
    assert prediction.rows[0]["probability"] == pytest.approx(np.exp(2) / np.exp(logits).sum(), rel=1e-5)
    assert [entry["name"] for entry in prediction.rows[2]["best"]] == ["blue", "<green>"]
    assert {row["familiar"] for row in prediction.rows} == {None}  # without a record it is not known
    everything = predict(classifier(), colours, top=2, unsure=1.0)
    assert {row["sure"] for row in everything.rows} == {"no"}


def test_the_page_shows_every_picture_and_escapes_names(colours: Path) -> None:
    page = predict(classifier(), colours, top=3).pages["pictures.html"]
    assert len(re.findall("<img src=.data:image/png;base64,", page)) == 3
    assert page.count('class="unsure"') == 1
    assert "&lt;green&gt; 9" in page
    assert "more/c &amp; d.png" in page
    assert "<green>" not in page
    assert not re.findall("https?:", page)


def test_a_long_page_is_cut() -> None:
    row = {"file": "f", "best": [{"name": "a", "probability": 1.0}], "sure": "yes", "remarks": []}
    n = MOST + 3
    page = contact_sheet([np.zeros((1, 2, 2), np.uint8)] * n, [row] * n, "many")
    assert page.count("<figure") == MOST
    assert f"The first {MOST:,} of {n:,} pictures" in page


def test_grey_networks_take_colours(colours: Path) -> None:
    rows = predict(classifier(channels=1), colours / "b.jpg", top=1).rows
    assert len(rows) == 1
    assert rows[0]["file"] == "b.jpg"


def test_what_the_network_does_not_see_is_remarked(tmp_path: Path) -> None:
    grey = np.linspace(0, 240, 64, dtype=np.uint8).reshape(8, 8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(np.stack([grey, grey, grey + np.uint8(9)], 2)).save(tmp_path / "tinted.png")
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    Image.new("L", (300, 300)).save(tmp_path / "large.png")
    Image.new("L", (9, 3)).save(tmp_path / "small.png")
    expected = {
        "grey.png": [], "tinted.png": [], "red.png": ["colours, the network sees grey"],
        "large.png": ["300×300 pixels, the network sees 8×8"],
        "small.png": ["9×3 pixels, the network sees 8×8"],
    }  # fmt: skip
    rows = predict(classifier(channels=1), tmp_path, top=1).rows
    assert {row["file"]: row["remarks"] for row in rows} == expected
    page = predict(classifier(channels=1), tmp_path / "red.png", top=1).pages["pictures.html"]
    assert "<small>colours, the network sees grey</small>" in page
    rows = predict(classifier(channels=3), tmp_path / "red.png", top=1).rows
    assert rows[0]["remarks"] == []
    for name in expected:
        data = (tmp_path / name).read_bytes()
        assert (decode_image(data, name, 8, 1) == decode_image(data, name, 8, 1, [])).all()


def test_broken_pictures_are_skipped_and_named(colours: Path) -> None:
    (colours / "bad.png").write_text("text")
    prediction = predict(classifier(), colours, top=1)
    assert len(prediction.rows) == 3
    lines = prediction.summary.splitlines()
    assert lines[1:3] == ["files: 5 seen, 3 used, 2 skipped", "  1 of kind .txt: readme.txt"]
    assert lines[3].startswith("  1 unreadable: bad.png (must be an image of a known format")
    with pytest.raises(UserError, match=r"bad\.png: must be an image of a known format"):
        predict(classifier(), colours / "bad.png", top=1)
    with pytest.raises(UserError, match="no such file"):
        predict(classifier(), colours / "none.png", top=1)


def test_every_file_is_accounted_for(colours: Path) -> None:
    for number in range(3):
        (colours / f"IMG_{number}.HEIC").write_bytes(b"not read")
    (colours / ".thumbnails").mkdir()
    (colours / ".thumbnails" / "a.png").write_bytes((colours / "a.png").read_bytes())
    lines = predict(classifier(), colours, top=1).summary.splitlines()
    assert lines[1] == "files: 8 seen, 3 used, 5 skipped"
    assert lines[2].startswith("  3 of kind .heic: IMG_0.HEIC, ")
    assert "  1 hidden: .thumbnails/a.png" in lines
    for name in ("a.png", "b.jpg", "more/c & d.png"):
        (colours / name).write_bytes(b"")
    with pytest.raises(UserError, match=r"got 3 unreadable ones; the first: .*a\.png: must be"):
        predict(classifier(), colours, top=1)


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    odd = Path((bytes(tmp_path) + b"/\xff\xe9 <i>.png").decode(errors="surrogateescape"))
    Image.new("RGB", (9, 9), "red").save(odd)
    prediction = predict(classifier(), odd, top=1)
    assert [row["file"] for row in prediction.rows] == ["?? <i>.png"]
    prediction.pages["pictures.html"].encode()
    odd.write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"\?\? <i>\.png: must be an image") as caught:
        predict(classifier(), odd, top=1)
    str(caught.value).encode()


@pytest.mark.slow
def test_whole_commands(tmp_path: Path) -> None:
    folder = run_folder(command("train", *TINY, cwd=tmp_path))
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["model"] == "image/lecture"
    assert metrics["params"] == 137_660
    assert metrics["test/acc"] > 0.85
    assert 0 <= metrics["test/ece"] <= 1
    assert metrics["cpu_seconds"] > 0
    names = {path.name for path in folder.iterdir()}
    assert {"confusion.csv", "confusion.png", "calibration.png"} <= names
    again = command("evaluate", f"run={folder}", cwd=tmp_path)
    assert f"{100 * metrics['test/acc']:.2f}" in again.stdout

    (tmp_path / "mine").mkdir()
    Image.new("L", (50, 50), 0).save(tmp_path / "mine" / "black.png")
    (tmp_path / "mine" / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    done = command("predict", f"run={folder}", "input=mine", "output=out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "torn.jpg" in done.stdout
    rows = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    assert [row["file"] for row in rows] == ["black.png"]
    assert sum(entry["probability"] for entry in rows[0]["best"]) <= 1
    assert (tmp_path / "out" / "pictures.html").read_text().startswith("<!doctype html>")

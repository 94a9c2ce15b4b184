"""The trained networks that come with the project answer files of the project right."""

import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image, ImageDraw

import convolutions
from scripts.samples.drawn_digits import main as draw_digits
from scripts.samples.noises import main as make_noises
from shared.config import PROJECT
from shared.runs.run import Run, shipped

DATA = os.environ.get("CONVOLUTIONS_DATA")


def answers(name: str, source: Path | str, output: Path, **options: Any) -> list[dict[str, Any]]:
    return convolutions.load(name).predict(source, output=output, **options).rows


def test_drawn_digits(tmp_path: Path) -> None:
    draw_digits([str(tmp_path / "drawn"), "--skeletons", "hand", "--count", "3", "--seed", "5"])
    rows = answers("image/digits", tmp_path / "drawn", tmp_path / "out")
    right = [row["answer"] == row["file"].split("/")[0] for row in rows]
    assert len(right) == 30
    assert sum(right) >= 28


def test_a_picture_of_an_object(tmp_path: Path) -> None:
    image = Image.new("RGB", (64, 64), (140, 190, 235))  # a ship at sea
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 42, 64, 64), (40, 90, 140))
    draw.polygon([(8, 36), (56, 36), (50, 48), (14, 48)], (150, 30, 30))
    draw.rectangle((22, 26, 42, 36), (240, 240, 240))
    image.save(tmp_path / "ship.png")
    (row,) = answers("image/objects", tmp_path / "ship.png", tmp_path / "out")
    assert row["answer"] == "ship"


def test_bundled_words_and_made_noises(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with tarfile.open(PROJECT / "domains/speech/sample/digits.tar.xz") as archive:
        for member in archive.getmembers()[::160]:
            stream = archive.extractfile(member)
            assert stream
            (tmp_path / "in" / member.name).write_bytes(stream.read())
    rows = answers("speech/digits", tmp_path / "in", tmp_path / "out")
    assert len(rows) == 10
    assert sum(row["answer"] == row["file"][0] for row in rows) >= 9
    make_noises([str(tmp_path / "noises"), "--count", "1"])
    rows = answers("speech/digits", tmp_path / "noises", tmp_path / "out2")
    assert sum(row["answer"] == "silence" for row in rows) >= 5


def test_words_of_running_speech_have_their_times(tmp_path: Path) -> None:
    """A sentence that the bundled voices say with digits joined by pauses."""
    with tarfile.open(PROJECT / "domains/speech/sample/digits.tar.xz") as archive:
        names = [f"{digit}_f03_0.mp3" for digit in (7, 0, 4)]
        clips = [soundfile.read(archive.extractfile(name), dtype="float32")[0] for name in names]  # type: ignore[arg-type]
    pause = np.random.default_rng(0).normal(0, 1e-4, 3200).astype(np.float32)
    x = np.concatenate([part for clip in clips for part in (pause, clip)] + [pause])
    soundfile.write(tmp_path / "talk.wav", x, 8000)
    rows = answers("speech/words", tmp_path / "talk.wav", tmp_path / "out")
    assert [row["answer"] for row in rows] == ["seven", "zero", "four"]
    starts = np.cumsum([0, *(len(clip) / 8 + 400 for clip in clips[:2])]) + 400
    assert np.abs(starts - [row["from_ms"] for row in rows]).max() < 100


def test_phones_of_the_bundled_sentences(tmp_path: Path) -> None:
    with tarfile.open(PROJECT / "domains/speech/sample/sentences.tar.xz") as archive:
        for member in archive.getmembers()[:100]:
            archive.extract(member, tmp_path / "in", filter="data")
    network = convolutions.load("speech/phones")
    words = ["data=speech/sentences", f"data.path={tmp_path / 'in'}", "data.fractions={val: 0, test: 1}"]
    metrics = network.evaluate(*words, output=tmp_path / "out").metrics
    assert metrics["test/error_rate"] < 0.25
    assert metrics["test/acc"] > 0.85


@pytest.mark.parametrize(
    ("text", "answer"),
    [("a warm , funny and moving film", "pos"), ("a dull , tedious mess without a single laugh", "neg")],
)
def test_an_opinion(text: str, answer: str, tmp_path: Path) -> None:
    network = convolutions.load("text/opinions")
    (row,) = network.predict(text=text, output=tmp_path).rows
    assert row["label"] == answer


def test_all_bundled_networks_are_small_together() -> None:
    assert {"image/digits", "image/objects", "speech/digits", "speech/words", "speech/phones"} <= set(
        shipped()
    )
    assert {"text/opinions", "go/policy"} <= set(shipped())
    files = [file for folder in shipped().values() for file in folder.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 40e6


@pytest.mark.slow
@pytest.mark.skipif(DATA is None, reason="CONVOLUTIONS_DATA does not name the folder of real data")
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("image/digits", "image/mnist"),
        ("speech/digits", "speech/fsdd.tar.xz"),
        ("text/opinions", "text/rt-polarity.*"),
    ],
)
def test_the_metrics_come_out_again_on_real_data(
    name: str, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"run={name}", f"data.path={DATA}/{path}"]
    from shared.commands.evaluate import evaluate
    from shared.config.cli import compose

    value = evaluate(compose("evaluate", words))["test/acc"]
    assert value == pytest.approx(Run.open(name).metrics["test/acc"], abs=0.002)

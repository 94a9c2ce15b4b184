"""predict: a network's predictions for a user's own recordings."""

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from domains.speech.levels import decibels
from domains.speech.predict import predict
from shared.commands.predict import predict as command_predict
from shared.commands.train import train
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.run import Run
from shared.training.classifier import Classifier
from shared.training.setup import load_module
from tests.commands import command
from tests.domains.speech.sounds import WORDS, encoded, tone, write_words

FOLDER = ["domain=speech", "data=speech/folder", "data.sizes.rate=8000", "data.sizes.high_hz=4000"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A network trained on three tones in a few steps."""
    folder = tmp_path_factory.mktemp("speech")
    words = [
        *FOLDER, *("model=speech/small", "optimizer.lr=0.02", "trainer.max_epochs=12", f"runs={folder}"),
        *("trainer.accelerator=cpu", "trainer.precision=32-true", "trainer.enable_progress_bar=false"),
        *(f"data.path={write_words(folder / 'in')}", f"data.cache={folder / 'cache'}", "data.batch_size=16"),
        r"data.pattern='(?P<label>[^/]+)/(?P<speaker>[^/_]+)_\d+\.'",
    ]  # fmt: skip
    return Run.open(train(compose("train", words))["run"])


@pytest.fixture(scope="module")
def module(run: Run) -> Classifier:
    return load_module(run)


def noisy(x: np.ndarray) -> np.ndarray:
    return x + np.random.default_rng(0).normal(0, 0.02, len(x)).astype(np.float32)


def test_each_recording_has_its_word_of_any_rate_and_width(module: Classifier, tmp_path: Path) -> None:
    for word, hertz in WORDS.items():
        stereo = np.stack([noisy(tone(hertz, 0.4, 44100))] * 2, 1)
        (tmp_path / f"{word}.flac").write_bytes(encoded(stereo, 44100, "FLAC", "PCM_24"))
    prediction = predict(module, tmp_path, top=2)
    assert [row["file"] for row in prediction.rows] == ["high.flac", "low.flac", "middle.flac"]
    for row in prediction.rows:
        assert row["answer"] == row["file"].removesuffix(".flac") == row["best"][0]["name"]
        assert row["probability"] == row["best"][0]["probability"] > 1 / 3
        assert (row["from_ms"], row["to_ms"], len(row["best"])) == (0, 400, 2)
    assert prediction.summary == "3 recordings, 3 predictions"


def test_a_long_recording_is_a_table_of_times(module: Classifier, tmp_path: Path) -> None:
    order = ["low", "high", "middle", "low", "high"]
    x = np.concatenate([np.concatenate([noisy(tone(WORDS[word], 0.6)), tone(0, 0.6)]) for word in order])
    (tmp_path / "long.wav").write_bytes(encoded(x))
    prediction = predict(module, tmp_path / "long.wav", top=1, window=0.3, hop=0.1)
    whole = [row for row in prediction.rows if row["to_ms"] - row["from_ms"] == 300]
    assert np.unique(np.diff([row["from_ms"] for row in whole])).tolist() == [100, 500]  # silence is skipped
    for number, word in enumerate(order):
        within = [r for r in whole if 1200 * number <= r["from_ms"] and r["to_ms"] <= 1200 * number + 600]
        assert {row["answer"] for row in within} == {word}
        assert len(within) == 4
    default = predict(module, tmp_path / "long.wav", top=1).rows
    median = module.preprocessing.seconds["median"]
    assert (
        default[0]["to_ms"]
        == round(1000 * median, 0)
        == 2 * default[1]["from_ms"] + (round(1000 * median) % 2)
    )


def test_stretches_do_not_depend_on_the_blocks(
    module: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(3).normal(0, 0.1, 8000 * 7 + 321).cumsum().astype(np.float32)
    (tmp_path / "long.wav").write_bytes(encoded(0.5 * x / abs(x).max()))
    monkeypatch.setattr("domains.speech.predict.BLOCK", 100.0)
    whole = predict(module, tmp_path, top=3, window=0.5, hop=0.2).rows
    monkeypatch.setattr("domains.speech.predict.BLOCK", 1.0)
    parts = predict(module, tmp_path, top=3, window=0.5, hop=0.2).rows
    assert [(row["from_ms"], row["to_ms"]) for row in whole] == [
        (row["from_ms"], row["to_ms"]) for row in parts
    ]
    assert whole[-1]["to_ms"] == round((8000 * 7 + 321) / 8)
    for a, b in zip(whole, parts, strict=True):
        assert a["probability"] == pytest.approx(b["probability"], abs=1e-4)


@pytest.mark.slow
def test_an_hour_takes_no_more_memory_than_a_minute(module: Classifier, tmp_path: Path) -> None:
    minute = noisy(tone(500, 60))

    def peak(minutes: int) -> int:
        path = tmp_path / f"{minutes}.wav"
        with soundfile.SoundFile(path, "w", 8000, 1) as file:
            for _ in range(minutes):
                file.write(minute)
        tracemalloc.start()
        prediction = predict(module, path, top=1, window=2.0, hop=2.0)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(prediction.rows) == 30 * minutes
        assert prediction.rows[-1]["to_ms"] == 60_000 * minutes
        return most

    one, sixty = peak(1), peak(60)
    assert sixty < one + 4_000_000  # rows and the picture; its samples are 58 MB


ODD = {
    "empty.wav": (b"", "empty"),
    "text.wav": (b"Dear Sir,", "unreadable"),
    "none.wav": (encoded(tone(300)[:0]), "no samples"),
    "silent.wav": (encoded(0 * tone(300)), "silence"),
    "nan.wav": (encoded(np.nan * tone(300), subtype="FLOAT"), "not numbers"),
}


@pytest.mark.parametrize("name", ODD)
def test_a_recording_without_a_prediction_is_named_alone_and_among_others(
    module: Classifier, tmp_path: Path, name: str
) -> None:
    data, reason = ODD[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=rf"{reason}: {name} \("):
        predict(module, tmp_path / name, top=1)
    (tmp_path / "good.wav").write_bytes(encoded(tone(300)))
    prediction = predict(module, tmp_path, top=1)
    assert [row["file"] for row in prediction.rows] == ["good.wav"]
    assert "files: 2 seen, 1 used, 1 skipped" in prediction.summary
    assert f"1 {reason}: {name} (" in prediction.summary


def test_shortest_and_unusual_recordings_are_predicted(module: Classifier, tmp_path: Path) -> None:
    files = {
        "cut.wav": encoded(tone(300))[:3000],
        "eight.wav": encoded(np.stack([tone(300)] * 8, 1), 192000),
        "one.wav": encoded(np.array([0.5], np.float32)),
        "u8.wav": encoded(tone(300), subtype="PCM_U8"),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    prediction = predict(module, tmp_path, top=1)
    assert [row["file"] for row in prediction.rows] == list(files)
    assert (
        f"{tmp_path / 'cut.wav'}: shorter than its header says; predicted nonetheless" in prediction.summary
    )
    assert prediction.summary.count("shorter than") == 1
    assert all(0 < row["probability"] <= 1 for row in prediction.rows)
    assert len(list(prediction.pictures)) == 4


def test_pictures_have_hertz_and_seconds(module: Classifier, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(encoded(noisy(tone(800))))
    (tmp_path / "b.wav").write_bytes(encoded(noisy(tone(800, 3))))
    (_, short), (_, long) = predict(module, tmp_path, top=3).pictures
    for figure, seconds in ((short, 0.4), (long, 3.0)):
        axes = figure.axes[0]
        assert axes.get_ylabel() == "Hz"
        assert {"200", "1,000", "3,000"} <= {label.get_text() for label in axes.get_yticklabels()}
        image = axes.images[0]
        assert image.get_extent()[:2] == pytest.approx((0, seconds))
        band = image.get_array().mean(1).argmax()
        assert abs(band - np.interp(800, module.log_mel.centres, np.arange(40))) < 1
    assert short.axes[0].get_xlabel() == long.axes[1].get_xlabel() == "seconds"
    assert "middle" in short.get_suptitle()
    assert "middle" in {text.get_text() for text in long.axes[1].texts}


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("window=0", ["window (seconds): must be a number from 0.01 to 60, got 0"]),
        ("window=.nan", ["window (seconds): must be", "nan"]),
        ("hop=soon", ["hop (seconds): must be", "got 'soon'"]),
        ("move=3", ["move=3", "domain speech"]),
    ],
)
def test_impossible_options_are_refused(run: Run, tmp_path: Path, override: str, words: list[str]) -> None:
    (tmp_path / "a.wav").write_bytes(encoded(tone(800)))
    with pytest.raises(UserError) as error:
        command_predict(compose("predict", [f"run={run.folder}", f"input={tmp_path}", override]))
    assert all(word in str(error.value) for word in words)


def test_as_a_user_runs_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "word.wav").write_bytes(encoded(noisy(tone(1900))))
    done = command("predict", f"run={run.folder}", "input=word.wav", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.splitlines()[-1].removeprefix("predictions: "))
    assert {path.name for path in folder.iterdir()} == {"predictions.jsonl", "001-word.wav.png"}
    (row,) = map(json.loads, (folder / "predictions.jsonl").read_text().splitlines())
    assert row["answer"] == "high"


@pytest.mark.parametrize("samples", [1, 199, 200, 201, 279, 280, 8000, 8001])
def test_the_levels_of_silence_equal_the_computed_ones(module: Classifier, samples: int) -> None:
    for pooled in (1, 3, 7):
        silent = decibels(module.log_mel, np.zeros(samples, np.int16), pooled)
        x = np.zeros(samples, np.int16)
        x[0] = 1
        assert silent.shape == decibels(module.log_mel, x, pooled).shape
        assert silent.dtype == np.float32
        assert silent.max() == pytest.approx(-100)

"""Words in running speech: their times, pauses, recordings of any length, and pictures."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from domains.speech import running
from domains.speech.figures import Label, labels_picture, rows_for
from domains.speech.levels import Levels
from domains.speech.predict import predict
from domains.speech.running import Heard
from shared.commands import Answers
from shared.errors import UserError
from tests.domains.speech.listener import RATE, Spoken, batch, listener, make, spoken
from tests.domains.speech.sounds import encoded


def write(path: Path, seed: int = 1, words: int = 4, pause: tuple[float, float] = (0.1, 0.4)) -> Spoken:
    x, rows = spoken(np.random.default_rng(seed), words, pause)
    soundfile.write(path, x, RATE)
    return rows


def test_words_have_times_and_silence_is_none(tmp_path: Path) -> None:
    said = write(tmp_path / "said.wav", words=5)
    predictions = predict(listener(), tmp_path / "said.wav", top=2)
    assert [row["answer"] for row in predictions.rows] == [name for name, _, _ in said]
    for row, (_, start, end) in zip(predictions.rows, said, strict=True):
        assert row["from_ms"] == pytest.approx(1000 * start, abs=40)
        assert row["to_ms"] == pytest.approx(1000 * end, abs=40)
        assert row["best"][0] == {"name": row["answer"], "probability": row["probability"]}
        assert row["probability"] > 0.6
    assert predictions.summary.splitlines()[0] == "1 recording, 5 predictions"
    assert predictions.summary.splitlines()[1] == "said.wav: " + " … ".join(name for name, _, _ in said)
    assert [name for name, _ in predictions.pictures] == ["said.wav"]


def test_what_is_predicted_is_what_is_tested(tmp_path: Path) -> None:
    module = listener()
    x, rows = spoken(np.random.default_rng(4))
    (tmp_path / "clip.wav").write_bytes(encoded(x))
    clips = batch(80, [(soundfile.read(tmp_path / "clip.wav")[0], rows)], module.classes)
    with torch.inference_mode():
        tested = module.windows(clips)
    heard = running.hear(module, tmp_path / "clip.wav")
    np.testing.assert_allclose(heard.answers.logits, tested.logits, atol=1e-5)
    assert heard.segments == module.sequences(tested)[0]


def test_the_answer_does_not_depend_on_the_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a hundredth of a probability: all that a block lacks is what the LSTM heard long before it."""
    write(tmp_path / "long.wav", words=40)
    parts = []
    for block in (100.0, 5.0, 3.3):
        monkeypatch.setattr(running, "BLOCK", block)
        parts.append(running.hear(listener(), tmp_path / "long.wav"))
    for part in parts[1:]:
        assert part.answers.probabilities.shape == parts[0].answers.probabilities.shape
        np.testing.assert_allclose(part.answers.probabilities, parts[0].answers.probabilities, atol=0.01)
        assert part.labels == parts[0].labels
        assert part.seconds == pytest.approx(parts[0].seconds, abs=1e-3)
        np.testing.assert_allclose(part.decibels, parts[0].decibels, atol=1e-3)


def test_long_pauses_change_no_words(tmp_path: Path) -> None:
    said = write(tmp_path / "pauses.wav", words=8, pause=(6, 12))
    predictions = predict(listener(), tmp_path, top=1)
    assert [row["answer"] for row in predictions.rows] == [name for name, _, _ in said]
    assert predictions.rows[-1]["to_ms"] > 50_000
    own, levels = Levels(listener().log_mel), Levels(listener().log_mel)
    x, _ = spoken(np.random.default_rng(5), 20)
    samples = np.round(x * 2**15).astype(np.int16)
    own.add(samples)
    mel, _ = listener().log_mel(torch.from_numpy(samples).float()[None] / 2**15)
    scaled, _ = listener().log_mel(
        torch.from_numpy(samples).float()[None] / 2**15, levels=torch.from_numpy(own.values)[None]
    )
    torch.testing.assert_close(scaled, mel, atol=0.01, rtol=0)  # levels are those that a clip has itself
    for part in (samples, np.zeros(50 * RATE, np.int16), samples):
        levels.add(part)
    np.testing.assert_allclose(levels.values, own.values, rtol=0.1)


def test_silence_is_answered(tmp_path: Path) -> None:
    for name, x in {"none": np.zeros(RATE), "hours": np.zeros(50 * RATE)}.items():
        (tmp_path / f"{name}.wav").write_bytes(encoded(x))
        predictions = predict(listener(), tmp_path / f"{name}.wav", top=5)
        assert [(row["answer"], row["probability"], row["from_ms"]) for row in predictions.rows] == [
            ("silence", 1, 0)
        ]
        assert predictions.rows[0]["to_ms"] == 1000 * len(x) / RATE
        assert predictions.summary.splitlines()[1] == f"{name}.wav: silence"
        assert len(list(predictions.pictures)) == 1


@pytest.mark.parametrize("samples", [1, 30, 199, 201, 300])
def test_a_recording_shorter_than_a_window(tmp_path: Path, samples: int) -> None:
    (tmp_path / "short.wav").write_bytes(encoded(np.linspace(-0.5, 0.5, samples)))
    predictions = predict(listener(), tmp_path / "short.wav", top=1)
    assert predictions.rows[0]["from_ms"] == 0
    assert predictions.rows[-1]["to_ms"] == round(1000 * samples / RATE)
    assert len(list(predictions.pictures)) == 1


def test_labels_of_a_network_trained_by_ctc_have_the_time_of_their_peak() -> None:
    module = make("ctc")
    path = [4, 4, 0, 0, 4, 0, 3, 1, 4]  # high is 0, low 1, silence 3, the blank 4
    logits = 5 * np.eye(5)[path]
    logits[3, 0] = 6
    answers = Answers(logits, np.ones(9), np.zeros(9, bool), [[]] * 9)
    heard = Heard(module, answers, 0.2, None, True, np.zeros((24, 20), np.float32), "", [])
    rows = list(heard.rows(1, 0.8))
    assert [(row["at_ms"], row["answer"]) for row in rows] == [(72, "high"), (112, "high"), (152, "low")]
    assert heard.spoken() == "high … high … low"
    assert heard.picture("title", 1).axes


def test_stretches_are_for_networks_of_single_words(tmp_path: Path) -> None:
    write(tmp_path / "said.wav")
    for options in ({"window": 0.4}, {"hop": 0.1}):
        with pytest.raises(
            UserError, match=rf"^{next(iter(options))}: must be omitted for a network that ans"
        ):
            predict(listener(), tmp_path, top=1, **options)


def test_memory_does_not_grow_with_samples(tmp_path: Path) -> None:
    x, _ = spoken(np.random.default_rng(0), 1, (5, 5))

    def peak(times: int) -> int:
        with soundfile.SoundFile(tmp_path / "long.wav", "w", RATE, 1) as file:
            for _ in range(times):
                file.write(x)
        tracemalloc.start()
        running.hear(listener(), tmp_path / "long.wav")
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few, many = peak(10), peak(60)
    assert many - few < 0.4 * 50 * len(x) * 4  # of the samples as floats; the answers are kept


def test_labels_beside_a_recording_are_drawn(tmp_path: Path) -> None:
    said = write(tmp_path / "said.wav")
    rows = [f"{round(start * RATE)} {round(end * RATE)} {name}" for name, start, end in said]
    (tmp_path / "said.wrd").write_text("\n".join(rows))
    (tmp_path / "said.txt").write_text("no labels with times")
    heard = running.hear(listener(), tmp_path / "said.wav")
    assert [label.name for label in heard.true] == [label.name for label in heard.labels]
    assert not any(map(heard._is_wrong, heard.labels))
    (tmp_path / "said.wrd").write_text("\n".join(rows).replace(said[0][0], "other"))
    assert not any(map(running.hear(listener(), tmp_path / "said.wav")._is_wrong, heard.labels))
    other = next(name for name in ("low", "high") if name != said[0][0])
    (tmp_path / "said.wrd").write_text("\n".join([rows[0].replace(said[0][0], other), *rows[1:]]))
    heard = running.hear(listener(), tmp_path / "said.wav")
    assert [heard._is_wrong(label) for label in heard.labels] == [True, False, False, False]
    assert len(heard.picture("title", 1).axes) == 3
    (tmp_path / "said.wrd").write_text("one two three")
    summary = predict(listener(), tmp_path / "said.wav", top=1).summary
    assert "; labels beside it are not drawn: said.wrd, line 1: must be START END LABEL, got" in summary


def test_rows_of_a_picture() -> None:
    assert rows_for(40, 3.0) == (3.0, 1)
    assert rows_for(120, 9.0) == (3.0, 3)
    assert rows_for(6000, 500.0) == pytest.approx((10 / 3, 6))  # the first 20 s
    assert rows_for(0, 500.0) == (20.0, 6)
    marked, true = [Label("a", 0.1, 0.3), Label("$b$", 0.3, 0.305)], [Label("c", 0.1, 0.3)]
    centres = np.arange(24) * 150.0
    figure = labels_picture(np.zeros((24, 90), np.float32), centres, marked, true, 0.9, "title", marked)
    figure.draw_without_rendering()
    texts = {text.get_text(): text.get_color() for axes in figure.axes for text in axes.texts}
    assert texts.keys() == {"a", "c"}  # a label that has no room is a box alone
    assert texts["a"] != texts["c"]  # it differs from the true one

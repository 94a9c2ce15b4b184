"""Designs side by side: what is measured is what stands in the table and in the picture."""

import csv
from pathlib import Path

import numpy as np
import pytest

from domains.speech.voices import Row, picture, voices
from shared.commands.train import train
from shared.config.cli import compose
from shared.errors import UserError
from tests.domains.speech.sounds import write_words


def finished(folder: Path, model: str, *overrides: str) -> None:
    """A run that was trained for as short as it can be."""
    train(
        compose(
            "train",
            [
                *("domain=speech", "data=speech/folder", "data.sizes.rate=8000", "data.sizes.high_hz=4000"),
                r"data.pattern='(?P<label>[^/]+)/(?P<speaker>[^/_]+)_\d+\.'",
                *(f"model=speech/{model}", f"data.path={folder / 'in'}", f"data.cache={folder / 'cache'}"),
                *("trainer.max_epochs=1", "trainer.accelerator=cpu", "trainer.precision=32-true"),
                *("trainer.enable_progress_bar=false", f"runs={folder / 'runs'}"),
                *overrides,
            ],
        )
    )


def test_runs_are_tested_on_their_speakers_or_at_every_stretch(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    write_words(tmp_path / "in")
    (tmp_path / "in/low/f0_9.wav").write_bytes(b"text")
    for seed in (0, 1):
        finished(tmp_path, "small", f"seed={seed}", "data.test_speaker='f.*'")
        finished(tmp_path, "small", f"seed={seed}")
    capsys.readouterr()
    rows = voices(tmp_path / "runs", [0.8, 1.0, 1.25], tmp_path / "out")
    assert capsys.readouterr().out.count("1 unreadable: low/f0_9.wav (Format not recognised)") == 2
    told = [(row.design, row.tested, row.seed, row.stretch, row.n) for row in rows]
    stretched = [("small", "speech/folder", seed, f, 24) for seed in (0, 1) for f in (0.8, 1.0, 1.25)]
    assert told == [("small", "f.*", 0, 1.0, 36), ("small", "f.*", 1, 1.0, 36), *stretched]
    assert len({row.accuracy for row in rows}) > 1
    with (tmp_path / "out/voices.csv").open() as file:
        assert [row["accuracy"] for row in csv.DictReader(file)] == [str(row.accuracy) for row in rows]
    assert (tmp_path / "out/voices.png").read_bytes().startswith(b"\x89PNG")


def test_the_picture_has_means_and_intervals_of_every_design() -> None:
    rows = [
        Row(design, tested, seed, stretch, 0.5 + 0.1 * seed, 100)
        for design in ("both", "frequency")
        for tested, stretch in (("f.*", 1.0), ("m.*", 1.0), ("speech/fsdd", 0.8), ("speech/fsdd", 1.0))
        for seed in range(3)
    ]
    left, right = picture(rows).axes
    assert [label.get_text() for label in left.get_xticklabels()] == ["tested on f.*", "tested on m.*"]
    for axes, x in ((left, 2), (right, [0.8, 1.0])):
        assert len(axes.containers) == 2
        for line, caps, _ in axes.containers:
            np.testing.assert_allclose(np.asarray(line.get_ydata(), float), 0.6)
            low, high = (np.asarray(cap.get_ydata(), float) for cap in caps)
            np.testing.assert_allclose(high - low, 2 * 4.302653 * 0.1 / 3**0.5, rtol=1e-5)
            assert len(line.get_xdata()) == 2
            if x != 2:
                assert line.get_xdata().tolist() == x
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["both", "frequency"]


def test_a_folder_without_finished_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no finished run of speech"):
        voices(tmp_path, [1.0], tmp_path)

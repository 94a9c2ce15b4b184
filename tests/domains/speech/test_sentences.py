"""The bundled dataset of sentences is as its README describes it."""

import io
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from domains.speech.preprocessing import LogMel
from domains.speech.voices import RATE, spoken_texts, voices
from shared.config.cli import compose
from shared.training import build_data

FOLDER = Path(__file__).parents[3] / "domains/speech/sample"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    with tarfile.open(FOLDER / "sentences.tar.xz") as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]


def test_36_voices_speak_9_sentences_each_and_the_folder_is_small(files: dict[str, bytes]) -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 6_000_000
    made = voices(36)
    assert Counter(name.split("/")[0] for name in files) == {voice.name: 3 * 9 for voice in made}
    assert Counter(name.split(".")[1] for name in files) == dict.fromkeys(("mp3", "phn", "wrd"), 36 * 9)
    women, men = (Counter(voice.accent for voice in made if voice.sex == sex) for sex in "fm")
    assert women == men


def test_it_is_read_with_the_classes_of_every_phone(tmp_path: Path) -> None:
    words = ["domain=speech", "data=speech/sentences", "data.test_speaker='f.*'", f"data.cache={tmp_path}"]
    data = build_data(compose("train", words))
    data.setup()
    assert "skipped" not in data.summary
    assert len(data.classes) == 41
    assert len(data.test_set) == len(data.train_set) + len(data.val_set) == 162  # type: ignore[arg-type]


def test_it_can_be_made_again_and_mp3_neither_shifts_nor_smears(files: dict[str, bytes]) -> None:
    """Labels are equal; sounds are not shifted at all, and nothing is heard before the first phone."""
    log_mel = LogMel(rate=RATE, window_ms=25, hop_ms=10, mels=40, low_hz=60, high_hz=7600)
    made = dict(spoken_texts("sentences", 6, 1, seed=0))
    for name in (name.removesuffix(".phn") for name in made if name.endswith(".phn")):
        assert files[f"{name}.phn"] == made[f"{name}.phn"]
        assert files[f"{name}.wrd"] == made[f"{name}.wrd"]
        spoken, kept = (
            soundfile.read(io.BytesIO(data), dtype="float32")[0]
            for data in (made[f"{name}.flac"], files[f"{name}.mp3"])
        )
        assert len(kept) == len(spoken)
        for start in range(0, len(spoken) - RATE // 4, RATE // 4):
            part, other = (x[start : start + RATE // 4] for x in (spoken, kept))
            if np.abs(part).max() > 0.05:
                assert np.correlate(other, part, "full").argmax() == len(part) - 1
        loss = torch.sub(*(log_mel(torch.from_numpy(x)[None])[0][0] for x in (kept, spoken)))
        assert float(loss.square().mean().sqrt()) < 0.35  # of a spectrogram of variance 1
        silence = int(made[f"{name}.phn"].split()[1])
        last = (silence - log_mel.size) // log_mel.hop  # the last frame before the first phone
        assert abs(float(loss[:32, last - 1 : last + 1].mean())) < 0.15

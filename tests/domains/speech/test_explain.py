"""Explaining recordings: decibels, regions of time and frequency, and spectrograms as sound."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from domains.speech.explain import SpeechDomain
from shared.errors import UserError
from shared.explain.adapter import InputAdapter


@pytest.fixture(scope="module")
def speech(adapters: dict[str, InputAdapter]) -> SpeechDomain:
    domain = adapters["speech"]
    assert isinstance(domain, SpeechDomain)
    return domain


def test_a_step_is_a_decibel(speech: SpeechDomain) -> None:
    example = speech.example(speech.data.val_set, 0)
    mean, deviation = speech._levels(example)
    log = example.x * deviation + mean
    louder = (log + np.log(10) / 10 - mean) / deviation  # a decibel more power in every cell
    torch.testing.assert_close(
        louder - example.x, torch.full_like(example.x, speech.step(example)), rtol=1e-3, atol=1e-5
    )


def test_regions_are_boxes_whole_bands_and_whole_slices(speech: SpeechDomain) -> None:
    example = speech.example(speech.data.val_set, 0)
    kinds = speech.regions(example)
    assert list(kinds) == ["boxes", "bands", "slices"]
    assert all(masks.any(0).all() for masks in kinds.values())  # all cells are covered
    assert all((mask.all(1) == mask.any(1)).all() for mask in kinds["bands"])
    assert all((mask.all(0) == mask.any(0)).all() for mask in kinds["slices"])
    covered = speech.keep(example, ~kinds["slices"][:1])[0]
    assert bool((covered[:, kinds["slices"][0]] == 0).all())  # the clip's mean


def test_a_generated_spectrogram_becomes_sound(speech: SpeechDomain) -> None:
    example = speech.example(speech.data.val_set, 0)
    made = speech.make(example.x, "made", of=example)
    wave, rate = soundfile.read(io.BytesIO(speech.sounds(made)[".wav"]))
    assert rate == speech.log_mel.rate
    assert abs(len(wave) - len(example.source)) < 4 * speech.log_mel.size
    again = speech.on(np.round(wave * 32000).astype(np.int16), "again").x
    frames = min(again.size(2), example.x.size(2))
    both = torch.stack([again[0, :, :frames].flatten(), example.x[0, :, :frames].flatten()])
    assert float(torch.corrcoef(both)[0, 1]) > 0.8
    assert speech.sounds(speech.make(example.x, "from noise")) == {}


def test_recordings_that_cannot_be_explained_are_named(speech: SpeechDomain, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", np.random.default_rng(0).normal(size=88_000) * 0.1, 8000)
    with pytest.raises(
        UserError, match=r"must hold a recording of speech.*longer than 10 s: long\.wav \(11\.0 s\)"
    ):
        speech.read(tmp_path / "long.wav")
    (tmp_path / "empty.wav").write_bytes(b"")
    with pytest.raises(UserError, match=r"must hold a recording of speech.*empty: empty\.wav"):
        speech.read(tmp_path / "empty.wav")
    soundfile.write(tmp_path / "short.wav", 0.1 * np.sin(np.arange(900)), 8000)
    (tmp_path / "more.m4a").write_bytes(b"")
    assert [example.name for example in speech.read(tmp_path)] == ["short.wav"]
    assert speech.remarks == [
        "files: 4 seen, 1 used, 3 skipped",
        "  1 of kind .m4a: more.m4a",
        "  1 empty: empty.wav (0 bytes)",
        "  1 longer than 10 s: long.wav (11.0 s)",
        "  .m4a cannot be read: convert to .wav or .flac, for example with `ffmpeg -i OLD NEW.wav`",
    ]

"""The log-mel spectrogram compared with torchaudio's; loudness and batches do not change it."""

import numpy as np
import pytest
import torch
from torchaudio.transforms import MelSpectrogram

from domains.speech.preprocessing import FLOOR, LogMel
from shared.errors import UserError

SIZES = {"rate": 8000, "window_ms": 25, "hop_ms": 10, "mels": 40, "low_hz": 60, "high_hz": 4000}


@pytest.fixture
def log_mel() -> LogMel:
    return LogMel(**SIZES)


def sound(samples: int = 4000, seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    return torch.randn(1, samples).cumsum(1) * 0.01


def test_it_is_torchaudio_s_spectrogram_levelled(log_mel: LogMel) -> None:
    x = sound()
    reference = MelSpectrogram(
        8000, n_fft=256, win_length=200, hop_length=80, f_min=60, f_max=4000, n_mels=40, center=False
    )
    theirs = reference(torch.nn.functional.pad(x, (28, 28)))  # stft centres the window of 200 in zeros
    torch.testing.assert_close(log_mel.power(x), theirs)
    log = (theirs / theirs.mean() + FLOOR).log()
    mel, frames = log_mel(x)
    torch.testing.assert_close(mel, (log - log.mean()) / log.std(correction=0), atol=1e-4, rtol=1e-4)
    assert frames.tolist() == [(4000 - 200) // 80 + 1] == [mel.size(2)]


def test_a_tone_stands_in_the_band_of_its_frequency(log_mel: LogMel) -> None:
    for hertz in (150.0, 440.0, 1000.0, 3000.0):
        tone = torch.sin(2 * torch.pi * hertz * torch.arange(4000) / 8000)[None]
        band = int(log_mel(tone)[0].mean(2).argmax())
        nearest = int((log_mel.centres - hertz).abs().argmin())
        assert abs(band - nearest) <= 1


@pytest.mark.parametrize("level", [1e-3, 0.3, 30.0])
def test_loudness_changes_nothing(log_mel: LogMel, level: float) -> None:
    torch.testing.assert_close(log_mel(level * sound())[0], log_mel(sound())[0], atol=1e-3, rtol=1e-3)


def test_a_clip_alone_and_in_a_batch_has_one_spectrogram(log_mel: LogMel) -> None:
    lengths = torch.tensor([4000, 1, 199, 200, 281, 2500])
    batch = torch.zeros(6, 6000)
    for row, length in zip(batch, lengths, strict=True):
        row[:length] = sound(4000, int(length))[0, :length]
    together, frames = log_mel(batch, lengths)
    assert frames.tolist() == [48, 1, 1, 1, 2, 29]
    for row, mel, length, own in zip(batch, together, lengths, frames, strict=True):
        alone, _ = log_mel(row[None, :length])
        torch.testing.assert_close(mel[:, :own], alone[0], atol=1e-4, rtol=1e-4)
        assert (mel[:, own:] == 0).all()


def test_silence_is_zero_and_finite(log_mel: LogMel) -> None:
    mel, _ = log_mel(torch.zeros(2, 3000))
    assert mel.abs().max() < 0.01


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.1, 1.25])
def test_a_stretched_voice_is_higher_by_the_factor(log_mel: LogMel, factor: float) -> None:
    times = torch.arange(4000) / 8000

    def vowel(pitch: float) -> torch.Tensor:
        return sum(torch.sin(2 * torch.pi * pitch * k * times) / k for k in (1, 4, 9))[None]

    log = (log_mel.power(vowel(250)) + 1e-3).log()
    high = (log_mel.power(vowel(250 * factor)) + 1e-3).log()
    stretched = log_mel.stretched(log, torch.tensor([factor]))
    low = log_mel.centres < 0.85 * 4000 * min(factor, 1)
    apart, before = ((version - high)[:, low].abs().mean() for version in (stretched, log))
    assert apart < 0.5 * before


def test_a_factor_of_one_changes_nothing_and_each_clip_has_its_own(log_mel: LogMel) -> None:
    x = sound().expand(3, -1)
    mel, _ = log_mel(x)
    stretched, _ = log_mel(x, None, torch.tensor([1.0, 0.8, 1.25]))
    torch.testing.assert_close(stretched[0], mel[0], atol=1e-3, rtol=1e-3)
    assert (stretched[1] - mel[1]).abs().mean() > 0.05
    torch.testing.assert_close(stretched[1:2], log_mel(x[:1], None, torch.tensor([0.8]))[0])


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_frequencies_move_as_in_the_paper(log_mel: LogMel, factor: float) -> None:
    f = np.linspace(0, 4000, 100_001)  # Jaitly & Hinton's formula: frequencies before and after
    least = 0.85 * 4000 * min(factor, 1)
    upper = 4000 - (4000 - least) / (4000 - least / factor) * (4000 - f)
    goes = np.where(f <= least / factor, factor * f, upper)
    centres = log_mel.centres.numpy()
    came = np.interp(centres, goes, f).clip(centres[0], centres[-1])
    own = log_mel.centres[None, :, None]  # each band holds its own frequency
    computed = log_mel.stretched(own, torch.tensor([factor]))[0, :, 0]
    np.testing.assert_allclose(computed, came, rtol=0.005)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ({"mels": 200}, ["data.sizes.mels=200", "31 Hz", "use fewer"]),
        ({"high_hz": 4001}, ["data.sizes.high_hz=4001", "4000"]),
        ({"low_hz": 4000}, ["data.sizes.low_hz=4000"]),
        ({"hop_ms": 0.01}, ["data.sizes.hop_ms=0.01", "8000 Hz"]),
        ({"window_ms": 0}, ["data.sizes.window_ms=0"]),
    ],
)
def test_sizes_that_the_rate_does_not_allow(size: dict, words: list[str]) -> None:
    with pytest.raises(UserError) as error:
        LogMel(**SIZES | size)
    assert all(word in str(error.value) for word in words)

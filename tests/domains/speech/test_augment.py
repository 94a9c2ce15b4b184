"""Random changes of training clips stay within their limits, and are drawn from torch's generator alone."""

from typing import Any

import pytest
import torch

from domains.speech.augment import Augment

OFF: dict[str, Any] = {
    "hop_ms": 10, "shift_ms": 0, "gain_db": 0, "noise_db": None,
    "vocal_tract": 0, "mask_mels": 0, "mask_ms": 0,
}  # fmt: skip


def test_the_default_changes_nothing() -> None:
    augment = Augment(**OFF)
    x, mel = torch.randn(2, 100), torch.randn(2, 40, 30)
    assert augment.wave(x, torch.tensor([100, 50])) is x
    assert augment.spectrogram(mel, torch.tensor([30, 20])) is mel
    assert augment.stretch(x) is None


def test_gain_is_within_its_limits_and_of_its_own_for_each_clip() -> None:
    torch.manual_seed(0)
    x = torch.ones(200, 10)
    gains = 20 * Augment(**OFF | {"gain_db": 6}).wave(x, torch.full((200,), 10))[:, 0].log10()
    assert gains.abs().max() <= 6.001
    assert gains.min() < -5 < 5 < gains.max()


def test_noise_has_the_ratio_of_the_setting_and_is_not_added_to_padding() -> None:
    torch.manual_seed(0)
    lengths = torch.tensor([4000, 3000])
    x = torch.zeros(2, 4000)
    x[0], x[1, :3000] = torch.randn(4000), 0.01 * torch.randn(3000)
    noise = Augment(**OFF | {"noise_db": [10, 10]}).wave(x, lengths) - x
    assert (noise[1, 3000:] == 0).all()
    for row, clip, length in zip(noise, x, lengths, strict=True):
        ratio = clip[:length].square().mean() / row[:length].square().mean()
        assert 10 * ratio.log10() == pytest.approx(10, abs=1)
    low, high = (
        torch.fft.rfft(noise[0]).abs().square()[part].sum() for part in (slice(1000), slice(1000, None))
    )
    assert low > high  # pink


def test_a_shift_moves_frames_and_holds_the_edge() -> None:
    torch.manual_seed(0)
    mel = torch.arange(30.0).expand(50, 40, -1)
    frames = torch.full((50,), 25)
    shifted = Augment(**OFF | {"shift_ms": 40}).spectrogram(mel, frames)
    offsets = set()
    for clip in shifted:
        assert (clip == clip[0]).all()
        offset = int(15 - clip[0, 15])
        assert clip[0].tolist() == (torch.arange(30) - offset).clamp(0, 24).tolist()
        offsets.add(offset)
    assert offsets == set(range(-4, 5))


def test_masks_take_out_one_band_and_one_stretch_of_time() -> None:
    torch.manual_seed(0)
    mel = torch.ones(100, 40, 30)
    masked = Augment(**OFF | {"mask_mels": 6, "mask_ms": 80}).spectrogram(mel, torch.full((100,), 30))
    bands, frames = (masked == 0).all(2).sum(1), (masked == 0).all(1).sum(1)
    assert 0 < bands.max() <= 6
    assert 0 < frames.max() <= 8
    assert len(set(bands.tolist())) > 3
    everything = Augment(**OFF | {"mask_mels": 99, "mask_ms": 9999}).spectrogram(mel, torch.full((100,), 30))
    assert (everything != 0).any((1, 2)).float().mean() > 0.9


def test_voices_are_stretched_within_the_limits() -> None:
    torch.manual_seed(0)
    factor = Augment(**OFF | {"vocal_tract": 0.2}).stretch(torch.zeros(500, 3))
    assert factor is not None
    assert factor.shape == (500,)
    assert 0.8 <= factor.min() < 0.82 < 1.18 < factor.max() <= 1.2


def test_the_same_seed_gives_the_same_changes() -> None:
    augment = Augment(
        hop_ms=10, shift_ms=50, gain_db=6, noise_db=[0, 20], vocal_tract=0.1, mask_mels=6, mask_ms=60
    )

    def changed(seed: int) -> list[torch.Tensor]:
        torch.manual_seed(seed)
        x, mel = torch.ones(4, 1000), torch.ones(4, 40, 30)
        return [
            augment.wave(x, torch.full((4,), 1000)),
            augment.stretch(x),
            augment.spectrogram(mel, torch.full((4,), 30)),
        ]  # type: ignore[list-item]

    assert all(torch.equal(a, b) for a, b in zip(changed(1), changed(1), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(changed(1), changed(2), strict=True))

"""Augmentation of training clips: drawn anew for each batch, on the device."""

import torch
from torch import Tensor, nn
from torchaudio.functional import mask_along_axis_iid

from shared.errors import UserError, require_int, require_number
from shared.network import beyond


class Augment(nn.Module):
    """Random changes of clips; all draws come from torch's global generator.

    Args:
        hop_ms: time from one frame of the spectrogram to the next, in milliseconds.
        shift_ms: largest shift of a clip in time; the frames that leave it are lost, and the frame at the
            other end is repeated.
        gain_db: largest change of its loudness.
        noise_db: lowest and highest ratio of its power to that of noise, white to pink; None: no noise.
        vocal_tract: its frequencies are stretched by a factor of up to 1 ± ``vocal_tract`` (Jaitly & Hinton
            2013).
        pad_ms: most silence before a clip, and after it; half of the clips have none there.
        mask_mels, mask_ms: one stretch of at most ``mask_mels`` bands, and one of at most ``mask_ms``, are
            replaced by the mean (SpecAugment, Park et al. 2019).

    Raises:
        UserError: a number out of its range.
    """

    def __init__(
        self,
        *,
        hop_ms: float,
        shift_ms: float,
        gain_db: float,
        noise_db: list[float] | None,
        vocal_tract: float,
        mask_mels: int,
        mask_ms: float,
        pad_ms: float = 0,  # older runs lack it
    ):
        super().__init__()
        if noise_db is not None and len(noise_db) != 2:
            raise UserError(f"data.augment.noise_db: must be [LOWEST, HIGHEST] or null, got {noise_db}")
        for value in noise_db or ():
            require_number("data.augment.noise_db", value, -100, 100)
        require_number("data.augment.shift_ms", shift_ms, 0, 10_000)
        require_number("data.augment.gain_db", gain_db, 0, 100)
        require_number("data.augment.vocal_tract", vocal_tract, 0, 0.5)
        require_number("data.augment.pad_ms", pad_ms, 0, 10_000)
        require_number("data.augment.mask_ms", mask_ms, 0, 10_000)
        require_int("data.augment.mask_mels", mask_mels, 0)
        self.shift, self.pad_frames = round(shift_ms / hop_ms), round(pad_ms / hop_ms)
        self.gain_db, self.noise_db, self.vocal_tract = gain_db, noise_db, vocal_tract
        self.mask_mels, self.mask_frames = mask_mels, round(mask_ms / hop_ms)

    def pad(self, x: Tensor, lengths: Tensor, hop: int) -> tuple[Tensor, Tensor]:
        """Samples (N, samples) with zeros before and after each clip, and the new lengths."""
        if not self.pad_frames:
            return x, lengths
        most = self.pad_frames * hop
        before, after = torch.randint(-most, most + 1, (2, len(x)), device=x.device).clamp(min=0)
        longer = lengths + before + after
        place = torch.arange(int(longer.max()), device=x.device) - before[:, None]
        inside = (place >= 0) & (place < lengths[:, None])
        return x.gather(1, place.clamp(0, x.size(1) - 1)) * inside, longer

    def wave(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Samples (N, samples), louder or softer, and with noise; beyond the lengths zeros, as before."""
        if self.gain_db:
            x = x * 10 ** (_uniform(x, -self.gain_db, self.gain_db) / 20)
        if self.noise_db is None:
            return x
        spectrum = torch.fft.rfft(torch.randn_like(x))
        hertz = torch.arange(1, spectrum.size(1) + 1, device=x.device)
        colour = hertz ** (-0.5 * _uniform(x, 0, 1))  # of the amplitude: from white to pink
        noise = torch.fft.irfft(spectrum * colour, x.size(1))
        noise = noise / noise.square().mean(1, keepdim=True).sqrt().clamp(min=1e-9)
        power = x.square().sum(1, keepdim=True) / lengths[:, None]
        noise = noise * ~beyond(lengths, x.size(1))
        return x + noise * (power / 10 ** (_uniform(x, *self.noise_db) / 10)).sqrt()

    def stretch(self, x: Tensor) -> Tensor | None:
        """A factor (N,) for the frequencies of each of the clips (N, …), or None for none."""
        return _uniform(x, 1 - self.vocal_tract, 1 + self.vocal_tract)[:, 0] if self.vocal_tract else None

    def spectrogram(self, mel: Tensor, frames: Tensor) -> Tensor:
        """Spectrograms (N, mels, frames) of mean 0, shifted, with a band and a stretch of time taken out."""
        if self.shift:
            offset = torch.randint(-self.shift, self.shift + 1, (len(mel), 1), device=mel.device)
            place = torch.arange(mel.size(2), device=mel.device) - offset
            place = place.clamp(min=0).minimum(frames[:, None] - 1)
            mel = mel.gather(2, place[:, None].expand_as(mel))
        for most, axis in ((self.mask_mels, 2), (self.mask_frames, 3)):
            most = min(most, mel.size(axis - 1) - 1)
            if most > 0:
                mel = mask_along_axis_iid(mel[:, None], most, 0.0, axis)[:, 0]
        return mel


def _uniform(clips: Tensor, low: float, high: float) -> Tensor:
    """A number (N, 1) for each clip."""
    return low + (high - low) * torch.rand(len(clips), 1, device=clips.device, dtype=clips.dtype)

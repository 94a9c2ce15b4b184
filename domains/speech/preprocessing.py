"""From samples to a log-mel spectrogram, in batches on the device."""

import math
import warnings
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torchaudio.functional import melscale_fbanks

from shared.errors import UserError, require_int, require_number
from shared.network import beyond
from shared.training import Preprocessing

FLOOR = 1e-4  # added to the power of a clip whose mean power is 1: what is 40 dB below it counts as silence
WINDOW = 1000  # ms that a window, or the step to the next, may last: a second is longer than a word's sounds
MELS = 1024
RATE = (1_000, 384_000)  # Hz
T = TypeVar("T", Tensor, np.ndarray)
SILENCE = 1e-12  # mean power of a clip that holds nothing to be brought to 1


class Seconds(TypedDict):
    """Lengths of the training clips."""

    median: float
    longest: float


@dataclass(frozen=True)
class SpeechPreprocessing(Preprocessing):
    """Arguments of ``LogMel`` and ``Augment``, and the lengths by which a long recording is cut."""

    sizes: dict[str, Any]
    augment: dict[str, Any]
    seconds: Seconds


class LogMel(nn.Module):
    """The logarithm of the power in bands of the mel scale, each clip at the same level.

    Hann windows inside a clip's own samples: (samples - window) / hop + 1 frames, one at least. A clip's
    power is scaled to mean 1, and its logarithm to mean 0 and variance 1, both over all its own cells, so
    that neither loudness nor the padding counts.

    Args:
        rate: of the samples, in Hz.
        window_ms, hop_ms: length of a window, and from one to the next, in milliseconds.
        mels: bands.
        low_hz, high_hz: where the lowest band begins and the highest ends.

    Raises:
        UserError: a size that the rate does not allow.
    """

    window: Tensor
    bands: Tensor
    centres: Tensor

    def __init__(
        self, *, rate: int, window_ms: float, hop_ms: float, mels: int, low_hz: float, high_hz: float
    ):
        super().__init__()
        require_int("data.sizes.rate", rate, *RATE)
        require_int("data.sizes.mels", mels, 1, MELS)
        require_number("data.sizes.window_ms", window_ms, 0, WINDOW)
        require_number("data.sizes.hop_ms", hop_ms, 0, WINDOW)
        require_number("data.sizes.low_hz", low_hz, 0, RATE[1])
        require_number("data.sizes.high_hz", high_hz, 0, RATE[1])
        self.size, self.hop = round(rate * window_ms / 1000), round(rate * hop_ms / 1000)
        if self.size < 2 or self.hop < 1:
            times = f"data.sizes.window_ms={window_ms}, data.sizes.hop_ms={hop_ms}"
            raise UserError(f"{times}: too short for samples at {rate} Hz")
        if not low_hz < high_hz <= rate / 2:
            hertz = f"data.sizes.low_hz={low_hz}, data.sizes.high_hz={high_hz}"
            raise UserError(f"{hertz}: must rise, and end at most at {rate / 2:g}, half of data.sizes.rate")
        self.bins = 2 ** math.ceil(math.log2(self.size))
        self.rate, self.nyquist, self.mels = rate, rate / 2, mels
        # On the CPU, also where a network is made without memory: their values are looked at.
        with warnings.catch_warnings(action="ignore"), torch.device("cpu"):  # an empty band is refused below
            bands = melscale_fbanks(self.bins // 2 + 1, low_hz, high_hz, mels, rate)
        if not bands.any(0).all():
            raise UserError(
                f"data.sizes.mels={mels}: some bands are narrower than the {rate / self.bins:.0f} Hz that a "
                f"window of {window_ms} ms resolves; use fewer, or longer windows"
            )
        self.register_buffer("window", torch.hann_window(self.size), persistent=False)
        self.register_buffer("bands", bands, persistent=False)
        low, high = _mel(torch.tensor([low_hz, high_hz]))
        mel = low + (high - low) * torch.arange(1, mels + 1) / (mels + 1)
        self.register_buffer("centres", 700.0 * (10.0 ** (mel / 2595.0) - 1.0), persistent=False)

    def forward(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        stretch: Tensor | None = None,
        levels: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Spectrograms (N, mels, frames), and the frames (N,) of each.

        Args:
            x: (N, samples), zeros beyond a clip's length.
            lengths: (N,) samples of each clip; None: all are as long as the batch.
            stretch: (N,) factors as for ``stretched``.
            levels: (N, 3) mean power, and mean and deviation of its logarithm, by which clips are scaled that
                are parts of longer recordings; None: each clip's own.
        """
        if lengths is None:
            lengths = torch.full((len(x),), x.size(1), device=x.device)
        frames = self.frames(lengths)
        power = self.power(x)
        padding = beyond(frames, power.size(2))

        def mean(values: Tensor) -> Tensor:
            """(N, 1, 1) over each clip's own cells."""
            return (values.sum(1).masked_fill(padding, 0.0).sum(1) / (self.mels * frames))[:, None, None]

        known = None if levels is None else levels.float()[:, :, None, None].unbind(1)
        scale = mean(power) if known is None else known[0]
        log = (power / scale.clamp(min=SILENCE)).add_(FLOOR).log_()
        if stretch is not None:
            log = self.stretched(log, stretch)
        log = log - (mean(log) if known is None else known[1])
        deviation = mean(log.square()).sqrt() if known is None else known[2]
        log = log / deviation.clamp(min=1e-3)
        return log.masked_fill_(padding[:, None], 0.0), frames

    def frames(self, lengths: T) -> T:
        """The frames (N,) of clips of these samples (N,), a tensor or an array."""
        return ((lengths - self.size) // self.hop + 1).clip(min=1)

    def power(self, x: Tensor) -> Tensor:
        """Power in the bands (N, mels, frames) of samples (N, samples); fewer than a window are filled up."""
        margin = self.bins - self.size  # in which stft sets the window amidst zeros
        missing = max(self.size - x.size(1), 0)
        x = nn.functional.pad(x, (margin // 2, margin - margin // 2 + missing))
        spectrum = torch.stft(
            x, self.bins, self.hop, self.size, self.window, center=False, return_complex=True
        ).mT  # (n, frames, bins), as it lies in memory
        return ((spectrum.real.square() + spectrum.imag.square()) @ self.bands).mT

    def stretched(self, log: Tensor, factor: Tensor) -> Tensor:
        """Each clip as by a voice whose frequencies are ``factor`` (N,) times as high.

        Piecewise linear (Jaitly & Hinton 2013, section 3.1): times the factor up to a bend, from there
        linear to the highest frequency, which stays where it is. Between two bands values are interpolated.
        """
        factor = factor.to(log)[:, None]
        bend = 0.85 * self.nyquist * factor.clamp(max=1.0)  # where the stretched axis bends
        below = self.centres / factor
        room = self.nyquist - self.centres
        above = self.nyquist - room * (self.nyquist - bend / factor) / (self.nyquist - bend)
        source = _mel(torch.where(self.centres <= bend, below, above))  # (n, mels): heard there before
        mel = _mel(self.centres)
        place = ((source - mel[0]) / (mel[1] - mel[0])).clamp(0, self.mels - 1)[..., None]
        weights = (1 - (place - torch.arange(self.mels, device=log.device)).abs()).clamp(min=0)
        return weights @ log


def _mel(hertz: Tensor) -> Tensor:
    """The scale of torchaudio's default, HTK's."""
    return 2595.0 * torch.log10(1.0 + hertz / 700.0)

"""Mono samples: sample rate, pitch, 16-bit integers, silence."""

import math
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import pad
from torchaudio.functional import phase_vocoder, resample

FULL_SCALE = 2**15  # int16 value of amplitude 1


def has_sound(x: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Which of the sections (N, samples) are neither silent nor constant."""
    return x.any(1) & ((x != x[:, :1]).any(1) | (x.shape[1] == 1))


def at_rate(x: NDArray[np.float32], source_rate: int, rate: int) -> NDArray[np.float32]:
    """Samples at another rate, band-limited; at least one."""
    # The nearest ratio of small numbers, off by a millionth at most: the exact filter of a rate such as
    # 44,101 Hz would fill the memory.
    ratio = Fraction(rate, source_rate).limit_denominator(1000)
    if ratio == 1:
        return x
    if not x.any():
        return np.zeros(-(-len(x) * ratio.numerator // ratio.denominator), np.float32)
    return resample(torch.from_numpy(x), ratio.denominator, ratio.numerator).numpy()


def at_pitch(x: NDArray[np.float32], rate: int, factor: float) -> NDArray[np.float32]:
    """As many samples, whose frequencies are ``factor`` times as high, to a hundredth.

    They are made as much longer by a phase vocoder, and played as much faster.
    """
    size = 2 ** round(math.log2(rate / 25))
    window, step = torch.hann_window(size), size // 4
    spectrum = torch.stft(pad(torch.from_numpy(x), (0, size)), size, step, window=window, return_complex=True)
    advance = torch.linspace(0, math.pi * step, size // 2 + 1)[:, None]
    longer = torch.istft(phase_vocoder(spectrum, 1 / factor, advance), size, step, window=window)
    return at_rate(longer.numpy(), round(100 * factor), 100)[: len(x)]


def as_int16(x: NDArray[np.float32]) -> NDArray[np.int16]:
    """Samples as 16-bit integers, as datasets store them; values beyond full scale are clipped."""
    return np.round(np.clip(x, -1, (FULL_SCALE - 1) / FULL_SCALE) * FULL_SCALE).astype(np.int16)

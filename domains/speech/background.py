"""Made clips without a word: a class of their own, so that a network need not call a pause a word."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from domains.speech.reading import Clips
from shared.files import identities

Sound = NDArray[np.float64]  # (samples,)
LEVELS = (-60, -3)  # decibels of the loudest sample, below full scale


def background(label: str, lengths: Sequence[int], rate: int, draw: np.random.Generator) -> Clips:
    """A clip of each length (samples), named ``label``: hiss, hum, clicks and breath in turn."""
    samples = np.empty(len(lengths), object)
    for number, length in enumerate(lengths):
        x = KINDS[number % len(KINDS)](length, rate, draw)
        level = 10 ** (draw.uniform(*LEVELS) / 20)
        samples[number] = (32767 * level * x / max(np.abs(x).max(), 1e-9)).round().astype(np.int16)
        samples[number][-1] += not samples[number].any()  # digital silence is no clip
    none = np.full(len(lengths), "")
    identity = identities(x.tobytes() for x in samples)
    return Clips(samples, np.full(len(lengths), label), none, none, none, identity)


def _hiss(length: int, rate: int, draw: np.random.Generator) -> Sound:
    """Noise, white to brown, most of it around a frequency of its own."""
    hertz = np.fft.rfftfreq(length, 1 / rate).clip(20)
    centre, width = draw.uniform(100, rate / 2), draw.uniform(0.3, 4)  # in octaves
    shape = hertz ** -draw.uniform(0, 1) * (
        draw.uniform(0, 1) + np.exp(-((np.log2(hertz / centre) / width) ** 2))
    )
    return np.fft.irfft(shape * np.fft.rfft(draw.standard_normal(length)), length)


def _hum(length: int, rate: int, draw: np.random.Generator) -> Sound:
    """A low tone with overtones, as of mains, fans and motors, in some noise."""
    time, base = np.arange(length) / rate, draw.uniform(40, 180)
    tones = np.arange(1, max(int(rate / 2 / base), 1) + 1)
    strengths = draw.exponential(1, len(tones)) * tones ** -draw.uniform(0.3, 2)
    phases = draw.uniform(0, 2 * np.pi, len(tones))
    x = (strengths[:, None] * np.sin(2 * np.pi * base * tones[:, None] * time + phases[:, None])).sum(0)
    return x / np.abs(x).max() + draw.uniform(0, 0.3) * _normal(_hiss(length, rate, draw))


def _clicks(length: int, rate: int, draw: np.random.Generator) -> Sound:
    """Knocks and clicks that ring for milliseconds, in some noise."""
    x = np.zeros(length)
    for _ in range(draw.integers(1, 12)):
        start, time = draw.integers(length), np.arange(int(0.1 * rate)) / rate
        ring = np.sin(2 * np.pi * draw.uniform(150, rate / 2) * time) * np.exp(
            -time / draw.uniform(0.0005, 0.03)
        )
        x[start : start + len(ring)] += draw.uniform(0.2, 1) * ring[: length - start]
    return x + draw.uniform(0.001, 0.1) * _normal(_hiss(length, rate, draw))


def _breath(length: int, rate: int, draw: np.random.Generator) -> Sound:
    """Hiss that swells and fades, once or twice."""
    time, envelope = np.linspace(0, 1, length), np.zeros(length)
    for _ in range(draw.integers(1, 3)):
        envelope += np.exp(-(((time - draw.uniform(0, 1)) / draw.uniform(0.05, 0.4)) ** 2))
    return (draw.uniform(0.001, 0.1) + envelope) * _normal(_hiss(length, rate, draw))


def _normal(x: Sound) -> Sound:
    return x / max(np.abs(x).max(), 1e-9)


KINDS: tuple[Callable[[int, int, np.random.Generator], Sound], ...] = (_hiss, _hum, _clicks, _breath)

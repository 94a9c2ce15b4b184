"""A text in a voice, with its phones and words in time, as in a room."""

import random
from collections.abc import Iterator
from fractions import Fraction
from math import log2
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from domains.speech.voices import espeak
from domains.speech.voices.english import PHONES, SILENCE
from domains.speech.voices.voice import Voice

RATE = 16000  # Hz of the clips
CLOSURE = 40  # samples: shorter digital silence is none
NOISE = (-60, -30)  # decibels of a room's noise, below the loudest sample
LOUDEST = (-12, -1)  # decibels of the loudest sample, below full scale


class Segment(NamedTuple):
    """A label, and the samples where it begins and ends."""

    start: int
    end: int
    label: str


class Clip(NamedTuple):
    """A spoken text."""

    samples: NDArray[np.int16]  # at RATE
    phones: list[Segment]  # and silences, without a gap from the first sample to the last
    words: list[Segment]


def clip(
    voice: Voice,
    text: str,
    seed: str,
    *,
    around: tuple[float, float] = (0.1, 0.4),
    pauses: tuple[float, float] = (0.0, 0.4),
) -> Clip:
    """A text in a voice; pitch, speed, melody, loudness, noise and silences are drawn for each clip.

    The resampling that scales the formants also scales pitch and speed, which the library corrects: only the
    length of the vocal tract changes.

    Args:
        voice: who speaks.
        text: English words, of small letters.
        seed: a clip depends on it and on the other arguments alone.
        around: seconds of silence before the text and after it, at least and at most.
        pauses: seconds by which each pause in the text is longer than the library makes it.
    """
    draw = random.Random(f"{seed} {voice} {text}")  # noqa: S311 - a repeatable draw, not a secret
    pitch = 50 + 50 * log2(voice.pitch * draw.uniform(0.95, 1.05) / voice.formants)
    spoken = espeak.speak(
        text,
        f"{voice.accent}+{voice.variant}",
        speed=round(voice.speed * draw.uniform(0.9, 1.1) / voice.formants),
        pitch=min(max(round(pitch), 0), 99),
        melody=draw.randint(25, 75),
    )
    phones = list(_phones(spoken))
    # Samples of the clip for one of the library's: a ratio of small numbers, for which the filter is short.
    ratio = Fraction(RATE / espeak.RATE / voice.formants).limit_denominator(200)
    x = resample_poly(spoken.samples.astype(np.float64), ratio.numerator, ratio.denominator)
    before, after = (round(draw.uniform(*around) * RATE) for _ in range(2))
    first, last = round(phones[0].start * ratio), round(phones[-1].end * ratio)
    middles = [(start + end) // 2 for start, end, label in phones if label == SILENCE]
    longer = [round(draw.uniform(*pauses) * RATE) for _ in middles]
    points = np.array([round(middle * ratio) for middle in middles], int)
    x = np.insert(x[:last], np.repeat(points, longer), 0.0)[first:]
    x = np.concatenate([np.zeros(before), x, np.zeros(after)])

    def place(at: int) -> int:
        """Where in the clip, in samples, a place in the sound of the library is."""
        inserted = sum(more for middle, more in zip(middles, longer, strict=True) if middle < at)
        return round(at * ratio) - first + before + inserted

    phones, words = (
        [Segment(place(start), place(end), label) for start, end, label in segments]
        for segments in (phones, list(_words(spoken, phones)))
    )
    end = phones[-1].end
    phones = [Segment(0, before, SILENCE), *phones, Segment(end, len(x), SILENCE)]
    return Clip(_in_a_room(x, draw), phones, words)


def _phones(spoken: espeak.Spoken) -> Iterator[Segment]:
    """Phones and the pauses between them, from the first phone to the last.

    The library reports a stop at its burst; the closure before it, digital silence, is its own here. An l or
    r after a vowel is the vowel's end, whose boundary the library does not report: the last third counts.
    """
    starts: list[int] = []
    labels: list[str] = []
    for start, mnemonic in spoken.phones:
        label = PHONES[mnemonic.lstrip("',%=")]
        if label == SILENCE and (not labels or labels[-1] == SILENCE):
            continue  # before the first phone, or more of a pause
        if labels and labels[-1] != SILENCE:
            sound = np.flatnonzero(spoken.samples[starts[-1] : start])
            end = starts[-1] + (int(sound[-1]) + 1 if len(sound) else 0)
            if start - end >= CLOSURE:
                start = end
            if start == starts[-1]:
                starts[-1] -= (start - starts[-2]) // 3
        starts.append(start)
        labels.append(label)
    for start, end, label in zip(starts, starts[1:], labels, strict=False):
        yield Segment(start, end, label)


def _words(spoken: espeak.Spoken, phones: list[Segment]) -> Iterator[Segment]:
    """Each word from the start of its first phone to the end of its last."""
    starts = [start for start, _ in spoken.words]
    number = np.searchsorted(starts, [start for start, _, _ in phones], "right") - 1
    for n, (_, word) in enumerate(spoken.words):
        own = [phones[p] for p in np.flatnonzero(number == n) if phones[p].label != SILENCE]
        if own:
            yield Segment(own[0].start, own[-1].end, word.lower())


def _in_a_room(x: NDArray[np.float64], draw: random.Random) -> NDArray[np.int16]:
    """At a loudness of its own, in noise from white to pink."""
    hertz = np.fft.rfftfreq(len(x), 1 / RATE).clip(50)
    white = np.random.default_rng(draw.getrandbits(64)).standard_normal(len(x))
    noise = np.fft.irfft(np.fft.rfft(white) * hertz ** -draw.uniform(0, 0.5), len(x))
    loudest = 10 ** (draw.uniform(*LOUDEST) / 20)
    x = x / np.abs(x).max() + noise / noise.std() * 10 ** (draw.uniform(*NOISE) / 20)
    return np.round(32767 * loudest * x / np.abs(x).max()).astype(np.int16)

"""The measure of displacement finds a known shift, a known stretch, and that of a shorter vocal tract."""

import random

import numpy as np
import pytest

from domains.speech.voices import RATE, Voice
from domains.speech.voices.sentences import sentence
from tests.domains.speech.voice_shift import Frames, Pair, Warping, compared, interval, path, phones


@pytest.fixture(scope="module")
def warping() -> Warping:
    return Warping(RATE)


def smooth(draw: np.random.Generator, place: Frames) -> Frames:
    """Spectra of 20 phones at places of the axis: three peaks each."""
    peaks = draw.uniform(8, 32, (20, 3, 1))
    return np.exp(-(((place - peaks) / 3) ** 2)).sum(1)


def test_a_shift_is_found(warping: Warping) -> None:
    bands = np.arange(40.0)
    a, b = (smooth(np.random.default_rng(0), bands - shift) for shift in (0, 2))
    pair = warping.compare(0, 1, a, b)
    shift, stretch, both = pair.explained
    assert pair.shift == pytest.approx(2, abs=0.11)
    assert min(shift, both) > 0.99 > 0.98 > stretch  # they are nearly the same over these bands
    assert pair.parts == pytest.approx([2] * 5, abs=0.5)


def test_a_stretch_is_found_and_grows_along_the_axis(warping: Warping) -> None:
    stretched = np.interp(warping.hertz / 1.15, warping.hertz, np.arange(40.0))
    a, b = (smooth(np.random.default_rng(0), place) for place in (np.arange(40.0), stretched))
    pair = warping.compare(0, 1, a, b)
    shift, stretch, _ = pair.explained
    assert pair.factor == pytest.approx(1.15, abs=0.01)
    assert stretch > 0.99 > 0.98 > shift
    assert pair.parts[-1] > pair.parts[0] + 0.5


def test_formants_higher_by_a_tenth_are_a_stretch_by_a_tenth(warping: Warping) -> None:
    texts = [sentence(random.Random(str(number))) for number in range(4)]
    voice = Voice("m000", "en-us", "m3", 1.0, 1.0, 150.0)
    units = [phones(voice._replace(formants=factor), texts, warping) for factor in (0.95, 1.045)]
    (pair,) = compared(units, iter([(0, 1)]), warping)
    assert pair.factor == pytest.approx(1.1, abs=0.03)
    assert pair.explained[1] > 0.5


def test_warping_in_time_pairs_the_same_frames() -> None:
    a = np.eye(5)
    assert path(a, np.repeat(a, 2, axis=0))[::-1] == [(n // 2, n) for n in range(10)]


def test_voices_are_the_sampling_unit() -> None:
    """Forty pairs with one and the same voice are hardly more than the twenty others."""
    pairs = [Pair(one, 20 + n, 0.0, 0.0, 1.0, (), ()) for one in range(2) for n in range(20)]
    values = np.array([float(pair.one) for pair in pairs])
    mean, low, high = interval(pairs, values)
    assert (mean, low, high) == (0.5, 0.0, 1.0)

"""How far the same phones of two voices differ by a shift along the mel axis, and how far by a stretch in Hz.

python -m tests.domains.speech.voice_shift docs/voice-shift.png fsdd.tar.xz

Made voices of one accent speak the same sentences; the mean spectra of their phones are compared as a network
gets them, the loudness of each phone apart. For a pair of voices one displacement for all phones and bands is
fitted (shift), one factor on all frequencies (stretch), or both, and the share of the squared difference that
each explains is printed. Of people (FSDD) the clips of a digit are aligned by dynamic time warping, and cells
of three frames take the place of phones; made voices are compared in this way as well.
"""

import random
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from domains.speech.preprocessing import LogMel
from domains.speech.reading import compile_pattern, read_clips
from domains.speech.voices import RATE, Voice, clip, voices
from domains.speech.voices.sentences import DIGITS, sentence
from shared.config import print_line, progress

Frames = NDArray[np.float64]  # (frames, mels), or (units, mels): the mean of each phone or cell

VOICES, SENTENCES, ACCENT = 24, 16, "en-us"
CLIPS = 6  # of each digit in each voice
LEAST = 10  # frames of a phone in each voice
CELL = 3  # frames of a digit
EDGE = 5  # bands at both ends that are not compared: what stands for them may lie outside
SHIFTS = np.linspace(-EDGE, EDGE, 101)  # bands
FACTORS = np.geomspace(0.75, 1 / 0.75, 101)
PART = 10  # bands of a part of the axis
RESAMPLED = 2000
WARPS = ("shift", "stretch", "both")


class Pair(NamedTuple):
    """What a voice differs by from another: ``one`` and ``other`` are their numbers."""

    one: int
    other: int
    shift: float  # bands by which the other is higher
    spread: float  # standard deviation over phones of the shift that fits each best
    factor: float  # of the other's frequencies
    explained: tuple[float, ...]  # shares of the squared difference, by each of WARPS
    parts: tuple[float, ...]  # the shift that fits best in each part of the axis


class Warping:
    """Warps of a spectrogram's axis; ``rate`` of the sound in Hz."""

    def __init__(self, rate: int):
        self.mel = LogMel(rate=rate, window_ms=25, hop_ms=10, mels=40, low_hz=60, high_hz=0.475 * rate)
        self.inner = np.arange(EDGE, self.mel.mels - EDGE)
        hertz = self.mel.centres.numpy().astype(float)
        self.hertz = hertz
        self.step = float(np.diff(2595 * np.log10(1 + hertz / 700)).mean())  # mel from band to band
        stretched = np.array([np.interp(hertz / factor, hertz, np.arange(len(hertz))) for factor in FACTORS])
        shifted = np.arange(len(hertz)) - SHIFTS[:, None]
        few = slice(None, None, 4)
        both = (stretched[few, None] - SHIFTS[None, few, None]).reshape(-1, len(hertz))
        self.warps = {
            name: self._weights(source)
            for name, source in zip(WARPS, (shifted, stretched, both), strict=True)
        }

    def _weights(self, source: NDArray[np.float64]) -> NDArray[np.float64]:
        """(G, inner, mels): a band of a warped spectrum is interpolated between two."""
        place = source[:, self.inner, None].clip(0, self.mel.mels - 1)
        return (1 - np.abs(place - np.arange(self.mel.mels))).clip(0)

    def frames(self, x: NDArray[np.int16]) -> Frames:
        """The spectrogram of a clip."""
        return self.mel(torch.from_numpy(x[None]).float())[0][0].numpy().T.astype(float)

    def errors(self, a: Frames, b: Frames, warp: str, bands: slice = slice(None)) -> NDArray[np.float64]:
        """(G, units): the squared difference that each warp leaves, loudness apart."""
        left = b[:, self.inner[bands]] - np.einsum("um,gim->gui", a, self.warps[warp][:, bands])
        return ((left - left.mean(2, keepdims=True)) ** 2).sum(2)

    def compare(self, one: int, other: int, a: Frames, b: Frames) -> Pair:
        """Two voices by the means of the same units."""
        of_units = {warp: self.errors(a, b, warp) for warp in WARPS}
        errors = {warp: table.sum(1) for warp, table in of_units.items()}
        unwarped = errors["shift"][len(SHIFTS) // 2]
        starts = range(0, len(self.inner) - PART + 1, PART // 2)
        parts = [self.errors(a, b, "shift", slice(start, start + PART)).sum(1) for start in starts]
        return Pair(
            one,
            other,
            float(SHIFTS[errors["shift"].argmin()]),
            float(SHIFTS[of_units["shift"].argmin(0)].std()),
            float(FACTORS[errors["stretch"].argmin()]),
            tuple(float(1 - errors[warp].min() / unwarped) for warp in WARPS),
            tuple(float(SHIFTS[part.argmin()]) for part in parts),
        )

    @property
    def centres(self) -> NDArray[np.float64]:
        """Hz of the middle of each part of the axis."""
        return self.hertz[
            [EDGE + start + PART // 2 for start in range(0, len(self.inner) - PART + 1, PART // 2)]
        ]


def phones(voice: Voice, texts: Sequence[str], warping: Warping) -> dict[str, Frames]:
    """All frames of each phone in a voice that lie inside it."""
    found: dict[str, list[Frames]] = {}
    hop, size = warping.mel.hop, warping.mel.size
    for number, text in enumerate(texts):
        made = clip(voice, text, f"shift {number}")
        spectra = warping.frames(made.samples)
        for start, end, phone in made.phones[1:-1]:
            found.setdefault(phone, []).append(spectra[-(-start // hop) : (end - size) // hop + 1])
    return {phone: np.concatenate(parts) for phone, parts in found.items() if phone != "silence"}


def compared(
    units: Sequence[dict[str, Frames]], pairs: Iterator[tuple[int, int]], warping: Warping
) -> list[Pair]:
    """The pairs of voices, by the means of all units that both have."""
    result = []
    for one, other in pairs:
        common = [
            name
            for name, frames in units[one].items()
            if min(len(frames), len(units[other].get(name, ""))) >= LEAST
        ]
        a, b = (np.stack([units[voice][name].mean(0) for name in common]) for voice in (one, other))
        result.append(warping.compare(one, other, a, b))
    return result


def cells(clips: Sequence[Sequence[Frames]], word: str) -> list[dict[str, Frames]]:
    """The frames of each voice that stand for each cell of one word; ``clips`` are those of each voice."""
    every = sorted((spectra for own in clips for spectra in own), key=len)
    reference = every[len(every) // 2]
    result: list[dict[str, Frames]] = []
    for own in clips:
        found: dict[str, list[Frames]] = {}
        for spectra in own:
            for place, frame in path(reference, spectra):
                found.setdefault(f"{word} {place // CELL}", []).append(spectra[frame])
        result.append({cell: np.stack(frames) for cell, frames in found.items()})
    return result


def path(a: Frames, b: Frames) -> list[tuple[int, int]]:
    """Which frame of ``b`` stands for which of ``a``, by dynamic time warping."""
    cost = cdist(a, b)
    total = np.full((len(a) + 1, len(b) + 1), np.inf)
    total[0, 0] = 0
    for i in range(len(a)):
        for j in range(len(b)):
            total[i + 1, j + 1] = cost[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    i, j, steps = len(a), len(b), []
    while i and j:
        steps.append((i - 1, j - 1))
        i, j = min(((i - 1, j - 1), (i - 1, j), (i, j - 1)), key=lambda step: total[step])
    return steps


def interval(pairs: Sequence[Pair], values: NDArray[np.float64]) -> tuple[float, float, float]:
    """The mean over pairs, and its 95 % interval by resampling voices."""
    draw, ends = np.random.default_rng(0), np.array([[pair.one, pair.other] for pair in pairs])
    means = []
    for _ in range(RESAMPLED):
        weights = np.ones(len(pairs))
        for side in (0, 1) if not set(ends[:, 0]) & set(ends[:, 1]) else (None,):
            names = np.unique(ends if side is None else ends[:, side])
            counts = np.bincount(draw.choice(names, len(names)), minlength=ends.max() + 1)
            weights *= counts[ends].prod(1) if side is None else counts[ends[:, side]]
        if weights.any():
            means.append(np.average(values, weights=weights))
    low, high = np.quantile(means, (0.025, 0.975))
    return float(values.mean()), float(low), float(high)


def by_sex(names: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    """Pairs of a man and a woman, and of two of one sex, of voices by their names' first letters."""
    sexes = [name[0] for name in names]
    women, men = ([n for n, sex in enumerate(sexes) if sex == one] for one in "fm")
    same = [*combinations(women, 2), *combinations(men, 2)]
    return {"a man and a woman": [(man, woman) for man in men for woman in women], "the same sex": same}


def measure(fsdd: Path | None) -> Iterator[tuple[str, Warping, list[Pair]]]:
    """Each comparison: its name, its axis, its pairs."""
    made = [voice._replace(accent=ACCENT) for voice in voices(VOICES)]
    warping = Warping(RATE)
    texts = [sentence(random.Random(f"shift {number}")) for number in range(SENTENCES)]
    units = [phones(voice, texts, warping) for voice in progress(made, "sentences")]
    for kind, pairs in by_sex([voice.name for voice in made]).items():
        yield f"made voices, phones: {kind}", warping, compared(units, iter(pairs), warping)
    warping = Warping(8000)
    few = made[: VOICES // 2]
    units = [{} for _ in few]
    for word in progress(DIGITS, "digits"):
        spoken = [
            [
                warping.frames(clip(voice, f"{word}.", str(n), around=(0, 0.02)).samples[::2])
                for n in range(CLIPS)
            ]
            for voice in few
        ]
        for own, more in zip(units, cells(spoken, word), strict=True):
            own.update(more)
    for kind, pairs in by_sex([voice.name for voice in few]).items():
        yield f"made voices, digits: {kind}", warping, compared(units, iter(pairs), warping)
    if fsdd:
        pattern = compile_pattern(r"(?P<label>\d)_(?P<speaker>[a-z]+)_\d+\.")
        clips, _ = read_clips(fsdd, 8000, pattern=pattern, max_seconds=2)
        people = np.unique(clips.speaker)
        units = [{} for _ in people]
        for digit in progress(np.unique(clips.label).tolist(), "people"):
            spoken = [
                [
                    warping.frames(x)
                    for x in clips.samples[(clips.speaker == person) & (clips.label == digit)][:CLIPS]
                ]
                for person in people
            ]
            for own, more in zip(units, cells(spoken, digit), strict=True):
                own.update(more)
        pairs = combinations(range(len(people)), 2)
        yield "people (FSDD, six men), digits", warping, compared(units, pairs, warping)


def values(pairs: list[Pair], mel: float) -> dict[str, NDArray[np.float64]]:
    """The columns of the table; ``mel`` lie between two bands."""
    shares = np.array([pair.explained for pair in pairs])
    return {
        "displacement (mel)": np.array([pair.shift for pair in pairs]) * mel,
        "displacement, absolute (mel)": np.abs([pair.shift for pair in pairs]) * mel,
        "spread over phones (mel)": np.array([pair.spread for pair in pairs]) * mel,
        "factor, above 1": np.exp(np.abs(np.log([pair.factor for pair in pairs]))),
        **{f"explained by {warp}": shares[:, n] for n, warp in enumerate(WARPS)},
        "stretch minus shift": shares[:, 1] - shares[:, 0],
    }


def figure(rows: list[tuple[str, Warping, list[Pair]]]) -> Figure:
    """Displacements along the axis, of pairs, and shares explained."""
    drawing, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
    _, warping, mixed = rows[0]
    parts = np.array([pair.parts for pair in mixed]) * warping.step
    means = [interval(mixed, part) for part in parts.T]
    hertz = warping.centres
    middles = np.array([mean for mean, _, _ in means])
    errors = np.abs(np.array([ends for _, *ends in means]).T - middles)
    left.errorbar(hertz, middles, errors, fmt="o", capsize=3, label="measured in a part of the axis")
    shift = np.mean([pair.shift for pair in mixed]) * warping.step
    factor = np.exp(np.mean(np.log([pair.factor for pair in mixed])))
    left.axhline(shift, color="C1", label=f"one shift, {shift:.0f} mel")
    line = np.linspace(hertz[0], hertz[-1])
    stretch = 2595 * np.log10((700 + line) / (700 + line / factor))
    left.plot(line, stretch, color="C2", label=f"one stretch, {factor:.2f}")
    left.set(xlabel="frequency (Hz)", ylabel="mel", title="From men to women: displacement")
    left.legend(loc="lower left")
    bins = np.arange(-325, 326, 50)
    for name, axis, pairs in rows[:2]:
        shifts = np.array([pair.shift for pair in pairs]) * axis.step
        middle.hist(shifts, bins, histtype="step", label=name.split(": ")[1], density=True)
    middle.set(xlabel="mel", ylabel="density", title="Displacements of pairs", ylim=(0, 0.008))
    middle.legend()
    for n, warp in enumerate(WARPS):
        shares = [interval(pairs, np.array([pair.explained[n] for pair in pairs])) for _, _, pairs in rows]
        bars = np.array([mean for mean, _, _ in shares])
        errors = np.abs(np.array([ends for _, *ends in shares]).T - bars)
        place = np.arange(len(rows)) + 0.27 * (n - 1)
        right.barh(place, bars, 0.25, xerr=errors, label=warp, error_kw={"elinewidth": 1})
    right.set(yticks=range(len(rows)), yticklabels=[name.replace(": ", ":\n") for name, _, _ in rows])
    right.set(xlabel="share of the difference", title="Explained", xlim=(0, 1))
    right.invert_yaxis()
    right.legend()
    return drawing


def main(words: list[str]) -> None:
    """Print the table, and draw the figure."""
    rows = list(measure(Path(words[1]) if len(words) > 1 else None))
    for name, warping, pairs in rows:
        columns = values(pairs, warping.step)
        low, high = np.quantile(columns["displacement, absolute (mel)"], (0.05, 0.95))
        print_line(f"{name}: {len(pairs)} pairs, nine in ten displaced by {low:.0f} to {high:.0f} mel")
        for what, column in columns.items():
            print_line("  {}: {:.3f} ({:.3f} … {:.3f})".format(what, *interval(pairs, column)))
    figure(rows).savefig(words[0], dpi=100)


if __name__ == "__main__":
    main(sys.argv[1:])

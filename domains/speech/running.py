"""Running speech: what a network with an answer for each window finds in a recording of any length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from domains.speech.figures import LONGEST, Label, labels_picture, rows_for
from domains.speech.levels import Levels, decibels
from domains.speech.module import SpeechClassifier
from domains.speech.reading import Recording, UnusableError, alignment_beside, has_sound, open_recording
from shared.commands import Answers, answers, best
from shared.training import Segment, Windows

BLOCK = 40.0  # seconds predicted at a time: memory stays bounded
CONTEXT = 3.0  # seconds that the network hears before a block, and after it
SPOKEN = 60  # labels of a recording that are printed in one line


class Grid(NamedTuple):
    """Where the windows of a recording lie, in samples."""

    rate: int
    first: float  # the middle of window 0
    step: int  # from one to the next

    @classmethod
    def of(cls, module: SpeechClassifier) -> "Grid":
        """That of a network over time."""
        axis, log_mel = module.network.shape.windows, module.log_mel
        assert axis is not None
        middle = (axis.start + axis.field // 2) * log_mel.hop + log_mel.size / 2
        return cls(log_mel.rate, middle, axis.stride * log_mel.hop)

    def seconds(self, window: float) -> float:
        """The middle of a window; of window - 0.5, where it begins."""
        return (self.first + window * self.step) / self.rate

    def window(self, seconds: float) -> int:
        """The window whose middle is nearest to a moment."""
        return max(round((seconds * self.rate - self.first) / self.step), 0)

    @property
    def block(self) -> int:
        """Windows of a block."""
        return round(BLOCK * self.rate / self.step)

    @property
    def margin(self) -> int:
        """Windows that are heard before a block, and after it."""
        return round(CONTEXT * self.rate / self.step)

    def blocks(self, file: Recording) -> Iterator[tuple[int, NDArray[np.int16]]]:
        """The first window of each block, and its samples with those heard before and after."""
        seconds, overlap = (n * self.step / self.rate for n in (self.block, 2 * self.margin))
        for first, x in file.blocks(self.rate, seconds, overlap):
            yield first // self.step, x


@dataclass(frozen=True)
class Heard:
    """What a network finds in one recording."""

    module: SpeechClassifier
    answers: Answers  # of its W windows
    seconds: float
    levels: NDArray[np.float32] | None  # by which it is scaled, see ``LogMel``; None: its own
    sounding: bool  # False: all samples are equal
    decibels: NDArray[np.float32]  # (mels, frames) of the first LONGEST seconds
    damage: str  # description of a damaged file
    true: Sequence[Label]  # those in a file beside it; none where there is none
    problem: str = ""  # why it cannot be read

    @cached_property
    def segments(self) -> list[Segment]:
        """The sequence of its labels, decoded as the test does."""
        if not self.sounding:
            return []
        record, logits = self.module.record, torch.from_numpy(self.answers.logits)
        windows = Windows(logits, torch.tensor([len(logits)]), record.change if record else 0.0)
        return self.module.sequences(windows)[0]

    @cached_property
    def labels(self) -> list[Label]:
        """The labels with their times: of a network trained by CTC, of their peaks."""
        return [Label(self.module.classes[one.answer], *self._times(one)) for one in self.segments]

    def _times(self, segment: Segment) -> tuple[float, float]:
        grid = Grid.of(self.module)
        if self.module.with_ctc:
            likely = self.answers.probabilities[segment.start : segment.stop, segment.answer]
            peak = grid.seconds(segment.start + int(likely.argmax()))
            return peak, peak
        start = grid.seconds(segment.start - 0.5) if segment.start else 0.0
        inside = segment.stop < len(self.answers.logits)
        return start, min(grid.seconds(segment.stop - 0.5), self.seconds) if inside else self.seconds

    def rows(self, top: int, unsure: float) -> Iterator[dict[str, Any]]:
        """A row for each label; where there is none, one of silence."""
        runs = [(one.start, one.stop) for one in self.segments] or [(0, len(self.answers.logits))]
        merged, classes = self.answers.merged(runs), self.module.classes
        labels = self.labels or [Label(str(self.module.between), 0.0, self.seconds)]
        damage = [self.damage] * bool(self.damage)
        for n, (label, row) in enumerate(zip(labels, merged.probabilities, strict=True)):
            likeliest = best(row, classes, top)
            if not self.segments:
                quiet = row[sorted(self.module.between_classes)].sum() if self.sounding else 1.0
                likeliest = [{"name": label.name, "probability": float(quiet)}]
            share = likeliest[0]["probability"]
            times = {"from_ms": round(1000 * label.start), "to_ms": round(1000 * label.end)}
            if self.segments and self.module.with_ctc:
                times = {"at_ms": times["from_ms"]}
            trust = merged.trust(n, share, unsure, damage)
            yield {**times, "answer": label.name, "probability": share, **trust, "best": likeliest}

    def spoken(self) -> str:
        """The sequence in one line; … stands for what lies between labels."""
        parts, stop = [], 0
        for segment in self.segments[:SPOKEN]:
            parts += ["…"] * (segment.start > stop > 0) + [self.module.classes[segment.answer]]
            stop = segment.stop
        more = len(self.segments) - SPOKEN
        return " ".join([*parts, *([f"… and {more:,} more"] if more > 0 else [])])

    def picture(self, title: str, top: int) -> Figure:
        """The spectrogram, and strips of the labels found and of the true ones."""
        centres = self.module.log_mel.centres.cpu().numpy()
        found, true = self._drawn
        marked = {label for label in found if self._is_wrong(label)}
        return labels_picture(self.decibels, centres, found, true, min(self.seconds, LONGEST), title, marked)

    def _is_wrong(self, label: Label) -> bool:
        """Whether another true label, or none, lies in its middle; one that is no class may be the same."""
        middle = (label.start + label.end) / 2
        there = [one.name for one in self.true if one.start <= middle < one.end]
        return bool(self.true) and label.name not in there and all(n in self.module.classes for n in there)

    @property
    def _drawn(self) -> list[list[Label]]:
        return [[one for one in labels if one.start < LONGEST] for labels in (self.labels, self.true)]

    @property
    def cut(self) -> str:
        """What the picture does not show of it."""
        row, count = rows_for(max(map(len, self._drawn)), min(self.seconds, LONGEST))
        shown = row * count
        part = f"the picture shows {shown:.0f} of {self.seconds:,.0f} s" * (shown < self.seconds - 0.5)
        return "".join(f"; {words}" for words in (part, self.problem) if words)


def hear(module: SpeechClassifier, data: Path | bytes, stretch: float = 1.0) -> Heard:
    """Predict the windows of a recording, a block of them at a time; ``stretch`` as for ``LogMel``.

    A recording no longer than the longest training clip is one input, as in the test. A longer one is scaled
    by the levels of all its seconds that are no pause: it is read twice.
    """
    log_mel, grid = module.log_mel, Grid.of(module)
    levels, sounding = _levels(module, data), False
    parts: list[Answers] = []
    shown: list[NDArray[np.float32]] = []
    with open_recording(data) as file:
        for first, x in grid.blocks(file):
            sounding = sounding or bool(has_sound(x[None])[0])
            levelled = {} if levels is None else {"levels": levels[None]}
            heard = answers(module, stretched(x[None], np.array([len(x)]), stretch) | levelled)
            if parts:  # what the block before heard after its end, this one has heard more of
                parts[-1] = parts[-1].part(0, grid.block + (grid.margin if len(parts) == 1 else 0))
            parts.append(heard.part(grid.margin if first else 0))
            if grid.seconds(first) < LONGEST:
                frames = grid.block * grid.step // log_mel.hop
                shown = [*(one[:, :frames] for one in shown), decibels(log_mel, x)]
            length = first * grid.step / grid.rate + len(x) / grid.rate
        damage = file.damage()
    if not parts:
        raise UnusableError("no samples", "a header without sound")
    frames = round(LONGEST * grid.rate / log_mel.hop)
    drawn, joined = np.hstack(shown)[:, :frames], Answers.joined(parts)
    alignment, problem = None, ""
    if isinstance(data, Path):
        alignment, problem = alignment_beside(data, module.classes, file.rate, length)
    rows = [] if alignment is None else zip(*(column.tolist() for column in alignment), strict=True)
    true = [label for label in starmap(Label, rows) if label.name not in ("", module.between)]
    return Heard(module, joined, length, levels, sounding, drawn, damage, true, problem)


def block_at(heard: Heard, data: Path | bytes, seconds: float) -> tuple[NDArray[np.int16], int]:
    """The samples of a block of the recording, around a moment, and their first window."""
    grid = Grid.of(heard.module)
    with open_recording(data) as file:
        for first, x in grid.blocks(file):
            if seconds < (first * grid.step + len(x)) / grid.rate - CONTEXT:
                break
    return x, first


def stretched(x: NDArray[np.int16], lengths: NDArray[np.int64], stretch: float) -> dict[str, Any]:
    """A batch of clips, as of voices whose frequencies are ``stretch`` times as high."""
    batch = {"x": x, "lengths": lengths}
    return batch if stretch == 1.0 else batch | {"stretch": np.full(len(x), stretch, np.float32)}


def _levels(module: SpeechClassifier, data: Path | bytes) -> NDArray[np.float32] | None:
    """The levels of a recording; None if it is as short as training clips."""
    levels = Levels(module.log_mel)
    with open_recording(data) as file:
        if file.seconds <= module.preprocessing.seconds["longest"]:
            return None
        for _, x in file.blocks(module.log_mel.rate, BLOCK, 0.0):
            levels.add(x)
    return levels.values if levels.counts.any() else None

"""Networks with an answer for each window of an item: their labels, sequences and errors."""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from shared.network import Axis

UNLABELLED = -1  # a cell without a label; in a row of labels, what lies beyond its end


class Segment(NamedTuple):
    """Windows ``start`` to ``stop - 1`` of an item, which have one answer: a class."""

    answer: int
    start: int
    stop: int

    @property
    def middle(self) -> int:
        """The window in the middle."""
        return (self.start + self.stop - 1) // 2


class Windows(NamedTuple):
    """The logits of all windows of N items, one item after the other; padding has no window."""

    logits: Float[Tensor, "windows classes"]
    counts: Int[Tensor, " n"]  # windows of each item
    change: float = 0.0  # what each change of the answer costs, see ``likeliest``

    @property
    def items(self) -> Int[Tensor, " windows"]:
        """The item (0 … N - 1) of each window."""
        return torch.repeat_interleave(self.counts)

    @property
    def places(self) -> Int[Tensor, " windows"]:
        """The number of each window in its item."""
        first = self.counts.cumsum(0) - self.counts
        return torch.arange(len(self.logits), device=self.logits.device) - first[self.items]

    def labels(self, y: Int[Tensor, "n cells"], axis: Axis) -> Int[Tensor, " windows"]:
        """The label of the cell in the middle of each window; the windows lie along ``axis``."""
        cell = self.places * axis.stride + axis.start + axis.field // 2
        inside = (cell >= 0) & (cell < y.size(1))
        return torch.where(inside, y[self.items, cell.clamp(0, y.size(1) - 1)], UNLABELLED)

    def ctc(self, labels: Int[Tensor, "n longest"]) -> Float[Tensor, " n"]:
        """The loss of each item, by its labels in order: Graves et al. 2006; the last class is the blank.

        An item with fewer windows than its labels need has none.
        """
        parts = self.logits.float().log_softmax(1).split(self.counts.tolist())
        known = labels != UNLABELLED
        return F.ctc_loss(
            pad_sequence(list(parts)), labels.clamp(min=0), self.counts, known.sum(1),
            blank=self.logits.size(1) - 1, reduction="none", zero_infinity=True,
        )  # fmt: skip

    def answers(self) -> list[NDArray[np.int64]]:
        """For each item the class of each window."""
        logits = self.logits.detach().float().cpu()
        if not self.change:
            return [part.numpy() for part in logits.argmax(1).split(self.counts.tolist())]
        return [likeliest(part.numpy(), self.change) for part in logits.split(self.counts.tolist())]

    def segments(self, between: frozenset[int]) -> list[list[Segment]]:
        """The sequence of each item: its runs of equal answers, but those of classes ``between``."""
        return [[run for run in runs(row) if run.answer not in between] for row in self.answers()]


def runs(answers: Int[np.ndarray, " windows"]) -> list[Segment]:
    """The runs of equal classes."""
    ends = np.append(np.flatnonzero(np.diff(answers)) + 1, len(answers)).tolist()
    own = answers[[end - 1 for end in ends]].tolist()
    return [Segment(*run) for run in zip(own, [0, *ends[:-1]], ends, strict=True)]


def longest(answers: Int[np.ndarray, " windows"], between: frozenset[int]) -> Segment:
    """The longest run of a label; if there is none, all of it, with the class in its middle."""
    segments = [run for run in runs(answers) if run.answer not in {*between, UNLABELLED}]
    whole = Segment(int(answers[len(answers) // 2]), 0, len(answers))
    return max(segments, key=lambda run: run.stop - run.start, default=whole)


def likeliest(logits: Float[np.ndarray, "windows classes"], change: float) -> Int[np.ndarray, " windows"]:
    """The class of each window, so that the sum of their logits, less ``change`` for each change, is largest.

    By the algorithm of Viterbi (1967). Without a cost, each flicker between windows is one label too many.
    """
    best, classes, before = logits[0], np.arange(logits.shape[1]), []
    for row in logits[1:]:
        first = int(best.argmax())
        before.append(np.where(best < best[first] - change, first, classes))
        best = np.maximum(best, best[first] - change) + row
    answers = [int(best.argmax())]
    for row in reversed(before):
        answers.append(int(row[answers[-1]]))
    return np.array(answers[::-1])


class Matched(NamedTuple):
    """The sequences of N items beside their labels in order, by the fewest edits."""

    edits: list[int]  # (N,) labels that are missing, wrong or too many
    sizes: list[int]  # (N,) labels
    windows: list[int]  # of each label of all items: the window, among all windows, that answers for it


def match(windows: Windows, labels: Int[Tensor, "n longest"], between: frozenset[int]) -> Matched:
    """Compare sequences with labels by edit distance (Levenshtein).

    A label that is missing has the window in the middle between those of its neighbours.
    """
    edits, sizes, chosen, first = [], [], [], 0
    sequences, counts = windows.segments(between), windows.counts.tolist()
    for row, sequence, count in zip(labels.tolist(), sequences, counts, strict=True):
        own, answers = [label for label in row if label != UNLABELLED], [one.answer for one in sequence]
        codes = Levenshtein.opcodes(own, answers)
        ends = [0, *(one.middle for one in sequence), count - 1]
        for code in codes:
            for n in range(code.src_end - code.src_start):
                at = code.dest_start
                missing = code.tag == "delete"
                place = (ends[at] + ends[at + 1]) // 2 if missing else sequence[at + n].middle
                chosen.append(first + place)
        edits.append(int(Levenshtein.distance(own, answers)))
        sizes.append(len(own))
        first += count
    return Matched(edits, sizes, chosen)


class Boundaries(NamedTuple):
    """Of N items."""

    found: list[int]  # boundaries of the labels that a boundary of the answers lies next to, one each
    both: list[int]  # boundaries of labels and of answers together


def match_boundaries(windows: Windows, y: Int[Tensor, "n cells"], axis: Axis, tolerance: float) -> Boundaries:
    """Where labels change, and where answers change, at most ``tolerance`` cells apart.

    Changes from or to cells without a label do not count.
    """
    labels, found, both = windows.labels(y, axis), [], []
    cells = windows.places * axis.stride + axis.start + axis.field // 2
    counts = windows.counts.tolist()
    parts = (values.cpu().split(counts) for values in (labels, cells))
    for row, answers, label, cell in zip(y.cpu().numpy(), windows.answers(), *parts, strict=True):
        known = label.numpy() != UNLABELLED
        true = _changes(row, row != UNLABELLED) - 0.5
        places = _changes(answers, known)
        answered = (cell.numpy()[places] + cell.numpy()[places - 1]) / 2
        found.append(_pairs(true, answered, tolerance))
        both.append(len(true) + len(answered))
    return Boundaries(found, both)


def _changes(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The places whose value is another than that before them, both known."""
    return 1 + np.flatnonzero((values[1:] != values[:-1]) & known[1:] & known[:-1])


def _pairs(first: np.ndarray, second: np.ndarray, tolerance: float) -> int:
    """How many of two rising rows of places are a pair, each in one at most."""
    i = j = pairs = 0
    while i < len(first) and j < len(second):
        if abs(first[i] - second[j]) <= tolerance:
            i, j, pairs = i + 1, j + 1, pairs + 1
        elif first[i] < second[j]:
            i += 1
        else:
            j += 1
    return pairs

"""Labels over time from the file beside a recording."""

import math
import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domains.speech.reading.decode import UnusableError
from domains.speech.reading.textgrid import BROKEN, Segment, read_textgrid
from shared.files import class_name, listed

MAX_BYTES = 8 * 2**20  # of a label file: four tiers of ten minutes, in UTF-16, are shorter
LONGEST = 100  # characters of a label: a longer one is a sentence
# Seconds by which labels may overlap, or end after the recording. TIMIT's words overlap by the phone that two
# of them share; the last frame of an aligner ends after the sound.
SLACK = 0.1
DENSEST = 100  # labels in a second, at most
HTK = 10_000_000  # units of time in a second
SHORTEST = 10_000  # of these units: a first label that ends before is no time, but a number in a transcript

TEXTGRID, LAB, TRANSCRIPT = ".textgrid", ".lab", ".txt"
TIMIT = {"phones": ".phn", "words": ".wrd"}  # by tier
LABEL_SUFFIXES = (TEXTGRID, *TIMIT.values(), LAB, TRANSCRIPT)

NO_TIER, EMPTY = "no such tier", "no labels in the file"
_TIME = re.compile(r"-?\d+(\.\d*)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


class Alignment(NamedTuple):
    """The S labels of a recording in order, empty where a stretch has none."""

    label: NDArray[np.str_]  # (S,)
    start: NDArray[np.float64]  # (S,) seconds; NaN in all where only the order is known
    end: NDArray[np.float64]  # (S,)

    @property
    def timed(self) -> bool:
        """Whether the labels have times."""
        return not np.isnan(self.start).any()

    def at(self, seconds: NDArray[np.float64]) -> NDArray[np.int64]:
        """The number of the label at each moment (T,), -1 where there is none.

        Where two labels overlap, the boundary is in the middle.
        """
        before = np.maximum(np.concatenate([[-math.inf], self.end[:-1]]), self.start)
        start = np.maximum.accumulate((self.start + before) / 2)
        number = np.searchsorted(start, seconds, "right") - 1
        return np.where((number >= 0) & (seconds < self.end[number]), number, -1)


def suffixes_for(tier: str) -> tuple[str, ...]:
    """The label files that are read for a tier; the first that lies beside a recording counts."""
    return (*([TIMIT[tier]] if tier in TIMIT else []), TEXTGRID, LAB, TRANSCRIPT)


def read_alignment(name: str, content: bytes, tier: str, *, rate: int, seconds: float) -> Alignment:
    """The labels of one recording.

    Args:
        name: of the label file; its suffix decides the format.
        content: of the label file.
        tier: which of a TextGrid's tiers.
        rate: of the recording, in Hz, before it is resampled: TIMIT's unit of time.
        seconds: the recording's length.

    Raises:
        UnusableError: the detail names the file, and the line where it is one line's mistake.
    """
    try:
        suffix = next(suffix for suffix in LABEL_SUFFIXES if name.lower().endswith(suffix))
        return _checked(_segments(_decoded(content), suffix, tier, rate, seconds), seconds)
    except UnusableError as error:
        raise UnusableError(error.reason, f"{name}, {error.detail}") from error


def _decoded(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise UnusableError(BROKEN, f"larger than {MAX_BYTES:,} bytes")
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + content.count(b"\n", 0, error.start)
        raise UnusableError(BROKEN, f"line {line}: must be text in UTF-8 or UTF-16") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _segments(text: str, suffix: str, tier: str, rate: int, seconds: float) -> list[Segment]:
    if suffix == TEXTGRID:
        tiers = read_textgrid(text)
        chosen = next((name for name in tiers if name.strip().casefold() == tier.casefold()), None)
        if chosen is None:
            raise UnusableError(NO_TIER, f"has {listed([repr(name[:40]) for name in tiers]) or 'no tier'}")
        segments = tiers[chosen]
        if segments is None:
            raise UnusableError(NO_TIER, f"{tier!r} has points, not intervals")
        _check_number(len(segments), seconds)
        return segments
    lines = [(number, line.split()) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    first = lines[0][1] if lines else []
    in_htk = suffix == LAB and len(first) > 2 and _are_times(first) and float(first[1]) >= SHORTEST
    timed = in_htk or suffix in TIMIT.values()
    _check_number(len(lines) if timed else sum(len(words) for _, words in lines), seconds)
    if timed:
        return [_line(number, words, HTK if in_htk else rate, in_htk) for number, words in lines]
    return [Segment(math.nan, math.nan, word, number) for number, words in lines for word in words]


def _check_number(labels: int, seconds: float) -> None:
    if labels > DENSEST * max(seconds, 1):
        raise UnusableError(BROKEN, f"{labels:,} labels in {seconds:g} s, more than {DENSEST} a second")


def _are_times(words: list[str]) -> bool:
    return all(map(_TIME.fullmatch, words[:2]))


def _line(number: int, words: list[str], units: int, more: bool) -> Segment:
    """``START END LABEL``; in HTK's format more may follow, such as a score."""
    if len(words) < 3 or not _are_times(words) or (len(words) > 3 and not more):
        got = " ".join(words)[:60]
        raise UnusableError(BROKEN, f"line {number}: must be START END LABEL, got {got!r}")
    return Segment(float(words[0]) / units, float(words[1]) / units, words[2], number)


def _checked(segments: list[Segment], seconds: float) -> Alignment:
    """Refuse labels and times that no recording of this length has."""
    labels = [class_name(" ".join(segment.label.split())) for segment in segments]
    if not any(labels):
        raise UnusableError(EMPTY, f"{len(labels):,} labels, all empty" if labels else "no label")
    before = Segment(0.0, 0.0, "", 0)
    for segment, label in zip(segments, labels, strict=True):
        if problem := _problem(segment, label, before, seconds):
            raise UnusableError(BROKEN, f"line {segment.line}: {problem}")
        before = segment
    times = np.array([segment[:2] for segment in segments])
    return Alignment(np.array(labels, str), times[:, 0], times[:, 1])


def _problem(segment: Segment, label: str, before: Segment, seconds: float) -> str:
    start, end = segment.start, segment.end
    if len(label) > LONGEST:
        return f"a label of {len(label):,} characters, at most {LONGEST}; choose a tier of shorter ones"
    if not label.isprintable():
        return f"a label with control characters, {label[:40]!r}"
    if math.isnan(start):
        return ""
    if not 0 <= start <= end < math.inf:
        return f"{label!r} must end after it starts, got {start:g} to {end:g} s"
    if start < before.start:
        return f"{label!r} begins at {start:g} s, before the label above it ({before.start:g} s)"
    if before.end - start > SLACK:
        return f"{label!r} begins at {start:g} s, before the label above it ends ({before.end:g} s)"
    if end > seconds + SLACK:
        return f"{label!r} ends at {end:g} s, after the recording ({seconds:g} s)"
    return ""

"""Predictions of a trained network for a user's own recordings."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from domains.speech.figures import clip_picture, long_picture
from domains.speech.levels import decibels
from domains.speech.module import SpeechClassifier
from domains.speech.reading import Recordings, UnusableError, has_sound, open_recording
from domains.speech.running import Heard, hear, stretched
from shared.commands import Answers, Predictions, answers, best
from shared.errors import UserError, require_number
from shared.files import where

BLOCK = 20.0  # seconds read and predicted at a time: memory stays bounded
DRAWN = 20  # recordings of which pictures are made
REMARKS = 5  # on damaged recordings, that are listed
SECONDS = (0.01, 60)  # of a stretch, and from one to the next
STRETCH = (0.5, 2)  # factors of all frequencies
BATCH = 2**22  # samples in a batch of stretches, at most
COLUMNS = 1500  # of a spectrogram's picture, at most


class Stretches(NamedTuple):
    """The predictions for W stretches of one recording."""

    module: SpeechClassifier
    start: NDArray[np.float64]  # (W,) seconds
    end: NDArray[np.float64]  # (W,)
    answers: Answers  # W
    decibels: NDArray[np.float32]  # (mels, columns) of the whole recording, above its softest
    whole: bool  # one stretch, all of it
    damage: str  # description of a damaged file

    def rows(self, top: int, unsure: float) -> Iterator[dict[str, Any]]:
        """A row for each stretch."""
        damage = [self.damage] * bool(self.damage)
        for n, row in enumerate(self.answers.probabilities):
            likeliest = best(row, self.module.classes, top)
            answer, probability = likeliest[0]["name"], likeliest[0]["probability"]
            times = {"from_ms": round(1000 * self.start[n]), "to_ms": round(1000 * self.end[n])}
            trust = self.answers.trust(n, probability, unsure, damage)
            yield {**times, "answer": answer, "probability": probability, **trust, "best": likeliest}

    def picture(self, title: str, top: int) -> Figure:
        """The spectrogram, and the likeliest words."""
        centres, seconds = self.module.log_mel.centres.cpu().numpy(), float(self.end[-1])
        shares, classes = self.answers.probabilities, self.module.classes
        if self.whole:
            return clip_picture(self.decibels, centres, seconds, best(shares[0], classes, top), title)
        words, times = [classes[i] for i in shares.argmax(1)], (self.start + self.end) / 2
        return long_picture(self.decibels, centres, times, shares.max(1), words, seconds, title)


def predict(
    module: SpeechClassifier,
    source: Path,
    *,
    top: int,
    unsure: float = 0.8,
    window: float | None = None,
    hop: float | None = None,
    stretch: float = 1.0,
) -> Predictions:
    """The likeliest words of each recording, or of each stretch of a long one; over time see ``Heard``.

    A recording no longer than the longest training clip is predicted as a whole. A longer one is cut into
    overlapping stretches, by default as long as the median training clip; those of pure silence are skipped.
    Only some seconds of a recording are in memory at a time, whatever its length.

    The source is a recording, a folder of them, or an archive. ``window`` is the seconds of a stretch; given,
    short recordings are cut as well. ``hop`` is the seconds from one to the next; None: half a stretch.
    ``stretch`` is a factor of all frequencies, as of another voice, see ``LogMel``.
    """
    require_number("stretch", stretch, *STRETCH)
    for key, value in (("window (seconds)", window), ("hop (seconds)", hop)):
        if value is not None:
            require_number(key, value, *SECONDS)
    rows: list[dict[str, Any]] = []
    drawn: list[tuple[str, Stretches | Heard]] = []
    seen = Recordings()
    remarks: list[str] = []
    spoken: list[str] = []
    if module.network.over_time:
        for key, value in (("window", window), ("hop", hop)):
            if value is not None:
                must = "must be omitted for a network that answers for each moment"
                raise UserError(f"{key}: {must}, got {value}")
    read = partial(read_one, module, window=window, hop=hop, stretch=stretch)
    for name, heard in seen.read(source, read, "reading"):
        seen.use(name)
        rows += [{"file": name, **row} for row in heard.rows(top, unsure)]
        if heard.damage:
            remarks.append(f"{where(source, name)}: {heard.damage}; predicted nonetheless")
        if isinstance(heard, Heard) and len(spoken) < DRAWN:
            spoken.append(f"{name}: {heard.spoken() or heard.module.between}{heard.cut}")
        if len(drawn) < DRAWN:
            drawn.append((name, heard))
    if not rows:
        raise seen.none_usable(source)
    files = seen.used
    summary = f"{files:,} recording{'s' * (files != 1)}, {len(rows):,} prediction{'s' * (len(rows) != 1)}"
    summary += f"; pictures of the first {DRAWN}" * (files > DRAWN)
    if len(remarks) > REMARKS:
        remarks[REMARKS:] = [f"… and {len(remarks) - REMARKS:,} more such recordings"]
    lines = [summary, *spoken, *remarks, *seen.summary()]
    pictures = ((name, heard.picture(_title(name), top)) for name, heard in drawn)
    return Predictions(rows, "\n".join(lines), pictures)


def read_one(
    module: SpeechClassifier,
    data: Path | bytes,
    *,
    window: float | None = None,
    hop: float | None = None,
    stretch: float = 1.0,
) -> Stretches | Heard:
    """The predictions for one recording; see ``predict``."""
    if module.network.over_time:
        return hear(module, data, stretch)
    return _stretches(module, data, window=window, hop=hop, stretch=stretch)


def _title(name: str) -> str:
    return name if len(name) <= 60 else f"…{name[-59:]}"


def _stretches(
    module: SpeechClassifier, data: Path | bytes, *, window: float | None, hop: float | None, stretch: float
) -> Stretches:
    """The predictions for all stretches of a recording, a block of them at a time."""
    known, rate = module.preprocessing.seconds, module.log_mel.rate
    with open_recording(data) as file:
        seconds = file.seconds
        whole = window is None and seconds <= known["longest"]
        # Rates round up: with two samples more than the whole, nothing remains for a second stretch.
        length = seconds + 2 / rate if whole else float(window or known["median"])
        step = length if whole else min(hop or length / 2, length)
        size = max(round(length * rate), 1)
        pooled = max(int(seconds * rate / module.log_mel.hop / COLUMNS), 1)
        starts, ends, parts, levels = [], [], [], []
        per_block = max(int(BLOCK / step), 1)
        for first, x in file.blocks(rate, per_block * step, length - step):
            places = np.arange(per_block) * step * rate
            places = places[places < max(len(x) - round((length - step) * rate), 1)].astype(int)
            lengths = np.minimum(len(x) - places, size)
            batch = np.zeros((len(places), size), np.int16)
            for row, place, own in zip(batch, places, lengths, strict=True):
                row[:own] = x[place : place + own]
            levels.append(decibels(module.log_mel, x[: round(per_block * step * rate)], pooled))
            sounding = has_sound(batch)
            if sounding.any():
                count = max(BATCH // size, 1)
                for part in np.split(np.flatnonzero(sounding), range(count, sounding.sum(), count)):
                    parts.append(answers(module, stretched(batch[part], lengths[part], stretch)))
                starts.append((first + places[sounding]) / rate)
                ends.append((first + places + lengths)[sounding] / rate)
        damage = file.damage()
    if not levels:
        raise UnusableError("no samples", "a header without sound")
    if not starts:
        raise UnusableError("silence", "all samples are equal")
    start, end = np.concatenate(starts), np.concatenate(ends)
    return Stretches(module, start, end, Answers.joined(parts), np.hstack(levels), whole, damage)

"""Predictions of a trained network for a user's own recordings."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from domains.speech.figures import clip_picture, long_picture
from domains.speech.module import SpeechClassifier
from domains.speech.reading import FULL_SCALE, Recordings, UnusableError, has_sound, open_recording
from shared.commands import Answers, Predictions, answers, best
from shared.errors import require_number
from shared.files import where

BLOCK = 20.0  # seconds read and predicted at a time: memory stays bounded
DRAWN = 20  # recordings of which pictures are made
REMARKS = 5  # on damaged recordings, that are listed
SECONDS = (0.01, 60)  # of a stretch, and from one to the next
BATCH = 2**22  # samples in a batch of stretches, at most
COLUMNS = 1500  # of a spectrogram's picture, at most


class Stretches(NamedTuple):
    """The predictions for W stretches of one recording."""

    start: NDArray[np.float64]  # (W,) seconds
    end: NDArray[np.float64]  # (W,)
    answers: Answers  # W
    decibels: NDArray[np.float32]  # (mels, columns) of the whole recording, above its softest
    whole: bool  # one stretch, all of it
    damage: str  # description of a damaged file


def predict(
    module: SpeechClassifier,
    source: Path,
    *,
    top: int,
    unsure: float = 0.8,
    window: float | None = None,
    hop: float | None = None,
) -> Predictions:
    """The likeliest words of each recording, or of each stretch of a long one.

    A recording no longer than the longest training clip is predicted as a whole. A longer one is cut into
    overlapping stretches, by default as long as the median training clip; those of pure silence are skipped.
    Only some seconds of a recording are in memory at a time, whatever its length.

    The source is a recording, a folder of them, or an archive. ``window`` is the seconds of a stretch; given,
    short recordings are cut as well. ``hop`` is the seconds from one to the next; None: half a stretch.
    """
    for key, value in (("window (seconds)", window), ("hop (seconds)", hop)):
        if value is not None:
            require_number(key, value, *SECONDS)
    rows: list[dict[str, Any]] = []
    drawn: list[tuple[str, Stretches]] = []
    seen = Recordings()
    remarks: list[str] = []
    read = partial(_stretches, module, window=window, hop=hop)
    for name, stretches in seen.read(source, read, "reading"):
        seen.use(name)
        damage = [stretches.damage] if stretches.damage else []
        for n, row in enumerate(stretches.answers.probabilities):
            likeliest = best(row, module.classes, top)
            answer, probability = likeliest[0]["name"], likeliest[0]["probability"]
            times = {"from_ms": round(1000 * stretches.start[n]), "to_ms": round(1000 * stretches.end[n])}
            trust = stretches.answers.trust(n, probability, unsure, damage)
            rows.append(
                {
                    "file": name,
                    **times,
                    "answer": answer,
                    "probability": probability,
                    **trust,
                    "best": likeliest,
                }
            )
        if damage:
            remarks.append(f"{where(source, name)}: {stretches.damage}; predicted nonetheless")
        if len(drawn) < DRAWN:
            drawn.append((name, stretches))
    if not rows:
        raise seen.none_usable(source)
    files = seen.used
    summary = f"{files:,} recording{'s' * (files != 1)}, {len(rows):,} prediction{'s' * (len(rows) != 1)}"
    summary += f"; pictures of the first {DRAWN}" * (files > DRAWN)
    if len(remarks) > REMARKS:
        remarks[REMARKS:] = [f"… and {len(remarks) - REMARKS:,} more such recordings"]
    return Predictions(rows, "\n".join([summary, *remarks, *seen.summary()]), _pictures(drawn, module, top))


def _stretches(
    module: SpeechClassifier, data: Path | bytes, *, window: float | None, hop: float | None
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
            levels.append(_decibels(module, x[: round(per_block * step * rate)], pooled))
            sounding = has_sound(batch)
            if sounding.any():
                count = max(BATCH // size, 1)
                for part in np.split(np.flatnonzero(sounding), range(count, sounding.sum(), count)):
                    parts.append(answers(module, {"x": batch[part], "lengths": lengths[part]}))
                starts.append((first + places[sounding]) / rate)
                ends.append((first + places + lengths)[sounding] / rate)
        damage = file.damage()
    if not levels:
        raise UnusableError("no samples", "a header without sound")
    if not starts:
        raise UnusableError("silence", "all samples are equal")
    start, end = np.concatenate(starts), np.concatenate(ends)
    return Stretches(start, end, Answers.joined(parts), np.hstack(levels), whole, damage)


def _decibels(module: SpeechClassifier, x: NDArray[np.int16], pooled: int) -> NDArray[np.float32]:
    """Levels (mels, columns); each column is the mean of ``pooled`` frames."""
    if not x.any():  # hours of silence should not take minutes
        frames = max(len(x) - module.log_mel.size, 0) // module.log_mel.hop + 1
        return np.full((module.log_mel.mels, -(-frames // pooled)), -100.0, np.float32)
    with torch.inference_mode():
        power = module.log_mel.power(torch.from_numpy(x).to(module.device).float()[None] / FULL_SCALE)
        power = torch.nn.functional.avg_pool1d(power, pooled, ceil_mode=True)[0]
    return (10 * power.clamp(min=1e-10).log10()).cpu().numpy()


def _pictures(
    drawn: list[tuple[str, Stretches]], module: SpeechClassifier, top: int
) -> Iterator[tuple[str, Figure]]:
    centres = module.log_mel.centres.cpu().numpy()
    for name, (start, end, answered, decibels, whole, _) in drawn:
        shares = answered.probabilities
        title = name if len(name) <= 60 else f"…{name[-59:]}"
        if whole:
            likeliest = best(shares[0], module.classes, top)
            yield name, clip_picture(decibels, centres, float(end[0]), likeliest, title)
        else:
            words, seconds = [module.classes[i] for i in shares.argmax(1)], float(end[-1])
            times = (start + end) / 2
            yield name, long_picture(decibels, centres, times, shares.max(1), words, seconds, title)

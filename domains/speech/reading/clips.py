"""Recordings of words as flat arrays, with the word and speaker from their names; cached."""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domains.speech.reading.decode import CUT, REMEDY, UnusableError, remedies
from domains.speech.reading.labels import compile_pattern, is_background, labels_of, propose_pattern
from domains.speech.reading.recordings import Audio, Recordings, load, too_long
from shared.errors import UserError
from shared.files import Arrays, Inventory, cached_arrays, identity, where

COLUMNS = ("samples", "start", "name", "identity")
VERSION = "clips-5"  # of the cached columns: increase it when their form or meaning changes


@dataclass(frozen=True)
class Clips:
    """C clips; clip c owns ``samples[start[c]:start[c + 1]]``."""

    samples: NDArray[np.int16]  # mono, at one rate
    start: NDArray[np.int64]  # (C + 1,)
    label: NDArray[np.str_]  # (C,) the word
    speaker: NDArray[np.str_]  # (C,) empty if unknown
    split: NDArray[np.str_]  # (C,) official: train, val or test; empty if none
    name: NDArray[np.str_]  # (C,) of the file inside the folder or archive
    identity: NDArray[np.uint64]  # (C,) hash of the samples
    summary: str  # what was read and what was skipped, by reason

    @property
    def length(self) -> NDArray[np.int64]:
        """(C,) samples of each clip."""
        return np.diff(self.start)

    def only(self, chosen: NDArray[np.int64]) -> "Clips":
        """Some of the clips, by index."""
        columns = _take({name: getattr(self, name) for name in COLUMNS}, chosen)
        labels = {name: getattr(self, name)[chosen] for name in ("label", "speaker", "split")}
        return Clips(**columns, **labels, summary=self.summary)

    def and_then(self, more: "Clips") -> "Clips":
        """These clips followed by others of the same rate."""
        joined = {
            name: np.concatenate([getattr(self, name), getattr(more, name)])
            for name in ("samples", "label", "speaker", "split", "name", "identity")
        }
        start = np.append(self.start, self.start[-1] + more.start[1:])
        return Clips(**joined, start=start, summary=f"{self.summary}\n{more.summary}")


@dataclass(frozen=True, kw_only=True)
class ClipReader:
    """Reads recordings and takes word and speaker from their names.

    Attributes:
        pattern: regular expression that is searched in file names, with a group ``label`` and, where the
            names hold it, ``speaker``; other files are skipped. None: folders are the words.
        max_seconds: longer recordings are skipped.
        strict: refuse the first unusable file instead of skipping it.
        cache: folder of the samples, see ``shared.files.cache_folder``.

    Raises:
        UserError: the pattern is not a regular expression with a group ``label``.
    """

    pattern: str | None
    max_seconds: float
    strict: bool = False
    cache: Path | None = None

    def __post_init__(self) -> None:
        compile_pattern(self.pattern)

    def read(self, path: Path, rate: int) -> Clips:
        """Read a file, a folder, or an archive (zip, tar, tar.gz, tar.xz, tar.bz2), sorted by name.

        Args:
            path: what to read; an archive is not unpacked to disk.
            rate: sample rate of the clips, in Hz.

        Raises:
            UserError: nothing to read, a broken archive, no usable clip, more than half of the recordings too
                long, a word's folder without a usable recording; with ``strict`` any skipped file.
        """
        pattern = compile_pattern(self.pattern)
        version = f"{VERSION}-{rate}-{self.max_seconds:g}"
        columns = cached_arrays(lambda: _read(path, rate, self.max_seconds), path, version, cache=self.cache)
        seen = Recordings.of_array(columns.pop("seen"))
        names = [str(name) for name in columns["name"]]
        labels = labels_of(names, pattern)
        for name, reason in zip(names, labels.reason.tolist(), strict=True):
            if reason:
                seen.skip(name, reason)
            else:
                seen.use(name)
        skipped_seconds = columns.pop("too_long")
        if len(skipped_seconds):
            seconds = np.concatenate([skipped_seconds, np.diff(columns["start"]) / rate])
            seen.check_share(
                too_long(self.max_seconds),
                f"{path}: median length {np.median(seconds):.1f} s; cut them into words, or set "
                f"data.max_seconds={math.ceil(float(np.quantile(seconds, 0.95)))} (now {self.max_seconds:g})",
            )
        if not seen.used:
            raise UserError(_no_clips(path, names, seen, self.pattern))
        if pattern is None:
            _check_folders(path, seen)
        seen.refuse(self.strict)
        used = np.flatnonzero(labels.reason == "")
        damage = columns.pop("damage")[used]
        columns = _take(columns, used)
        minutes = len(columns["samples"]) / rate / 60
        lines = [f"{path.name}: {seen.used:,} recordings used, {minutes:,.1f} minutes"]
        lines += seen.summary()
        for text, count in Counter(damage[damage != ""].tolist()).most_common():
            use = "read up to the damage" if text == CUT else "used"
            lines.append(f"{use}: {count:,} {text}, such as {columns['name'][damage == text][0]}")
        return Clips(
            **columns,
            label=labels.word[used],
            speaker=labels.speaker[used],
            split=labels.split[used],
            summary="\n".join(lines + labels.remarks),
        )


def _no_clips(path: Path, names: list[str], seen: Inventory, pattern: str | None) -> str:
    """The error of a path without clips; a pattern to copy if only the names do not fit."""
    skipped = "; ".join(line.strip() for line in seen.summary()[1:])
    text = f"{path}: must hold recordings of words (skipped: {skipped})"
    if pattern is not None:
        text += f"; data.pattern={pattern}"
    if not names:
        return text
    proposed = propose_pattern(names) or "data.pattern='(?P<label>…)' with a regular expression for the word"
    return f"{text}; sort them as WORD/recording.wav, or give {proposed}"


def _check_folders(path: Path, seen: Inventory) -> None:
    """Refuse a word's folder without a usable recording: the word would be missing without notice."""
    lost = {
        folder: reasons
        for folder, reasons in seen.unused_folders().items()
        if folder != "."
        and not is_background(folder.rpartition("/")[2])
        # some file is a recording
        and (remedies(reasons) or any(not reason.startswith("of kind ") for reason in reasons))
    }
    if not lost:
        return
    folder, reasons = next(iter(lost.items()))
    counts = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
    others = f", nor in {', '.join(list(lost)[1:6])}" if len(lost) > 1 else ""
    remedy = REMEDY if remedies(reasons) else "repair the recordings"
    raise UserError(
        f"{where(path, folder)}: no usable recording in it ({counts}){others}; {remedy}, or remove the folder"
    )


def _read(path: Path, rate: int, max_seconds: float) -> Arrays:
    seen = Recordings()
    too_long: list[float] = []

    def read(data: Path | bytes) -> Audio:
        try:
            return load(data, rate, max_seconds)
        except UnusableError as error:
            if error.seconds:
                too_long.append(error.seconds)
            raise

    # sorted: an archive may have any order
    recordings = sorted(seen.read(path, read, f"reading {path.name}"), key=lambda item: item[0])
    samples = [audio.samples for _, audio in recordings]
    return {
        "samples": np.concatenate([*samples, np.zeros(0, np.int16)]),
        "start": np.cumsum([0, *map(len, samples)]),
        "name": np.array([name for name, _ in recordings], str),
        "damage": np.array([audio.damage for _, audio in recordings], str),
        "identity": np.array([identity(x.tobytes()) for x in samples], np.uint64),
        "too_long": np.array(too_long, np.float64),
        "seen": seen.array(),
    }


def _take(columns: Arrays, chosen: NDArray[np.int64]) -> Arrays:
    """The chosen clips of all columns."""
    start, samples = columns["start"], columns["samples"]
    if len(chosen) < len(start) - 1:
        samples = np.concatenate([samples[start[c] : start[c + 1]] for c in chosen])
    return {
        "samples": samples,
        "start": np.cumsum([0, *np.diff(start)[chosen]]),
        "name": columns["name"][chosen],
        "identity": columns["identity"][chosen],
    }

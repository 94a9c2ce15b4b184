"""Recordings of words as flat arrays, with the word and the speaker that their names tell; cached."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from domains.speech.audio import load, sources
from domains.speech.decode import CUT, DAMAGED, LOUD, UnusableError
from shared import cache as caches
from shared.archive import where
from shared.errors import UserError
from shared.identity import identity

COLUMNS = ("samples", "start", "name", "identity")  # of the cache, one entry a clip (of start, one more)
KIND = "clips-2"  # count on when what stands in the cache changes its form or its meaning


@dataclass(frozen=True)
class Clips:
    """C clips; clip c owns ``samples[start[c]:start[c + 1]]``."""

    samples: NDArray[np.int16]  # mono, at one rate
    start: NDArray[np.int64]  # (C + 1,)
    label: NDArray[np.str_]  # (C,) the word
    speaker: NDArray[np.str_]  # (C,) empty where the names do not tell
    name: NDArray[np.str_]  # (C,) of the file, inside the folder or archive
    identity: NDArray[np.uint64]  # (C,) alike for clips of the same samples
    summary: str  # what was read and what was left out, by reason

    @property
    def length(self) -> NDArray[np.int64]:
        """(C,) samples of each clip."""
        return np.diff(self.start)

    def only(self, chosen: NDArray[np.int64]) -> "Clips":
        """Some of the clips."""
        columns = _take({name: getattr(self, name) for name in COLUMNS}, chosen)
        return Clips(**columns, label=self.label[chosen], speaker=self.speaker[chosen], summary=self.summary)

    def and_then(self, more: "Clips") -> "Clips":
        """These clips, and others of the same rate after them."""
        joined = {
            name: np.concatenate([getattr(self, name), getattr(more, name)])
            for name in ("samples", "label", "speaker", "name", "identity")
        }
        start = np.append(self.start, self.start[-1] + more.start[1:])
        return Clips(**joined, start=start, summary=f"{self.summary}\n{more.summary}")


def read_clips(
    path: str | Path, *, pattern: str, rate: int, max_seconds: float, cache: Path | None = None
) -> Clips:
    """Read the recordings of a path, in the order of their names.

    Args:
        path: a file, a folder, or an archive (zip, tar, tar.gz, tar.xz, tar.bz2) that is not unpacked.
        pattern: regular expression that is searched in a file's name, with the groups ``label`` and, where
            the names tell, ``speaker``; files that it is not found in are left out.
        rate: of the samples, in Hz.
        max_seconds: longer recordings are left out, and not read.
        cache: folder for the samples, see ``shared.cache.folder``.

    Raises:
        UserError: a bad pattern, nothing to read, a broken archive, no clip left.
    """
    path = Path(path)
    names_tell = _compiled(pattern)
    kind = f"{KIND}-{rate}-{max_seconds:g}"
    columns = caches.arrays(lambda: _read(path, rate, max_seconds), path, kind, cache=cache)
    told = [names_tell.search(name) for name in columns["name"]]
    known = np.array([match is not None for match in told], bool)
    odd = [tuple(row) for row in columns.pop("oddities")]
    left_out = Counter(reason for _, reason, _ in odd)
    left_out["name without data.pattern"] = int((~known).sum())
    damage = Counter(columns.pop("damage")[known].tolist())
    read, used = len(known) + len(odd), int(known.sum())
    seconds = int(np.diff(columns["start"])[known].sum()) / rate
    summary = f"{path.name}: {read:,} recordings read, {used:,} used, {seconds / 60:,.1f} minutes"
    parts = [f"{reason}: {number:,}" for reason, number in left_out.most_common() if number]
    summary += f"; left out: {', '.join(parts)}" * bool(parts)
    summary += f"; {CUT}, used up to there: {damage[CUT]:,}" * bool(damage[CUT])
    for what in (DAMAGED, LOUD):
        summary += f"; {what}, used all the same: {damage[what]:,}" * bool(damage[what])
    if not used:
        found = f"; {where(path, odd[0][0])}: {odd[0][1]} ({odd[0][2]})" if odd else ""
        raise UserError(f"{path}: no recording to learn from ({summary}{found}); data.pattern={pattern}")
    matches = [match.groupdict() for match in told if match]
    return Clips(
        **_take(columns, np.flatnonzero(known)),
        label=np.array([match["label"] for match in matches]),
        speaker=np.array([match.get("speaker") or "" for match in matches]),
        summary=summary,
    )


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UserError(f"data.pattern={pattern}: not a regular expression: {error}") from error
    if "label" not in compiled.groupindex:
        raise UserError(f"data.pattern={pattern}: has no group of the word: write (?P<label>…) around it")
    return compiled


def _read(path: Path, rate: int, max_seconds: float) -> caches.Arrays:
    parts: list[NDArray[np.int16]] = []
    names: list[str] = []
    damage: list[str] = []
    odd: list[tuple[str, str, str]] = []
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"reading {path.name}", total=1.0)
        for source in sources(path):
            try:
                audio = load(source.data, rate, max_seconds)
            except UnusableError as error:
                odd.append((source.name, error.reason, error.found))
            else:
                parts.append(audio.samples)
                names.append(source.name)
                damage.append(audio.damage)
            bar.update(task, completed=source.done)
    order = sorted(range(len(names)), key=names.__getitem__)  # an archive's order is any
    parts = [parts[i] for i in order]
    return {
        "samples": np.concatenate([*parts, np.zeros(0, np.int16)]),
        "start": np.cumsum([0, *map(len, parts)]),
        "name": np.array([names[i] for i in order], str),
        "damage": np.array([damage[i] for i in order], str),
        "identity": np.array([identity(part.tobytes()) for part in parts], np.uint64),
        "oddities": np.array(odd, str).reshape(-1, 3),
    }


def _take(columns: caches.Arrays, chosen: NDArray[np.int64]) -> caches.Arrays:
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

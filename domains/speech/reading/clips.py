"""Recordings of words as flat arrays, with the word and the speaker that their names tell; cached."""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from domains.speech.reading.audio import load, sources, too_long
from domains.speech.reading.decode import CUT, REMEDY, UnusableError, remedies
from domains.speech.reading.names import compiled, is_background, named, proposal
from shared.errors import UserError
from shared.files import Arrays, Inventory, cached_arrays, identity, where

COLUMNS = ("samples", "start", "name", "identity")  # of the cache, one entry a clip (of start, one more)
KIND = "clips-4"  # count on when what stands in the cache changes its form or its meaning


@dataclass(frozen=True)
class Clips:
    """C clips; clip c owns ``samples[start[c]:start[c + 1]]``."""

    samples: NDArray[np.int16]  # mono, at one rate
    start: NDArray[np.int64]  # (C + 1,)
    label: NDArray[np.str_]  # (C,) the word
    speaker: NDArray[np.str_]  # (C,) empty where the names do not tell
    split: NDArray[np.str_]  # (C,) "train", "val", "test", or empty where no folder says it
    name: NDArray[np.str_]  # (C,) of the file, inside the folder or archive
    identity: NDArray[np.uint64]  # (C,) alike for clips of the same samples
    summary: str  # what was read and what was skipped, by reason

    @property
    def length(self) -> NDArray[np.int64]:
        """(C,) samples of each clip."""
        return np.diff(self.start)

    def only(self, chosen: NDArray[np.int64]) -> "Clips":
        """Some of the clips."""
        columns = _take({name: getattr(self, name) for name in COLUMNS}, chosen)
        named = {name: getattr(self, name)[chosen] for name in ("label", "speaker", "split")}
        return Clips(**columns, **named, summary=self.summary)

    def and_then(self, more: "Clips") -> "Clips":
        """These clips, and others of the same rate after them."""
        joined = {
            name: np.concatenate([getattr(self, name), getattr(more, name)])
            for name in ("samples", "label", "speaker", "split", "name", "identity")
        }
        start = np.append(self.start, self.start[-1] + more.start[1:])
        return Clips(**joined, start=start, summary=f"{self.summary}\n{more.summary}")


def read_clips(
    path: str | Path,
    *,
    pattern: str | None,
    rate: int,
    max_seconds: float,
    strict: bool = False,
    cache: Path | None = None,
) -> Clips:
    """Read the recordings of a path, in the order of their names.

    Args:
        path: a file, a folder, or an archive (zip, tar, tar.gz, tar.xz, tar.bz2) that is not unpacked.
        pattern: regular expression that is searched in a file's name, with the groups ``label`` and, where
            the names tell, ``speaker``; files that it is not found in are skipped. None: folders name words.
        rate: of the samples, in Hz.
        max_seconds: longer recordings are skipped, and not read.
        strict: refuse the first file that cannot be used, instead of counting it.
        cache: folder for the samples, see ``shared.files.cache_folder``.

    Raises:
        UserError: a bad pattern, nothing to read, a broken archive, no clip left, over half of them too
            long, a folder of a word of which nothing is left; with ``strict`` any file that is skipped.
    """
    path = Path(path)
    rule = compiled(pattern)
    kind = f"{KIND}-{rate}-{max_seconds:g}"
    columns = cached_arrays(lambda: _read(path, rate, max_seconds), path, kind, cache=cache)
    seen = Inventory.of_array(columns.pop("seen"))
    names = [str(name) for name in columns["name"]]
    found = named(names, rule)
    for name, reason in zip(names, found.reason, strict=True):
        if reason:
            seen.skip(name, str(reason))
        else:
            seen.use(name)
    long = columns.pop("too_long")
    if len(long):
        lengths = np.concatenate([long, np.diff(columns["start"]) / rate])
        seen.check_share(too_long(max_seconds), _longer(path, lengths, max_seconds))
    if not seen.used:
        raise UserError(_nothing_to_learn(path, names, seen, pattern))
    if rule is None:
        _check_folders(path, seen)
    seen.refuse(strict)
    known = np.flatnonzero(found.reason == "")
    damage = columns.pop("damage")[known]
    seconds = int(np.diff(columns["start"])[known].sum()) / rate
    return Clips(
        **_take(columns, known),
        label=found.word[known],
        speaker=found.speaker[known],
        split=found.split[known],
        summary="\n".join(_summary(path, seen, seconds, damage, columns["name"][known]) + found.remarks),
    )


def _summary(
    path: Path, seen: Inventory, seconds: float, damage: NDArray[np.str_], names: NDArray[np.str_]
) -> list[str]:
    """What was read, used and skipped, and what is odd about files that are used."""
    lines = [f"{path.name}: {seen.used:,} recordings used, {seconds / 60:,.1f} minutes"]
    lines += seen.summary()
    lines += remedies(seen.skipped)
    for what, count in Counter(damage[damage != ""].tolist()).most_common():
        up_to = " up to there" if what == CUT else ""
        lines.append(f"used{up_to}, though a file {what}: {count:,}, such as {names[damage == what][0]}")
    return lines


def _longer(path: Path, seconds: NDArray[np.float64], max_seconds: float) -> str:
    """How to set the limit so that most of the recordings are read."""
    enough = math.ceil(float(np.quantile(seconds, 0.95)))
    return (
        f"{path}: recordings last {np.median(seconds):.1f} s in the median; cut them into words, or set "
        f"data.max_seconds={enough} (now {max_seconds:g})"
    )


def _nothing_to_learn(path: Path, names: list[str], seen: Inventory, pattern: str | None) -> str:
    """The error of a path without a clip: what was skipped, and a rule to copy if only the names are odd."""
    skipped = "; ".join(line.strip() for line in seen.summary()[1:])
    text = f"{path}: no recording to learn from (skipped: {skipped})"
    if pattern is not None:
        text += f"; data.pattern={pattern}"
    if not names:
        return text
    proposed = proposal(names) or "data.pattern='(?P<label>…)' with a regular expression for the word"
    return f"{text}; sort them as WORD/recording.wav, or give {proposed}"


def _check_folders(path: Path, seen: Inventory) -> None:
    """Refuse a word's folder of which no recording can be used: the word would be gone without notice."""
    lost = {
        folder: reasons
        for folder, reasons in seen.unused_folders().items()
        if folder != "." and not is_background(folder.rpartition("/")[2]) and _had_sound(reasons)
    }
    if not lost:
        return
    folder, reasons = next(iter(lost.items()))
    counts = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
    others = f", nor in {', '.join(list(lost)[1:6])}" if len(lost) > 1 else ""
    remedy = REMEDY if remedies(reasons) else "mend the recordings"
    raise UserError(
        f"{where(path, folder)}: no recording in it can be used ({counts}){others}; {remedy}, "
        "or remove the folder"
    )


def _had_sound(reasons: Counter[str]) -> bool:
    """Whether any of the files that were skipped is a recording."""
    return bool(remedies(reasons)) or any(not reason.startswith("of kind ") for reason in reasons)


def _read(path: Path, rate: int, max_seconds: float) -> Arrays:
    parts: list[NDArray[np.int16]] = []
    names: list[str] = []
    damage: list[str] = []
    too_long: list[float] = []
    seen = Inventory()
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"reading {path.name}", total=1.0)
        for source in sources(path, seen):
            try:
                audio = load(source.data, rate, max_seconds)
            except UnusableError as error:
                seen.skip(source.name, error.reason, error.found)
                too_long += [error.seconds] * bool(error.seconds)
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

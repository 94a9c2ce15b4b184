"""Which clips train, validate and test: by official lists, else by speaker: no voice is on two sides."""

import hashlib
import math
import re
from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domains.speech.reading.clips import Clips
from domains.speech.reading.official import Official, by_folder, by_name
from domains.speech.reading.sides import TEST, TRAIN, VAL, Sides, remarks
from shared.errors import UserError, require_int
from shared.training import Fractions

FEWEST = 3  # speakers that can be shared out: one to train, one to validate, one to test


class Split(NamedTuple):
    """Which side each clip is on, and what is to be said of that."""

    sides: Sides
    remarks: list[str]


def split_clips(
    clips: Clips,
    *,
    official: Official | None,
    test_speaker: str | None,
    fold: int | None,
    folds: int | None,
    fractions: Fractions,
) -> Split:
    """The sides of all clips, by options that passed ``check_options``.

    A test speaker or a fold goes before the official test; validation stays official then. What is not
    official is shared out by ``fractions``: speakers, or clips where fewer than three speakers are known.

    Args:
        clips: the clips.
        official: regular expressions that are searched in a file's name: ``test``, ``val`` or both. None:
            folders named like splits are official, where there are any.
        test_speaker: regular expression; the speakers whose whole name it matches are the test.
        fold: number of a part of the speakers, from 0: that part is the test.
        folds: how many parts there are; None: as many as speakers, so that one at a time is left out.
        fractions: shares ``val`` and ``test`` of the speakers; beside test speakers, ``val`` of the rest.

    Raises:
        UserError: the speakers are not known or too few, or the options fit none.
    """
    speakers = np.unique(clips.speaker)
    known = "" not in speakers
    sides, given = by_folder(clips) if official is None else by_name(clips, official)
    said = []
    if official is not None and (clips.split != "").any():
        said.append("data.official goes before the folders that are named like splits")
    if test_speaker is not None or fold is not None:
        if not known:
            raise UserError(
                "data.test_speaker, data.fold: the speakers are not known; give data.pattern=… with a group "
                "(?P<speaker>…) that finds them in the files' names"
            )
        tested = (
            _matching(speakers, test_speaker) if test_speaker is not None else _fold(speakers, fold, folds)
        )
        sides = _leave_out(clips, speakers, tested, fractions["val"], sides if VAL in given else None)
        return Split(sides, remarks(clips, sides) + said)
    val = 0.0 if VAL in given else fractions["val"]
    test = 0.0 if TEST in given else fractions["test"]
    if not {VAL, TEST} <= given:
        rest = np.flatnonzero(sides == TRAIN)
        by_speaker = known and len(np.unique(clips.speaker[rest])) >= FEWEST
        sides[rest] = _shared_out(clips, rest, by_speaker, val=val, test=test)
        if known and not by_speaker and (sides == TRAIN).any():
            said.append(f"fewer than {FEWEST} speakers to share out: split by file, which tests no new voice")
    return Split(sides, remarks(clips, sides) + said)


def _matching(speakers: NDArray[np.str_], pattern: str) -> NDArray[np.bool_]:
    found = np.array([re.fullmatch(pattern, speaker) is not None for speaker in speakers])
    if not found.any():
        raise UserError(f"data.test_speaker={pattern}: no such speaker; there are {', '.join(speakers[:20])}")
    return found


def _fold(speakers: NDArray[np.str_], fold: int | None, folds: int | None) -> NDArray[np.bool_]:
    folds = folds or len(speakers)
    if not 2 <= folds <= len(speakers):
        raise UserError(f"data.folds: must be from 2 to {len(speakers)}, the number of speakers, got {folds}")
    require_int("data.fold", fold, 0, folds - 1)
    return np.arange(len(speakers)) % folds == fold


def _leave_out(
    clips: Clips,
    speakers: NDArray[np.str_],
    tested: NDArray[np.bool_],
    val: float,
    official: Sides | None,
) -> Sides:
    """Of the other speakers those next in the alphabet validate, so that over all folds each one does.

    With an official validation set their clips of it do, and all their others train.
    """
    others = speakers[~tested]
    if len(others) < 2:
        raise UserError(
            f"{len(others)} speakers beside those of the test: at least one has to train and one to validate"
        )
    if official is not None:
        sides = np.where(official == VAL, VAL, TRAIN).astype(np.uint8)
        sides[np.isin(clips.speaker, speakers[tested])] = TEST
        return sides
    after = int(np.searchsorted(others, speakers[tested][-1]))
    count = min(max(round(val * len(others)), 1), len(others) - 1)
    validating = np.roll(others, -after)[:count]
    sides = np.full(len(clips.speaker), TRAIN, np.uint8)
    sides[np.isin(clips.speaker, validating)] = VAL
    sides[np.isin(clips.speaker, speakers[tested])] = TEST
    return sides


def _shared_out(clips: Clips, rest: NDArray[np.int64], by_speaker: bool, *, val: float, test: float) -> Sides:
    """The sides of the clips ``rest``: speakers, or sounds (files alike are one), by a hash of each.

    Unless all are tested or validated, each word keeps a speaker or sound to learn it from.
    """
    units = clips.speaker if by_speaker else clips.identity.astype(str)
    names, unit = np.unique(units[rest], return_inverse=True)
    keys = [hashlib.blake2b(str(name).encode(), digest_size=8).digest() for name in names]
    words: list[set[str]] = [set() for _ in names]
    for number, word in zip(unit, clips.label[rest], strict=True):
        words[number].add(str(word))
    left = Counter(word for own in words for word in own)
    tests, vals = math.ceil(test * len(names)), math.ceil(val * len(names))
    side = np.full(len(names), TRAIN, np.uint8)
    taken = 0
    for number in sorted(range(len(names)), key=keys.__getitem__):
        if taken == tests + vals:
            break
        if val + test < 1 and any(left[word] == 1 for word in words[number]):
            continue
        left.subtract(words[number])
        side[number] = TEST if taken < tests else VAL
        taken += 1
    return side[unit]

"""Which clips train, validate and test: by official lists, else by speaker: no voice is on two sides."""

import hashlib
import math
import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domains.speech.clips import Clips
from shared.data import Fractions
from shared.errors import UserError

SIDES = ("train", "val", "test")
TRAIN, VAL, TEST = range(3)

Sides = NDArray[np.uint8]  # (C,) TRAIN, VAL or TEST


class Split(NamedTuple):
    """Which side each clip is on, and what is to be said of that."""

    sides: Sides
    remarks: list[str]


def split(
    clips: Clips,
    *,
    official: dict[str, str] | None,
    test_speaker: str | None,
    fold: int | None,
    folds: int | None,
    fractions: Fractions,
) -> Split:
    """The sides of all clips.

    A test speaker or a fold goes before the official test; validation stays official then. Where nothing is
    official, speakers are shared out by ``fractions``, or clips where the speakers are not known.

    Args:
        clips: the clips.
        official: regular expressions that are searched in a file's name: ``test`` and ``val``.
        test_speaker: regular expression; the speakers whose whole name it matches are the test.
        fold: number of a part of the speakers, from 0: that part is the test.
        folds: how many parts there are; None: as many as speakers, so that one at a time is left out.
        fractions: shares ``val`` and ``test`` of the speakers; beside test speakers, ``val`` of the rest.

    Raises:
        UserError: the speakers are not known or too few, the options fit none, or a word would have no clip
            to learn it from.
    """
    speakers = np.unique(clips.speaker)
    known = "" not in speakers
    if test_speaker is not None or fold is not None:
        if not known:
            raise UserError(
                "data.test_speaker, data.fold: the speakers are not known; give data.pattern=… with a group "
                "(?P<speaker>…) that finds them in the files' names"
            )
        tested = (
            _matching(speakers, test_speaker) if test_speaker is not None else _fold(speakers, fold, folds)
        )
        sides = _leave_out(clips, speakers, tested, fractions["val"], official)
    elif official is not None:
        sides = by_name(clips, official)
    else:
        sides = _shared_out(clips, known, **fractions)
    check_words(clips, sides)
    return Split(sides, remarks(clips, sides))


def by_name(clips: Clips, official: dict[str, str]) -> Sides:
    """Test and validation where a file's name says so."""
    sides = np.full(len(clips.name), TRAIN, np.uint8)
    for side, number in (("val", VAL), ("test", TEST)):
        found = [re.search(official[side], name) is not None for name in clips.name]
        if not any(found):
            raise UserError(f"data.official.{side}={official[side]}: found in the name of no file")
        sides[found] = number
    return sides


def check_words(clips: Clips, sides: Sides) -> None:
    """Refuse a split in which a word is tested that is never learned, if anything is learned at all."""
    if not (sides == TRAIN).any():
        return
    learned = set(clips.label[sides == TRAIN])
    for word in sorted(set(clips.label.tolist())):
        if word not in learned:
            voices = ", ".join(np.unique(clips.speaker[clips.label == word]))
            raise UserError(
                f"{word!r} is on the test or validation side alone (its speakers: {voices or 'not known'}): "
                "there is nothing to learn it from; choose another split, add speakers, or leave the word out"
            )


def remarks(clips: Clips, sides: Sides) -> list[str]:
    """The sizes of the sides, and which voices are on two of them."""
    voices = [set(clips.speaker[sides == number]) for number in range(3)]
    known = "" not in set.union(*voices)
    counts = []
    for number, side in enumerate(SIDES):
        text = f"{(sides == number).sum():,} {side}"
        if known:
            text += f" of {len(voices[number]):,} speaker{'s' * (len(voices[number]) != 1)}"
            if side != "train" and 0 < len(voices[number]) <= 3:
                text += f" ({', '.join(sorted(voices[number]))})"
        counts.append(text)
    said = [f"clips: {', '.join(counts)}"]
    if not known:
        said.append("speakers not known: split by file, so that a voice may stand on two sides")
        return said
    heard = voices[TEST] & voices[TRAIN]
    if heard:
        said.append(f"{len(heard)} of {len(voices[TEST])} test speakers are heard in training as well")
    elif voices[VAL] & voices[TRAIN]:
        said.append("validation clips are of training speakers, test clips of none")
    if len(voices[TEST]) == 1:
        said.append("one test speaker: intervals are over his or her clips, not over voices")
    alone = [word for word in np.unique(clips.label) if len(set(clips.speaker[clips.label == word])) == 1]
    if alone and len(set.union(*voices)) > 1:
        said.append(f"one speaker only: {', '.join(alone)}")
    return said


def _matching(speakers: NDArray[np.str_], pattern: str) -> NDArray[np.bool_]:
    try:
        found = np.array([re.fullmatch(pattern, speaker) is not None for speaker in speakers])
    except re.error as error:
        raise UserError(f"data.test_speaker={pattern}: not a regular expression: {error}") from error
    if not found.any():
        raise UserError(f"data.test_speaker={pattern}: no such speaker; there are {', '.join(speakers[:20])}")
    return found


def _fold(speakers: NDArray[np.str_], fold: int | None, folds: int | None) -> NDArray[np.bool_]:
    folds = folds or len(speakers)
    if not 2 <= folds <= len(speakers):
        raise UserError(f"data.folds={folds}: give 2 to {len(speakers)}, the number of speakers")
    if not isinstance(fold, int) or not 0 <= fold < folds:
        raise UserError(f"data.fold={fold}: give a whole number from 0 to {folds - 1}")
    return np.arange(len(speakers)) % folds == fold


def _leave_out(
    clips: Clips,
    speakers: NDArray[np.str_],
    tested: NDArray[np.bool_],
    val: float,
    official: dict[str, str] | None,
) -> Sides:
    """Of the other speakers those next in the alphabet validate, so that over all folds each one does.

    With an official rule their official validation clips do, and all their others train.
    """
    others = speakers[~tested]
    if len(others) < 2:
        raise UserError(
            f"{len(others)} speakers beside those of the test: at least one has to train and one to validate"
        )
    if official is not None:
        sides = np.where(by_name(clips, official) == VAL, VAL, TRAIN).astype(np.uint8)
        sides[np.isin(clips.speaker, speakers[tested])] = TEST
        return sides
    after = int(np.searchsorted(others, speakers[tested][-1]))
    count = min(max(round(val * len(others)), 1), len(others) - 1)
    validating = np.roll(others, -after)[:count]
    sides = np.full(len(clips.speaker), TRAIN, np.uint8)
    sides[np.isin(clips.speaker, validating)] = VAL
    sides[np.isin(clips.speaker, speakers[tested])] = TEST
    return sides


def _shared_out(clips: Clips, known: bool, *, val: float, test: float) -> Sides:
    """Speakers (clips of the same samples where they are not known) by the order of a hash of each."""
    if min(val, test) < 0 or val + test > 1:
        raise UserError(
            f"data.fractions: val={val}, test={test}: must not be negative, and at most 1 together"
        )
    units = clips.speaker if known else clips.identity.astype(str)
    names, unit = np.unique(units, return_inverse=True)
    keys = [hashlib.blake2b(str(name).encode(), digest_size=8).digest() for name in names]
    order = sorted(range(len(names)), key=keys.__getitem__)
    if val + test < 1:  # the only voice of a word has to train
        needed = set()
        for word in np.unique(clips.label):
            spoken = set(unit[clips.label == word])
            needed |= spoken if len(spoken) == 1 else set()
        order = [number for number in order if number not in needed]
    tests = min(math.ceil(test * len(names)), len(order))
    vals = min(math.ceil(val * len(names)), len(order) - tests)
    side = np.full(len(names), TRAIN, np.uint8)
    side[order[:tests]] = TEST
    side[order[tests : tests + vals]] = VAL
    return side[unit]

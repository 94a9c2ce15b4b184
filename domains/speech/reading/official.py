"""What is official about a split, by folders or by the user's rules, and rules that no data can fit."""

import re
from typing import TypedDict

import numpy as np

from domains.speech.reading.clips import Clips
from domains.speech.reading.sides import TEST, TRAIN, VAL, Sides
from shared.errors import UserError, require_int, require_number
from shared.training import Fractions


class Official(TypedDict, total=False):
    """Regular expressions that are searched in the names: what they are found in is of that side."""

    val: str | None
    test: str | None


def check_options(
    *,
    official: Official | None,
    test_speaker: str | None,
    fold: int | None,
    folds: int | None,
    fractions: Fractions,
) -> None:
    """Refuse options that no data can fit; see ``split``.

    Raises:
        UserError: a key, number or regular expression that is none.
    """
    rules: dict[str, str | None] = {"data.test_speaker": test_speaker}
    if official is not None:
        own = {"data.official.val": official.get("val"), "data.official.test": official.get("test")}
        if all(rule is None for rule in own.values()):
            raise UserError(f"data.official: must have test, val or both as keys, got {official}")
        rules |= own
    for key, rule in rules.items():
        try:
            re.compile("" if rule is None else rule)
        except re.error as error:
            raise UserError(f"{key}: must be a regular expression, got {rule}; {error}") from error
    if test_speaker is not None and fold is not None:
        raise UserError(f"data.fold: must be null beside data.test_speaker={test_speaker}, got {fold}")
    if folds is not None and fold is None:
        raise UserError(f"data.fold: must say which of data.folds={folds} is the test, got null")
    for key, value, least in (("fold", fold, 0), ("folds", folds, 2)):
        if value is not None:
            require_int(f"data.{key}", value, least)
    for key, share in (("val", fractions["val"]), ("test", fractions["test"])):
        require_number(f"data.fractions.{key}", share, 0, 1)
    if fractions["val"] + fractions["test"] > 1:
        raise UserError(f"data.fractions: must be at most 1 together, got {fractions}")


def by_folder(clips: Clips) -> tuple[Sides, set[int]]:
    """The sides that folders such as ``train/`` and ``valid/`` say, and which of val and test there are."""
    sides = np.full(len(clips.split), TRAIN, np.uint8)
    for name, side in (("val", VAL), ("test", TEST)):
        sides[clips.split == name] = side
    return sides, set(sides.tolist()) - {TRAIN}


def by_name(clips: Clips, official: Official) -> tuple[Sides, set[int]]:
    """Test and validation where a file's name says so, and which of them have a rule.

    Raises:
        UserError: a rule that is found nowhere.
    """
    sides = np.full(len(clips.name), TRAIN, np.uint8)
    given = set()
    for key, rule, number in (("val", official.get("val"), VAL), ("test", official.get("test"), TEST)):
        if rule is None:
            continue
        found = [re.search(rule, name) is not None for name in clips.name]
        if not any(found):
            raise UserError(f"data.official.{key}={rule}: found in no name, such as {clips.name[0]}")
        sides[found] = number
        given.add(number)
    return sides, given

"""What the names of recordings say: the word, the speaker, and the official split."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.errors import UserError
from shared.files import class_name, layout_of

NO_FOLDER = "no folder that names its word"
NO_MATCH = "name without data.pattern"
NO_WORD = "folder in underscores, taken for no word"
SHOWN = 8  # words of a remark
# Patterns to propose: of a name's parts, the one that divides all names into a few words.
USUAL = (
    r"(?P<label>[^/]+)/[^/]+$",
    r"(?P<label>[^/_]+)_(?P<speaker>[^/_]+)_[^/]*$",
    r"(?P<label>[^/_]+)_[^/]*$",
    r"(?P<speaker>[^/_]+)_(?P<label>[^/_]+)\.\w+$",
    r"(?P<label>[^/-]+)-[^/]*$",
    r"(?P<label>[^\W\d]+)[^/]*$",
)


class Named(NamedTuple):
    """What N names say.

    Attributes:
        word: (N,) composed (NFC); empty where a name says none.
        speaker: (N,) empty where a name does not tell.
        split: (N,) ``train``, ``val``, ``test``, or empty where no folder says it.
        reason: (N,) why a name says no word; empty where it does.
        remarks: lines for the summary.
    """

    word: NDArray[np.str_]
    speaker: NDArray[np.str_]
    split: NDArray[np.str_]
    reason: NDArray[np.str_]
    remarks: list[str]


def compiled(pattern: str | None) -> re.Pattern[str] | None:
    """The user's rule, checked; None: the folders say the words.

    Raises:
        UserError: no regular expression, or none that finds a word.
    """
    if pattern is None:
        return None
    if not isinstance(pattern, str):
        raise UserError(f"data.pattern: must be a regular expression or null, got {pattern}")
    try:
        found = re.compile(pattern)
    except re.error as error:
        raise UserError(f"data.pattern={pattern}: not a regular expression: {error}") from error
    if "label" not in found.groupindex:
        raise UserError(f"data.pattern={pattern}: has no group of the word: write (?P<label>…) around it")
    return found


def named(names: Sequence[str], pattern: re.Pattern[str] | None) -> Named:
    """The words of recordings by the user's rule, else by their folders.

    Args:
        names: inside the user's folder or archive.
        pattern: is searched in each name, with the groups ``label`` and perhaps ``speaker``.
    """
    return _by_folder(names) if pattern is None else _by_pattern(names, pattern)


def proposal(names: Sequence[str]) -> str:
    """A rule to copy, for names that say no word as they are; empty if none divides them into words."""
    for pattern in USUAL:
        words = [match["label"] for match in map(re.compile(pattern).search, names) if match]
        if len(words) == len(names) and 2 <= len(set(words)) <= max(len(names) // 2, 2):
            return f"data.pattern='{pattern}'"
    return ""


def _by_pattern(names: Sequence[str], pattern: re.Pattern[str]) -> Named:
    matches = [pattern.search(name) for name in names]
    found = [match.groupdict() if match else {} for match in matches]
    word = np.array([class_name(groups.get("label") or "") for groups in found], str)
    return Named(
        word=word,
        speaker=np.array([class_name(groups.get("speaker") or "") for groups in found], str),
        split=np.full(len(names), "", "<U5"),
        reason=np.where(word == "", NO_MATCH, ""),
        remarks=[],
    )


def _by_folder(names: Sequence[str]) -> Named:
    placed = layout_of(names)
    word, reason = placed.label.copy(), np.where(placed.label == "", NO_FOLDER, "").astype("<U50")
    for noise in _backgrounds(word):
        reason[word == noise] = NO_WORD
        word[word == noise] = ""
    remarks = list(placed.notes)
    words = np.unique(word[word != ""]).tolist()
    if words:
        more = ", …" if len(words) > SHOWN else ""
        remarks.append(f"words by folder: {len(words):,} ({', '.join(words[:SHOWN])}{more})")
    return Named(word, np.full(len(names), "", "<U1"), placed.split, reason, remarks)


def is_background(folder: str) -> bool:
    """Whether a folder is named as Speech Commands names what is no word."""
    return folder.startswith("_") and folder.endswith("_")


def _backgrounds(word: NDArray[np.str_]) -> list[str]:
    """Folders such as ``_background_noise_``: named in underscores, and of few recordings beside the words.

    ``_silence_`` and ``_unknown_``, of as many recordings as a word, are words to be learned.
    """
    words, counts = np.unique(word[word != ""], return_counts=True)
    framed = np.array([is_background(name) for name in words], bool)
    if not framed.any() or framed.all():
        return []
    few = counts < np.median(counts[~framed]) / 5
    return words[framed & few].tolist()

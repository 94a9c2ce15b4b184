"""Word, speaker and official split of recordings, from their names."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.errors import UserError
from shared.files import class_name, layout_of

NO_FOLDER = "not in a folder named by a word"
NO_MATCH = "name does not match data.pattern"
BACKGROUND = "folder in underscores, not a word"
MAX_WORDS = 8  # in a remark
# Patterns to propose: the first that divides all names into a few words.
COMMON_PATTERNS = (
    r"(?P<label>[^/]+)/[^/]+$",
    r"(?P<label>[^/_]+)_(?P<speaker>[^/_]+)_[^/]*$",
    r"(?P<label>[^/_]+)_[^/]*$",
    r"(?P<speaker>[^/_]+)_(?P<label>[^/_]+)\.\w+$",
    r"(?P<label>[^/-]+)-[^/]*$",
    r"(?P<label>[^\W\d]+)[^/]*$",
)


class Labels(NamedTuple):
    """The labels of N recordings.

    Attributes:
        word: (N,) in Unicode's composed form (NFC); empty if the name has none.
        speaker: (N,) empty if unknown.
        split: (N,) ``train``, ``val``, ``test``, or empty without an official split.
        reason: (N,) why a recording has no word; empty if it has one.
        remarks: lines for the summary.
    """

    word: NDArray[np.str_]
    speaker: NDArray[np.str_]
    split: NDArray[np.str_]
    reason: NDArray[np.str_]
    remarks: list[str]


def compile_pattern(pattern: str | None) -> re.Pattern[str] | None:
    """Compile ``data.pattern``.

    Raises:
        UserError: not a regular expression, or one without the group ``label``.
    """
    if pattern is None:
        return None
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UserError(f"data.pattern: must be a regular expression, got {pattern}; {error}") from error
    if "label" not in compiled.groupindex:
        raise UserError(f"data.pattern: must have a group (?P<label>…) around the word, got {pattern}")
    return compiled


def labels_of(names: Sequence[str], pattern: re.Pattern[str] | None) -> Labels:
    """Labels by the user's pattern, else by folder.

    Args:
        names: inside the user's folder or archive.
        pattern: is searched in each name, with the group ``label`` and perhaps ``speaker``.
    """
    return _by_folder(names) if pattern is None else _by_pattern(names, pattern)


def propose_pattern(names: Sequence[str]) -> str:
    """A value of ``data.pattern`` that divides all names into words; empty if none does."""
    for pattern in COMMON_PATTERNS:
        words = [match["label"] for match in map(re.compile(pattern).search, names) if match]
        if len(words) == len(names) and 2 <= len(set(words)) <= max(len(names) // 2, 2):
            return f"data.pattern='{pattern}'"
    return ""


def _by_pattern(names: Sequence[str], pattern: re.Pattern[str]) -> Labels:
    groups = [match.groupdict() if match else {} for match in map(pattern.search, names)]
    word, speaker = (
        np.array([class_name(group.get(key) or "") for group in groups], str) for key in ("label", "speaker")
    )
    return Labels(word, speaker, np.full(len(names), "", "<U5"), np.where(word == "", NO_MATCH, ""), [])


def _by_folder(names: Sequence[str]) -> Labels:
    layout = layout_of(names)
    word = layout.label.copy()
    background = np.isin(word, _backgrounds(word))
    reason = np.select([word == "", background], [NO_FOLDER, BACKGROUND], "")
    word[background] = ""
    remarks = list(layout.notes)
    words = np.unique(word[word != ""]).tolist()
    if words:
        more = ", …" if len(words) > MAX_WORDS else ""
        remarks.append(f"words by folder: {len(words):,} ({', '.join(words[:MAX_WORDS])}{more})")
    return Labels(word, np.full(len(names), "", "<U1"), layout.split, reason, remarks)


def is_background(folder: str) -> bool:
    """Whether a folder is named like the background noise of Speech Commands."""
    return folder.startswith("_") and folder.endswith("_")


def _backgrounds(word: NDArray[np.str_]) -> list[str]:
    """Folders such as ``_background_noise_``: named in underscores, with few recordings beside the words.

    ``_silence_`` and ``_unknown_``, with as many recordings as a word, are words.
    """
    words, counts = np.unique(word[word != ""], return_counts=True)
    framed = np.array([is_background(name) for name in words], bool)
    if not framed.any() or framed.all():
        return []
    return words[framed & (counts < np.median(counts[~framed]) / 5)].tolist()

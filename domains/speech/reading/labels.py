"""Word, speaker and official split of recordings, from their names."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.errors import UserError
from shared.files import class_name, layout_of, listed

NO_FOLDER = "not in a folder named by a word"
NO_MATCH = "name does not match data.pattern"
BACKGROUND = "folder in underscores, not a word"
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
    """The labels of N recordings."""

    word: NDArray[np.str_]  # (N,) in Unicode's composed form (NFC)
    speaker: NDArray[np.str_]  # (N,) empty if unknown
    split: NDArray[np.str_]  # (N,) train, val, test, or empty without an official split
    reason: NDArray[np.str_]  # (N,) why a recording has no word; empty if it has one
    remarks: list[str]  # for the summary


def regex(key: str, pattern: str) -> re.Pattern[str]:
    """Compile the value of a key, or raise a ``UserError``."""
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UserError(f"{key}: must be a regular expression, got {pattern}; {error}") from error


def compile_pattern(pattern: str | None, group: str = "label") -> re.Pattern[str] | None:
    """Compile ``data.pattern``, or raise a ``UserError``: it must have the group ``label`` or ``speaker``."""
    compiled = None if pattern is None else regex("data.pattern", pattern)
    if compiled and group not in compiled.groupindex:
        what = {"label": "word"}.get(group, group)
        raise UserError(f"data.pattern: must have a group (?P<{group}>…) around the {what}, got {pattern}")
    return compiled


def labels_of(names: Sequence[str], pattern: re.Pattern[str] | None) -> Labels:
    """Labels by the user's pattern with the group ``label`` and perhaps ``speaker``, else by folder."""
    none = np.full(len(names), "", "<U5")
    if pattern:
        groups = [match.groupdict() if match else {} for match in map(pattern.search, names)]
        word, speaker = (
            np.array([class_name(group.get(key) or "") for group in groups], str)
            for key in ("label", "speaker")
        )
        return Labels(word, speaker, none, np.where(word == "", NO_MATCH, ""), [])
    layout = layout_of(names)
    word, remarks = layout.label, list(layout.notes)
    reason = np.select([word == "", _in_background(word)], [NO_FOLDER, BACKGROUND], "")
    if words := np.unique(word[reason == ""]).tolist():
        remarks.append(f"words by folder: {len(words):,} ({listed(words)})")
    return Labels(word, none, layout.split, reason, remarks)


def speakers_of(names: Sequence[str], pattern: re.Pattern[str] | None) -> Labels:
    """Speakers by the user's pattern with the group ``speaker``, else by folder; the words stay empty."""
    layout = layout_of(names, "speaker")
    none = np.full(len(names), "", "<U5")
    if pattern:
        speakers = labels_of(names, pattern).speaker
        official = layout.notes[: int((layout.split != "").any())]
        return Labels(none, speakers, layout.split, np.where(speakers == "", NO_MATCH, ""), official)
    remarks = list(layout.notes)
    if "" not in layout.label:
        known = np.unique(layout.label).tolist()
        remarks.append(f"speakers by folder: {len(known):,} ({listed(known)})")
    return Labels(none, layout.label, layout.split, none, remarks)


def propose_pattern(names: Sequence[str]) -> str:
    """A value of ``data.pattern`` that divides all names into words, or what to write where none does."""
    for pattern in COMMON_PATTERNS:
        words = [match["label"] for match in map(re.compile(pattern).search, names) if match]
        if len(words) == len(names) and 2 <= len(set(words)) <= max(len(names) // 2, 2):
            return f"data.pattern='{pattern}'"
    return "data.pattern='(?P<label>…)' with a regular expression for the word"


def is_background(folder: str) -> bool:
    """Whether a folder is named like the background noise of Speech Commands."""
    return folder.startswith("_") and folder.endswith("_")


def _in_background(word: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Recordings in folders such as ``_background_noise_``, with few recordings beside the words.

    ``_silence_`` and ``_unknown_``, with as many recordings as a word, are words.
    """
    words, counts = np.unique(word[word != ""], return_counts=True)
    framed = np.array([is_background(name) for name in words], bool)
    if framed.all():
        return np.zeros(len(word), bool)
    return np.isin(word, words[framed & (counts < np.median(counts[~framed]) / 5)])

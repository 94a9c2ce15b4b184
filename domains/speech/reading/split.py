"""Splits by official lists, else by speaker, so that no voice is in two splits."""

import hashlib
import math
from collections import Counter
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from domains.speech.reading.clips import Clips
from domains.speech.reading.labels import regex
from shared.errors import UserError, require_int
from shared.files import listed
from shared.training import Fractions, check_fractions

MIN_SPEAKERS = 3  # for a split by speaker: one to train, one to validate, one to test

Names = NDArray[np.str_]  # (C,) train, val or test


class Official(TypedDict, total=False):
    """Regular expressions that are searched in file names: the clips of each official set."""

    val: str | None
    test: str | None


class Splitter:
    """Assigns clips to splits.

    A test speaker or a fold overrides the official test set; validation stays official. Clips without an
    official split are divided by ``fractions``: by speaker, or by file if there are fewer than three.

    Args:
        official: regular expressions ``test``, ``val`` or both. None: folders named like splits are official.
        test_speaker: regular expression; speakers whose whole name matches are the test set.
        fold: index of the part of the speakers that is the test set.
        folds: number of parts; None: one per speaker (leave one speaker out).
        fractions: shares ``val`` and ``test`` of the speakers; with test speakers, ``val`` of the others.

    Raises:
        UserError: a value that no data can fit.
    """

    def __init__(
        self,
        *,
        official: Official | None,
        test_speaker: str | None,
        fold: int | None,
        folds: int | None,
        fractions: Fractions,
    ):
        sets = official or Official()
        patterns = {"val": sets.get("val"), "test": sets.get("test")}  # of both, test counts
        self.patterns = {
            key: regex(f"data.official.{key}", text) for key, text in patterns.items() if text is not None
        }
        if official is not None and not self.patterns:
            raise UserError(f"data.official: must have test, val or both as keys, got {official}")
        self.test_speaker = None if test_speaker is None else regex("data.test_speaker", test_speaker)
        if test_speaker is not None and fold is not None:
            raise UserError(f"data.fold: must be null beside data.test_speaker={test_speaker}, got {fold}")
        if folds is not None and fold is None:
            raise UserError(f"data.fold: must be set beside data.folds={folds}, got null")
        for key, value, low in (("folds", folds, 2), ("fold", fold, 0)):
            if value is not None:
                require_int(f"data.{key}", value, low)
        check_fractions(fractions)
        self.fold, self.folds, self.fractions = fold, folds, fractions

    @property
    def by_speaker(self) -> bool:
        """Whether the test set is chosen by speaker, whatever is official."""
        return self.test_speaker is not None or self.fold is not None

    def split(self, clips: Clips) -> tuple[Names, list[str]]:
        """The split of each clip, and lines for the summary.

        Raises:
            UserError: the speakers are unknown or too few, or a pattern matches nothing.
        """
        known = "" not in clips.speaker
        names, official = self._official(clips)
        remarks = []
        if self.patterns and (clips.split != "").any():
            remarks.append("data.official overrides the folders that are named like splits")
        if self.by_speaker:
            if not known:
                raise UserError(
                    "data.test_speaker, data.fold: the speakers are unknown; give data.pattern=… with a "
                    "group (?P<speaker>…) that finds them in the file names"
                )
            names = self._leave_out(clips, names if "val" in official else None)
        elif official != {"val", "test"}:
            rest = np.flatnonzero(names == "train")
            by_speaker = known and len(np.unique(clips.speaker[rest])) >= MIN_SPEAKERS
            shares = {key: 0.0 if key in official else self.fractions[key] for key in ("val", "test")}
            names[rest] = _divide(clips, rest, by_speaker, **shares)
            if known and not by_speaker and (names == "train").any():
                remarks.append(
                    f"fewer than {MIN_SPEAKERS} speakers to divide: split by file, so no new voice is tested"
                )
        return names, [*_described(clips, names), *remarks]

    def _official(self, clips: Clips) -> tuple[Names, set[str]]:
        """The official split, ``train`` elsewhere; and which of val and test are official."""
        if not self.patterns:
            names = np.where(clips.split == "", "train", clips.split).astype("<U5")
            return names, set(names.tolist()) - {"train"}
        names = np.full(len(clips.name), "train", "<U5")
        for key, pattern in self.patterns.items():
            matches = [pattern.search(name) is not None for name in clips.name]
            if not any(matches):
                raise UserError(
                    f"data.official.{key}: must match some file names, got {pattern.pattern}; the first is "
                    f"{clips.name[0]}"
                )
            names[matches] = key
        return names, set(self.patterns)

    def _leave_out(self, clips: Clips, official: Names | None) -> Names:
        """Test the chosen speakers.

        The next speakers in the alphabet validate, so that over all folds each speaker does; with an official
        validation set, its clips of the other speakers do.
        """
        speakers = np.unique(clips.speaker)
        if self.test_speaker is None:
            folds = self.folds or len(speakers)
            require_int("data.fold", self.fold, 0, folds - 1)
            require_int("data.folds", folds, min(2, len(speakers)), len(speakers))
            tested = np.arange(len(speakers)) % folds == self.fold
        else:
            tested = np.array([self.test_speaker.fullmatch(name) is not None for name in speakers])
            if not tested.any():
                known, pattern = listed(speakers.tolist(), 20), self.test_speaker.pattern
                raise UserError(f"data.test_speaker: must match one of the speakers {known}, got {pattern}")
        others = speakers[~tested]
        if len(others) < 2:
            raise UserError(
                f"data.test_speaker, data.fold: must leave 2 speakers for train and val, got {len(others)}"
            )
        if official is not None:
            val = official == "val"
        else:
            after = int(np.searchsorted(others, speakers[tested][-1]))
            count = min(max(round(self.fractions["val"] * len(others)), 1), len(others) - 1)
            val = np.isin(clips.speaker, np.roll(others, -after)[:count])
        return np.select([np.isin(clips.speaker, speakers[tested]), val], ["test", "val"], "train")


def _divide(clips: Clips, rest: NDArray[np.int64], by_speaker: bool, *, val: float, test: float) -> Names:
    """Divide the clips ``rest`` by a hash of the speaker or of the samples, so that copies stay together.

    Unless nothing is left to train on, each word keeps a speaker or sound in training.
    """
    keys = clips.speaker if by_speaker else clips.identity.astype(str)
    groups, group = np.unique(keys[rest], return_inverse=True)
    words: list[set[str]] = [set() for _ in groups]
    for number, word in zip(group, clips.label[rest], strict=True):
        words[number].add(str(word))
    left = Counter(word for own in words for word in own)
    tests, vals = math.ceil(test * len(groups)), math.ceil(val * len(groups))
    names = np.full(len(groups), "train", "<U5")
    taken = 0
    hashes = [hashlib.blake2b(str(key).encode(), digest_size=8).digest() for key in groups]
    for number in sorted(range(len(groups)), key=hashes.__getitem__):
        if taken == tests + vals:
            break
        if val + test < 1 and any(left[word] == 1 for word in words[number]):
            continue
        left.subtract(words[number])
        names[number] = "test" if taken < tests else "val"
        taken += 1
    return names[group]


def _described(clips: Clips, names: Names) -> list[str]:
    """The size of each split, and which speakers are in more than one."""
    labels, speakers = clips.label, clips.speaker
    voices = {name: set(speakers[names == name].tolist()) for name in ("train", "val", "test")}
    known = "" not in speakers
    sizes = []
    for name, own in voices.items():
        size = f"{(names == name).sum():,} {name}"
        if known:
            size += f" of {len(own):,} speaker{'s' * (len(own) != 1)}"
            size += f" ({', '.join(sorted(own))})" * (name != "train" and 0 < len(own) <= 3)
        sizes.append(size)
    lines = [f"clips: {', '.join(sizes)}"]
    if not known:
        return [*lines, "speakers unknown: split by file, so a voice may be in several splits"]
    if shared := voices["test"] & voices["train"]:
        lines.append(f"{len(shared)} of {len(voices['test'])} test speakers are also training speakers")
    elif voices["val"] & voices["train"]:
        lines.append("validation speakers are also training speakers; test speakers are not")
    if len(voices["test"]) == 1:
        lines.append("one test speaker: intervals are over the clips, not over speakers")
    single = [word for word in np.unique(labels) if len(set(speakers[labels == word])) == 1]
    if single and len(np.unique(speakers)) > 1:
        lines.append(f"words of one speaker only: {', '.join(single)}")
    return lines

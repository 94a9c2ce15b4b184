"""Split and class of files by the folders above them."""

import unicodedata
from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from shared.errors import UserError

TRAIN, VAL, TEST = "train", "val", "test"
SPLITS = {  # the names that data sets give to their official splits, in any case
    **dict.fromkeys(("train", "training", "train_set", "trainset"), TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "development"), VAL),
    **dict.fromkeys(("test", "testing", "test_set", "testset", "eval", "evaluation"), TEST),
}


def listed(names: Sequence[str], most: int = 10) -> str:
    """The first names of a list, and how many there are if that is not all."""
    return ", ".join(names[:most]) + f", … {len(names):,} in all" * (len(names) > most)


def class_name(text: str) -> str:
    """A label as one name: composed (NFC, as macOS does not write it), without spaces around it."""
    return unicodedata.normalize("NFC", text).strip()


class Layout(NamedTuple):
    """Split and class of N files by their folders.

    Attributes:
        split: (N,) ``train``, ``val``, ``test``, or empty where no folder says it.
        label: (N,) the class, composed (NFC); empty for a file that lies in no class's folder.
        notes: remarks for the summary: folders taken for official splits, levels that were ignored.
    """

    split: np.ndarray
    label: np.ndarray
    notes: list[str]


def layout_of(names: Sequence[str], what: str = "class") -> Layout:
    """Read the folders of files: ``[…/][SPLIT/]CLASS/file`` or ``[…/]CLASS/SPLIT/file``.

    A folder named like a split (``Training``, ``valid``, …) is one where the folders beside it are splits
    too; alone beside other classes it is a class of that name, such as trains. The class is the last folder
    (or the last that differs, of ``CLASS/images/file``); other levels are dropped and named.

    Args:
        names: of the files, inside the user's folder or archive, with ``/``.
        what: the last folder says, for the notes.
    """
    places = [name.rpartition("/")[0] for name in names]
    folders_of = {place: tuple(map(class_name, PurePosixPath(place).parts)) for place in {*places}}
    parents = [folders_of[place] for place in places]
    level, splits = _splits(parents)
    pairs = list(zip(parents, splits, strict=True))
    taken = {f"{folders[level]}/ is {split}" for folders, split in pairs if split}
    rests = [folders[:level] + folders[level + 1 :] if split else folders for folders, split in pairs]
    varying = {place for place, column in enumerate(zip_longest(*rests)) if len(set(column)) > 1}
    uniform = len({len(folders) for folders in rests}) == 1
    if taken and not varying and all(len(folders) == level for folders in rests):
        rests = [() for _ in rests]  # no folder between the split's and the files
    labels = []
    ignored: set[str] = set()
    for folders in rests:
        place = max(varying) if uniform and varying else len(folders) - 1
        labels.append(folders[place] if folders else "")
        ignored |= {f"{part}/" for i, part in enumerate(folders) if i != place and i in varying}
    parts = {"official splits by folder": taken, f"folder levels that say no {what}, ignored": ignored}
    notes = [f"{title}: {listed(sorted(folders))}" for title, folders in parts.items() if folders]
    return Layout(np.array(splits, "<U5"), np.array(labels, str), notes)


def _splits(parents: list[tuple[str, ...]]) -> tuple[int, list[str]]:
    """The level of folders that names splits, of several the one that names most; and each file's split."""
    best, most = (0, [""] * len(parents)), 0
    for level, column in enumerate(zip_longest(*parents, fillvalue="")):
        splits = [SPLITS.get(name.casefold(), "") for name in column]
        others = {name for name, split in zip(column, splits, strict=True) if name and not split}
        named = {*splits} - {""}
        beside = any(  # test/cat/ beside cat/
            split and folders[-1] in others and len(folders) > level + 1
            for folders, split in zip(parents, splits, strict=True)
        )
        if len(named) > most and (not others or len(named) > 1 or beside):
            best, most = (level, splits), len(named)
    return best


def official_splits(split: np.ndarray, where: Callable[[int], str]) -> set[str]:
    """The official splits among those (N,) of a ``Layout``.

    Args:
        split: of each example; a ``UserError`` where some have one, and others none.
        where: the place of an example, for errors.
    """
    official = {*split.tolist()} - {""}
    if official and "" in split:
        place = where(int(np.argmax(split == "")))
        raise UserError(f"{place}: must be in one of {listed(sorted(official))}, like the others; move it")
    return official

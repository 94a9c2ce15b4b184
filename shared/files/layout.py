"""Split and class of files by the folders above them."""

import unicodedata
from collections.abc import Callable, Sequence
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


def layout_of(names: Sequence[str]) -> Layout:
    """Read the folders of files: ``[…/][SPLIT/]CLASS/file`` or ``[…/]CLASS/SPLIT/file``.

    A folder named like a split (``Training``, ``valid``, …) is one where the folders beside it are splits
    too; alone beside other classes it is a class of that name, such as trains. The class is the last folder
    (or the last that differs, of ``CLASS/images/file``); other levels are dropped and named.

    Args:
        names: of the files, inside the user's folder or archive, with ``/``.
    """
    parents = [tuple(class_name(part) for part in PurePosixPath(name).parts[:-1]) for name in names]
    level = _split_level(parents)
    splits, rests = [], []
    taken: set[str] = set()
    for folders in parents:
        split = _split_at(folders, level)
        splits.append(split)
        if split:
            assert level is not None
            taken.add(f"{folders[level]}/ is {split}")
            folders = folders[:level] + folders[level + 1 :]
        rests.append(folders)
    varying = _varying(rests)
    uniform = len({len(folders) for folders in rests}) == 1
    if level is not None and not varying and all(len(folders) == level for folders in rests):
        rests = [() for _ in rests]  # no folder between the split's and the files
    labels = []
    ignored: set[str] = set()
    for folders in rests:
        place = max(varying) if uniform and varying else len(folders) - 1
        labels.append(folders[place] if folders else "")
        ignored |= {f"{part}/" for i, part in enumerate(folders) if i != place and i in varying}
    parts = {"official splits by folder": taken, "folder levels that say no class, ignored": ignored}
    notes = [f"{title}: {listed(sorted(folders))}" for title, folders in parts.items() if folders]
    return Layout(np.array(splits, "<U5"), np.array(labels, str), notes)


def _split_at(folders: tuple[str, ...], level: int | None) -> str:
    """The split that a file's folder at a level names; empty if it names none."""
    return "" if level is None or level >= len(folders) else SPLITS.get(folders[level].casefold(), "")


def _split_level(parents: list[tuple[str, ...]]) -> int | None:
    """The level of folders that names splits; of several the one that names most."""
    best, most = None, 0
    for level in range(max(map(len, parents), default=0)):
        here = {folders[level] for folders in parents if level < len(folders)}
        others = {name for name in here if name.casefold() not in SPLITS}
        named = {_split_at(folders, level) for folders in parents} - {""}
        beside = any(  # test/cat/ beside cat/
            _split_at(folders, level) and folders[-1] in others and len(folders) > level + 1
            for folders in parents
        )
        if len(named) > most and (not others or len(named) > 1 or beside):
            best, most = level, len(named)
    return best


def _varying(parents: list[tuple[str, ...]]) -> set[int]:
    """The levels at which files lie in different folders."""
    depth = max(map(len, parents), default=0)
    return {
        level
        for level in range(depth)
        if len({folders[level] if level < len(folders) else None for folders in parents}) > 1
    }


def official_splits(split: np.ndarray, where: Callable[[int], str]) -> set[str]:
    """The official splits among those of N examples.

    Args:
        split: (N,) as in ``Layout``.
        where: the place of an example, for errors.

    Raises:
        UserError: some examples have an official split, and others none.
    """
    official = {*split.tolist()} - {""}
    if official and "" in split:
        place = where(int(np.argmax(split == "")))
        raise UserError(f"{place}: must be in one of {listed(sorted(official))}, like the others; move it")
    return official

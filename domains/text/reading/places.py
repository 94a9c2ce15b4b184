"""Which split and which class the places and names of a folder's text files say."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from shared.files import DOCUMENTS, SPLITS, TRAIN, Layout, layout_of

UNLABELLED = {"unsup", "unsupervised", "unlabeled", "unlabelled"}  # folders of sentences without a class

# Why a file is skipped that is no part of the data.
DOCUMENT, WITHOUT_LABELS, BESIDE_TABLES = "document", "without labels", "beside tables"
IN_NO_CLASS = "in no class's folder"
NO_DATA = {DOCUMENT, WITHOUT_LABELS, BESIDE_TABLES, IN_NO_CLASS}


class Places(NamedTuple):
    """What the names of N files say.

    Attributes:
        split: of each, ``train``, ``val``, ``test`` or "".
        label: of each, its class; "" where its lines or rows say it.
        skipped: of each, why it is not used; "" where it is.
        notes: remarks for the summary.
    """

    split: list[str]
    label: list[str]
    skipped: list[str]
    notes: list[str]


def no_data(name: str) -> str:
    """Why a file is no part of labelled data, by its place and name; "": it may be one."""
    path = PurePosixPath(name)
    if DOCUMENTS.fullmatch(path.name):
        return DOCUMENT
    return WITHOUT_LABELS if UNLABELLED & {part.casefold() for part in path.parts[:-1]} else ""


def places(names: Sequence[str], tables: Sequence[bool]) -> Places:
    """How the files of a folder or archive belong together.

    Of tables the rows say the class. Of other files the folders are the classes or, where there are no two,
    the files (``pos.txt``, ``train/neg.txt``); of a single file, and of files that are named like splits, the
    lines say it. Splits are folders, or named by the files (``train.csv``, ``test_pos.txt``).

    Args:
        names: of the files, inside the folder or archive.
        tables: which of them are tables.
    """
    found = Places([""] * len(names), [""] * len(names), [""] * len(names), [])
    rows = [row for row, table in enumerate(tables) if table]
    if rows:
        placed = layout_of(_with_splits([names[row] for row in rows]))
        found.notes.extend(note for note in placed.notes if "splits" in note)
        for row, split in zip(rows, placed.split, strict=True):
            found.split[row] = str(split)
    others = [row for row, table in enumerate(tables) if not table]
    if others:
        placed, classes = _files([names[row] for row in others])
        for row, split, label in zip(others, placed.split, placed.label, strict=True):
            found.split[row], found.label[row] = str(split), str(label)
            if rows and not classes:
                found.skipped[row] = BESIDE_TABLES
            elif not label and classes:
                found.skipped[row] = IN_NO_CLASS
        found.notes.extend(note for note in placed.notes if note not in found.notes)
    return found


def _files(names: Sequence[str]) -> tuple[Layout, bool]:
    """The splits and classes of files that are no tables, and whether there are classes at all."""
    depths = np.array([name.count("/") for name in names])
    usual = max(Counter(depths.tolist()).items(), key=lambda item: item[::-1])[0]
    chosen = depths >= usual  # what lies above the classes' folders is none of them
    base = _with_splits([name for name, each in zip(names, chosen, strict=True) if each])
    placed = layout_of(base)
    if _classes(placed) < 2:
        placed = layout_of([f"{PurePosixPath(name).with_suffix('')}/-" for name in base])
    split = np.full(len(names), "", placed.split.dtype)
    label = np.full(len(names), "", placed.label.dtype)
    split[chosen] = placed.split
    if _classes(placed) < 2:
        return Layout(split, label, [note for note in placed.notes if "splits" in note]), False
    label[chosen] = placed.label
    return Layout(split, label, placed.notes), True


def _classes(placed: Layout) -> int:
    return len({*placed.label.tolist()} - {""})


def _with_splits(names: Sequence[str]) -> Sequence[str]:
    """The names, with folders for the splits that they say, as in ``train_pos.txt``, if all of them do."""
    if any(layout_of(names).split):
        return names
    changed, found = [], set()
    for name in names:
        path = PurePosixPath(name)
        words = re.split(r"[-_. ]+", path.stem)
        splits = [word for word in words if word.casefold() in SPLITS]
        if len(splits) != 1:
            return names
        rest = "_".join(word for word in words if word != splits[0]) or "-"
        changed.append((path.parent / splits[0] / rest).as_posix())
        found.add(SPLITS[splits[0].casefold()])
    return changed if TRAIN in found and len(found) > 1 else names

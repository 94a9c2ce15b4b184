"""Splits and classes of text files by their folders and names."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from shared.files import DOCUMENTS, SPLITS, TRAIN, Layout, layout_of

UNLABELLED = {"unsup", "unsupervised", "unlabeled", "unlabelled"}  # folders of sentences without labels

# Reasons for skipping files that are not part of the data.
DOCUMENT, WITHOUT_LABELS, BESIDE_TABLES = "document", "without labels", "beside tables"
IN_NO_CLASS = "not in a class's folder"
NOT_DATA = {DOCUMENT, WITHOUT_LABELS, BESIDE_TABLES, IN_NO_CLASS}


class Places(NamedTuple):
    """The splits and classes in the names of N files.

    Attributes:
        split: of each file, ``train``, ``val``, ``test`` or "".
        label: of each file, its class; "" if its lines or rows hold the labels.
        skipped: of each file, why it is skipped; "" if it is used.
        notes: remarks for the summary.
    """

    split: list[str]
    label: list[str]
    skipped: list[str]
    notes: list[str]


def reason_not_data(name: str) -> str:
    """Why a file is not part of labelled data, by its name; "" if it may be."""
    path = PurePosixPath(name)
    if DOCUMENTS.fullmatch(path.name):
        return DOCUMENT
    return WITHOUT_LABELS if UNLABELLED & {part.casefold() for part in path.parts[:-1]} else ""


def places_of(names: Sequence[str], is_table: Sequence[bool]) -> Places:
    """Splits and classes of the files of a folder or archive.

    The rows of tables hold the class. Of other files, folders are the classes or, without two folders, files
    (``pos.txt``, ``train/neg.txt``); the lines of a single file, and of files named like splits, hold the
    class. Splits are folders, or parts of file names (``train.csv``, ``test_pos.txt``).

    Args:
        names: of the files, inside the folder or archive.
        is_table: which files are tables.
    """
    places = Places([""] * len(names), [""] * len(names), [""] * len(names), [])
    tables = [index for index, table in enumerate(is_table) if table]
    if tables:
        layout = layout_of(_with_splits([names[index] for index in tables]))
        places.notes.extend(note for note in layout.notes if "splits" in note)
        for index, split in zip(tables, layout.split, strict=True):
            places.split[index] = str(split)
    others = [index for index, table in enumerate(is_table) if not table]
    if others:
        layout, has_classes = _layout_of_texts([names[index] for index in others])
        for index, split, label in zip(others, layout.split, layout.label, strict=True):
            places.split[index], places.label[index] = str(split), str(label)
            if tables and not has_classes:
                places.skipped[index] = BESIDE_TABLES
            elif not label and has_classes:
                places.skipped[index] = IN_NO_CLASS
        places.notes.extend(note for note in layout.notes if note not in places.notes)
    return places


def _layout_of_texts(names: Sequence[str]) -> tuple[Layout, bool]:
    """The splits and classes of files that are not tables, and whether there are classes."""
    depths = np.array([name.count("/") for name in names])
    usual = max(Counter(depths.tolist()).items(), key=lambda item: item[::-1])[0]
    chosen = depths >= usual  # files above the classes' folders belong to no class
    base = _with_splits([name for name, deep in zip(names, chosen, strict=True) if deep])
    layout = layout_of(base)
    if _classes(layout) < 2:
        layout = layout_of([f"{PurePosixPath(name).with_suffix('')}/-" for name in base])
    split = np.full(len(names), "", layout.split.dtype)
    label = np.full(len(names), "", layout.label.dtype)
    split[chosen] = layout.split
    if _classes(layout) < 2:
        return Layout(split, label, [note for note in layout.notes if "splits" in note]), False
    label[chosen] = layout.label
    return Layout(split, label, layout.notes), True


def _classes(layout: Layout) -> int:
    return len({*layout.label.tolist()} - {""})


def _with_splits(names: Sequence[str]) -> Sequence[str]:
    """The names with a folder for the split in file names such as ``train_pos.txt``, if all have one."""
    if any(layout_of(names).split):
        return names
    moved, splits = [], set()
    for name in names:
        path = PurePosixPath(name)
        words = re.split(r"[-_. ]+", path.stem)
        split_words = [word for word in words if word.casefold() in SPLITS]
        if len(split_words) != 1:
            return names
        rest = "_".join(word for word in words if word != split_words[0]) or "-"
        moved.append((path.parent / split_words[0] / rest).as_posix())
        splits.add(SPLITS[split_words[0].casefold()])
    return moved if TRAIN in splits and len(splits) > 1 else names

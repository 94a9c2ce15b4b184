"""Splits and classes of text files by their folders and names."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from shared.files import DOCUMENTS, SPLITS, TRAIN, layout_of

UNLABELLED = {"unsup", "unsupervised", "unlabeled", "unlabelled"}  # folders of sentences without labels


class Place(NamedTuple):
    """What the folders and the name of a file say.

    Attributes:
        split: ``train``, ``val``, ``test`` or "".
        label: the class; "" if lines or rows hold the labels.
        skipped: why the file is not part of the data; "" if it is.
    """

    split: str = ""
    label: str = ""
    skipped: str = ""


def reason_not_data(name: str) -> str:
    """Why a file is not part of labelled data, by its name; "" if it may be."""
    path = PurePosixPath(name)
    if DOCUMENTS.fullmatch(path.name):
        return "document"
    return "without labels" if UNLABELLED & {part.casefold() for part in path.parts[:-1]} else ""


def places_of(names: Sequence[str], is_table: Sequence[bool]) -> tuple[list[Place], list[str]]:
    """The places (N,) of the files of a folder or archive, and remarks for the summary.

    The rows of tables hold the class. Of other files, folders are the classes or, without two folders, files
    (``pos.txt``, ``train/neg.txt``); the lines of a single file, and of files named like splits, hold the
    class. Splits are folders, or parts of file names (``train.csv``, ``test_pos.txt``).

    Args:
        names: (N,) of the files, inside the folder or archive.
        is_table: (N,) which files are tables.
    """
    tables = layout_of(_with_splits([name for name, table in zip(names, is_table, strict=True) if table]))
    texts, notes = _places_of_texts([name for name, table in zip(names, is_table, strict=True) if not table])
    notes = [note for note in tables.notes if "splits" in note and note not in notes] + notes
    if len(tables.split) and not any(place.label for place in texts):
        texts = [place._replace(skipped="beside tables") for place in texts]
    of_tables, of_texts = map(Place, tables.split.tolist()), iter(texts)
    return [next(of_tables if table else of_texts) for table in is_table], notes


def _places_of_texts(names: Sequence[str]) -> tuple[list[Place], list[str]]:
    """The places of files that are not tables, and remarks."""
    depths = [name.count("/") for name in names]
    usual = max(Counter(depths).items(), key=lambda item: item[::-1], default=(0, 0))[0]
    # files above the classes' folders belong to no class
    inside = _with_splits([name for name, depth in zip(names, depths, strict=True) if depth >= usual])
    layout = layout_of(inside)
    if len({*layout.label} - {""}) < 2:
        layout = layout_of([f"{PurePosixPath(name).with_suffix('')}/-" for name in inside])
    has_classes = len({*layout.label} - {""}) > 1
    rows = zip(layout.split.tolist(), layout.label.tolist(), strict=True)
    places = []
    for depth in depths:
        split, label = next(rows) if depth >= usual else ("", "")
        skipped = "not in a class's folder" if has_classes and not label else ""
        places.append(Place(split, label if has_classes else "", skipped))
    return places, [note for note in layout.notes if has_classes or "splits" in note]


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

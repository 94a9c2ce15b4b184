"""Splits and classes of text files by their folders and names."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from domains.text.reading.lines import label_name
from domains.text.reading.sentences import TextFile
from shared.files import DOCUMENTS, SPLITS, TRAIN, Inventory, layout_of

UNLABELLED = {"unsup", "unsupervised", "unlabeled", "unlabelled"}  # folders of sentences without labels


def reason_not_data(name: str) -> str:
    """Why a file is not part of labelled data, by its name; "" if it may be."""
    path = PurePosixPath(name)
    if DOCUMENTS.fullmatch(path.name):
        return "document"
    return "without labels" if UNLABELLED & {part.casefold() for part in path.parts[:-1]} else ""


def place_files(files: Sequence[TextFile], seen: Inventory) -> tuple[list[TextFile], list[str]]:
    """Set the split and the class of the files of a folder or archive.

    The rows of tables hold the class. Of other files, folders are the classes or, without two folders, files
    (``pos.txt``, ``train/neg.txt``); the lines of a single file, and of files named like splits, hold the
    class. Splits are folders, or parts of file names (``train.csv``, ``test_pos.txt``).

    Returns:
        The files that are part of the data, and remarks for the summary; ``seen`` notes the others.
    """
    tables = [file for file in files if file.is_table]
    layout = layout_of(_with_splits([file.name for file in tables]))
    for file, split in zip(tables, layout.split.tolist(), strict=True):
        file.split = split
    texts = [file for file in files if not file.is_table]
    notes = _place_texts(texts) if texts else []
    notes = [note for note in layout.notes if "splits" in note and note not in notes] + notes
    has_classes = any(file.label for file in texts)
    used = []
    for file in files:
        if file.is_table or file.label or not (has_classes or tables):
            used.append(file)
        else:
            seen.skip(file.name, "not in a class's folder" if has_classes else "beside tables")
    return used, notes


def _place_texts(files: Sequence[TextFile]) -> list[str]:
    """Set the split and the class of files that are not tables; remarks for the summary."""
    depths = [file.name.count("/") for file in files]
    usual = max(Counter(depths).items(), key=lambda item: item[::-1])[0]
    # files above the classes' folders belong to no class
    inside = [file for file, depth in zip(files, depths, strict=True) if depth >= usual]
    names = _with_splits([file.name for file in inside])
    layout = layout_of(names)
    if len({*layout.label} - {""}) < 2:
        layout = layout_of([f"{PurePosixPath(name).with_suffix('')}/-" for name in names])
    has_classes = len({*layout.label} - {""}) > 1
    for file, split, label in zip(inside, layout.split.tolist(), layout.label.tolist(), strict=True):
        file.split, file.label = split, label_name(label) if has_classes else ""
    return [note for note in layout.notes if has_classes or "splits" in note]


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

"""Names of classes as users write them, and whether they look like classes at all."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from shared.errors import UserError
from shared.files.archive import where
from shared.files.inventory import Inventory
from shared.files.layout import SPLITS, class_name, listed

FEW = 20  # with fewer examples, classes with a single one are not reported
DOCUMENTS = re.compile(r"(read.?me|licen[cs]e|changelog|copying|index|__macosx)(\.\w+)?", re.IGNORECASE)
SEPARATORS = "\t;|"


def check_classes(labels: Sequence[str] | np.ndarray, source: str, hint: str) -> list[str]:
    """Check whether guessed labels look like classes, before anything is trained.

    Args:
        labels: (N,) of all examples.
        source: the data, for errors.
        hint: how to say what the classes are, such as ``sort them as CLASS/picture.jpg``.

    Returns:
        Remarks for the summary.

    Raises:
        UserError: fewer than two classes, most with a single example, or a name that holds a separator of
            columns.
    """
    counts = Counter(class_name(label) for label in labels)
    classes = sorted(counts)
    if len(classes) < 2:
        only = f"{len(labels):,} examples of one, {classes[0][:60]!r}" if classes else "no examples"
        raise UserError(f"{source}: must have at least two classes, got {only}; {hint}")
    split = next((name for name in classes if any(mark in name for mark in SEPARATORS)), None)
    if split is not None:
        raise UserError(f"{source}: a class {split[:60]!r}, which looks like several columns; {hint}")
    single = [name for name in classes if counts[name] == 1]
    if len(labels) >= FEW and 2 * len(single) > len(classes) and len(classes) > 2:
        raise UserError(
            f"{source}: {len(classes):,} classes for {len(labels):,} examples, {len(single):,} of them with "
            f"a single one (such as {single[0][:40]!r}): these are hardly classes; {hint}"
        )
    remarks = [
        f"class {name!r} is named like a {'split' if name.casefold() in SPLITS else 'document'}: {hint}"
        for name in classes
        if name.casefold() in SPLITS or DOCUMENTS.fullmatch(name)
    ]
    if single and len(labels) >= FEW:
        remarks.append(f"{len(single):,} of {len(classes):,} classes have a single example: {listed(single)}")
    return remarks


def check_trained(labels: np.ndarray, splits: np.ndarray, source: str) -> None:
    """Refuse a split that leaves no two classes, or not all, to train on.

    Args:
        labels: (N,) of all examples.
        splits: (N,) ``train``, ``val``, ``test``, or "" for unused examples.
        source: the data, for errors.

    Raises:
        UserError: naming the classes.
    """
    trained = sorted({*labels[splits == "train"].tolist()})
    if len(trained) < 2:
        raise UserError(
            f"{source}: must have training examples of at least two classes, got {listed(trained) or 'none'}"
            "; add examples, or split them otherwise"
        )
    untrained = sorted({*labels[splits != ""].tolist()} - {*trained})
    if untrained:
        split = splits[(labels == untrained[0]) & (splits != "")][0]
        raise UserError(
            f"{source}: must have training examples of each class, got {untrained[0]!r} in {split} alone; "
            "add examples of it, remove the class, or split the examples otherwise"
        )


def number_classes(
    labels: Sequence[str], classes: Sequence[str], name: Callable[[str], str] = class_name
) -> np.ndarray:
    """The number int64 (N,) of each label among the classes, -1 for one that is none.

    Args:
        labels: (N,).
        classes: in the order of their numbers.
        name: what labels of one class have in common.
    """
    numbers = {name(each): number for number, each in enumerate(classes)}
    return np.array([numbers.get(name(label), -1) for label in labels], np.int64)


def known_classes(
    labels: Sequence[str], classes: Sequence[str], source: str, hint: str
) -> tuple[np.ndarray, list[str]]:
    """The number int64 (N,) of each label among a trained network's classes, and remarks for the summary.

    Raises:
        UserError: a label is no class: the network cannot predict it.
    """
    numbers = number_classes(labels, classes)
    unknown = sorted({label for label, number in zip(labels, numbers, strict=True) if number < 0})
    if unknown:
        raise UserError(
            f"{source}: must have classes of the run ({listed(classes)}), got {listed(unknown)} as well; "
            f"{hint}"
        )
    missing = [name for number, name in enumerate(classes) if number not in numbers]
    return numbers, [f"classes of the run without examples: {listed(missing)}"] if missing else []


def check_folders(
    seen: Inventory,
    path: Path,
    lost: Callable[[str], bool] = lambda reason: False,
    remedy: str = "",
    ignored: Collection[str] | Callable[[str], bool] = (),
) -> list[str]:
    """Remarks on folders of which no file is used.

    Args:
        seen: the files of the path.
        path: the user's folder or archive.
        lost: whether a reason means that an example was skipped: then a class would be missing.
        remedy: what to do about such reasons.
        ignored: names of folders that are no matter, or whether a name is one.

    Raises:
        UserError: a folder lost its examples.
    """
    is_ignored = ignored if callable(ignored) else ignored.__contains__
    unused = []
    for folder, reasons in seen.unused_folders().items():
        if is_ignored(class_name(PurePosixPath(folder).name)):
            continue
        counts = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
        if any(map(lost, reasons)):
            raise UserError(
                f"{where(path, folder)}: must hold usable files, got {counts}; {remedy}, or remove the "
                "folder: its class would be missing"
            )
        unused.append(f"{folder}/ ({counts})")
    return [f"folders without a usable file: {listed(unused)}"] if unused else []

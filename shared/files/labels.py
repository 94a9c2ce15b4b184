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

    Refused, by a ``UserError``, are fewer than two classes, classes most of which have a single example, and
    a name that holds a separator of columns.

    Args:
        labels: (N,) of all examples.
        source: the data, for errors.
        hint: how to say what the classes are, such as ``sort them as CLASS/picture.jpg``.

    Returns:
        Remarks for the summary.
    """
    counts = Counter(map(class_name, labels))
    classes = sorted(counts)
    columns = [name for name in classes if any(mark in name for mark in SEPARATORS)]
    single = [name for name in classes if counts[name] == 1]
    enough = len(labels) >= FEW
    problem = None
    if len(classes) < 2:
        only = f"{len(labels):,} examples of one, {classes[0][:60]!r}" if classes else "no examples"
        problem = f"must have at least two classes, got {only}"
    elif columns:
        problem = f"a class {columns[0][:60]!r}, which looks like several columns"
    elif enough and 2 * len(single) > len(classes) > 2:
        few = f"{len(single):,} of them with a single one (such as {single[0][:40]!r})"
        problem = f"{len(classes):,} classes for {len(labels):,} examples, {few}: these are hardly classes"
    if problem:
        raise UserError(f"{source}: {problem}; {hint}")
    kinds = {name: "split" if name.casefold() in SPLITS else "document" for name in classes}
    remarks = [
        f"class {name!r} is named like a {kind}: {hint}"
        for name, kind in kinds.items()
        if kind == "split" or DOCUMENTS.fullmatch(name)
    ]
    if single and enough:
        remarks.append(f"{len(single):,} of {len(classes):,} classes have a single example: {listed(single)}")
    return remarks


def check_trained(labels: np.ndarray, splits: np.ndarray, source: str) -> None:
    """Refuse a split that leaves no two classes, or not all, to train on, by a ``UserError``.

    Args:
        labels: (N,) of all examples.
        splits: (N,) ``train``, ``val``, ``test``, or "" for unused examples.
        source: the data, for errors.
    """
    trained = sorted({*labels[splits == "train"].tolist()})
    if len(trained) < 2:
        got = listed(trained) or "none"
        must = f"must have training examples of at least two classes, got {got}"
        raise UserError(f"{source}: {must}; add examples, or split them otherwise")
    for name in sorted({*labels[splits != ""].tolist()} - {*trained}):
        split = splits[(labels == name) & (splits != "")][0]
        must = f"must have training examples of each class, got {name!r} in {split} alone"
        remedy = "add examples of it, remove the class, or split the examples otherwise"
        raise UserError(f"{source}: {must}; {remedy}")


def number_classes(
    labels: Sequence[str], classes: Sequence[str], name: Callable[[str], str] = class_name
) -> np.ndarray:
    """The number int64 (N,) of each label among the classes, by what ``name`` makes of both; -1 for none."""
    numbers = {name(text): number for number, text in enumerate(classes)}
    return np.array([numbers.get(name(label), -1) for label in labels], np.int64)


def known_classes(
    labels: Sequence[str], classes: Sequence[str], source: str, hint: str
) -> tuple[np.ndarray, list[str]]:
    """The number int64 (N,) of each label among a trained network's classes, and remarks for the summary.

    A label that is no class, which the network cannot predict, is refused by a ``UserError``.
    """
    numbers = number_classes(labels, classes)
    unknown = sorted({label for label, number in zip(labels, numbers, strict=True) if number < 0})
    if unknown:
        must = f"must have classes of the run ({listed(classes)}), got {listed(unknown)} as well"
        raise UserError(f"{source}: {must}; {hint}")
    missing = [name for number, name in enumerate(classes) if number not in numbers]
    return numbers, [f"classes of the run without examples: {listed(missing)}"] if missing else []


def check_folders(
    seen: Inventory,
    path: Path,
    lost: Callable[[str], bool] = lambda reason: False,
    remedy: str = "",
    ignored: Collection[str] | Callable[[str], bool] = (),
) -> list[str]:
    """Remarks on folders of which no file is used; one that lost its examples is refused by a ``UserError``.

    Args:
        seen: the files of the path.
        path: the user's folder or archive.
        lost: whether a reason means that an example was skipped: then a class would be missing.
        remedy: what to do about such reasons.
        ignored: names of folders that are no matter, or whether a name is one.
    """
    is_ignored = ignored if callable(ignored) else ignored.__contains__
    unused = []
    for folder, reasons in seen.unused_folders().items():
        if is_ignored(class_name(PurePosixPath(folder).name)):
            continue
        counts = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
        if any(map(lost, reasons)):
            hint = f"{remedy}, or remove the folder: its class would be missing"
            raise UserError(f"{where(path, folder)}: must hold usable files, got {counts}; {hint}")
        unused.append(f"{folder}/ ({counts})")
    return [f"folders without a usable file: {listed(unused)}"] if unused else []

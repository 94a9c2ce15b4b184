"""Names of classes as users write them, and whether they look like classes at all."""

import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from shared.errors import UserError
from shared.files.layout import SPLITS, class_name

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
        UserError: one class, most classes with a single example, or a name that holds a separator of columns.
    """
    counts = Counter(class_name(label) for label in labels)
    classes = sorted(counts)
    if len(classes) == 1:
        raise UserError(f"{source}: must have at least two classes, got one, {classes[0][:60]!r}; {hint}")
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
        names = ", ".join(map(repr, single[:5]))
        remarks.append(f"{len(single):,} of {len(classes):,} classes have a single example: {names}")
    return remarks


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

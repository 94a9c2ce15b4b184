"""A short description of a run's data, with which a later command reports how they have changed."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from shared.config import check_value
from shared.errors import UserError
from shared.files import identity, read_json

FORM = 1  # of what follows: another form is not compared
FINGERPRINT = "data.json"  # in the run's folder
SHOWN = 10  # classes that are named


class Examples(TypedDict):
    """One split.

    Attributes:
        n: examples.
        held: digest of what they hold, in any order.
        labelled: digest of what they hold with the names of their classes, in any order.
        ordered: the same in the order in which they are read.
    """

    n: int
    held: NotRequired[str]
    labelled: NotRequired[str]
    ordered: NotRequired[str]


class Fingerprint(TypedDict):
    """The data as they were read, independent of their path and of the archive that holds them.

    Attributes:
        form: see FORM.
        classes: their names.
        splits: by name.
        fitted: entries of each list that was made from the training examples, such as the vocabulary.
    """

    form: int
    classes: list[str]
    splits: dict[str, Examples]
    fitted: dict[str, int]


def examples(
    held: NDArray[np.uint64] | None, y: NDArray[np.integer] | None, n: int, names: Sequence[str]
) -> Examples:
    """A split's part of the fingerprint.

    Args:
        held: (N,) for each example a number that stands for what it holds; None where there is none.
        y: (N,) the number of its class.
        n: examples.
        names: of the classes.
    """
    if held is None or y is None:
        return {"n": n}
    labels = np.array([identity(name.encode()) for name in names] or [0], np.uint64)[y]
    labelled = (held ^ labels) * np.uint64(0x9E3779B97F4A7C15) + labels
    return {
        "n": n,
        "held": _digest(np.sort(held)),
        "labelled": _digest(np.sort(labelled)),
        "ordered": _digest(labelled),
    }


def _digest(numbers: NDArray[np.uint64]) -> str:
    return blake2b(numbers.astype("<u8").tobytes(), digest_size=16).hexdigest()


def read_fingerprint(path: Path) -> Fingerprint | None:
    """The fingerprint in a run's folder; None where there is none, or one of another form.

    Raises:
        UserError: The file is broken, naming file and key.
    """
    if not path.is_file():
        return None
    try:
        return check_fingerprint(read_json(path))
    except UserError as error:
        raise UserError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from None


def check_fingerprint(stored: Any) -> Fingerprint | None:
    """Stored values as a fingerprint; None if they have another form.

    Raises:
        UserError: They are no fingerprint.
    """
    if not isinstance(stored, Mapping) or stored.get("form") != FORM:
        return None
    check_value(stored, Fingerprint, "data")
    return stored  # type: ignore[return-value]


def changes(before: Fingerprint, after: Fingerprint, *, in_order: bool) -> list[str]:
    """The differences between a run's data then and now, a few words each; empty if there are none.

    Args:
        before: when it was trained.
        after: now.
        in_order: whether another order of the same examples counts: it is that in which they are drawn.
    """
    differences = []
    for word, ours, theirs in (("added", after, before), ("removed", before, after)):
        names = [name for name in ours["classes"] if name not in theirs["classes"]]
        if names:
            more = f" and {len(names) - SHOWN} more" * (len(names) > SHOWN)
            differences.append(f"classes {word}: {', '.join(name[:40] for name in names[:SHOWN])}{more}")
    for name, now in after["splits"].items():
        if then := before["splits"].get(name):
            differences += [f"{name}: {words}" for words in _split_changes(then, now, in_order)]
    for name, entries in after["fitted"].items():
        if before["fitted"].get(name, entries) != entries:
            differences.append(f"{name}: {before['fitted'][name]:,} entries then, {entries:,} now")
    return differences


def _split_changes(then: Examples, now: Examples, in_order: bool) -> list[str]:
    if then["n"] != now["n"]:
        return [f"{then['n']:,} examples then, {now['n']:,} now"]
    for key, words in (
        ("held", "other examples"),
        ("labelled", "other labels"),
        ("ordered", "the same examples in another order"),
    ):
        if (key != "ordered" or in_order) and then.get(key) != now.get(key):
            return [f"{words} ({now['n']:,} as before)"]
    return []

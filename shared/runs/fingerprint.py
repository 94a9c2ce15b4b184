"""A short description of a run's data, with which a later command reports how they have changed."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from shared.config import check_value
from shared.files import identity

FORM = 1  # of what follows: another form is not compared
FINGERPRINT = "data.json"  # in the run's folder
SHOWN = 10  # classes that are named


class Examples(TypedDict):
    """One split: the number of its examples, and digests, see ``examples``."""

    n: int
    held: NotRequired[str]
    labelled: NotRequired[str]
    ordered: NotRequired[str]


class Fingerprint(TypedDict):
    """The data as they were read, independent of their path and of the archive that holds them."""

    form: int  # see FORM
    classes: list[str]  # names
    splits: dict[str, Examples]
    fitted: dict[str, int]  # entries of each list made from the training examples, such as the vocabulary


def examples(
    held: NDArray[np.uint64] | None, y: NDArray[np.integer] | None, n: int, names: Sequence[str]
) -> Examples:
    """A split's part: digests of what its N examples hold, of that with their labels, and of that in order.

    ``held`` (N,) are numbers that stand for what the examples hold, ``y`` (N,) their classes of these names;
    None: ``held`` stands for their labels, too.
    """
    if held is None:
        return {"n": n}
    y = np.zeros(n, np.int64) if y is None else y
    labels = np.array([identity(name.encode()) for name in names] or [0], np.uint64)[y]
    labelled = (held ^ labels) * np.uint64(0x9E3779B97F4A7C15) + labels
    digests = [
        blake2b(numbers.astype("<u8").tobytes(), digest_size=16).hexdigest()
        for numbers in (np.sort(held), np.sort(labelled), labelled)
    ]
    return {"n": n, "held": digests[0], "labelled": digests[1], "ordered": digests[2]}


def check_fingerprint(stored: Any) -> Fingerprint | None:
    """Stored values as a fingerprint; None if they have another form. A ``UserError`` if they are none."""
    if not isinstance(stored, Mapping) or stored.get("form") != FORM:
        return None
    check_value(stored, Fingerprint, "data")
    return stored  # type: ignore[return-value]


def changes(before: Fingerprint, after: Fingerprint, *, in_order: bool) -> list[str]:
    """The differences between a run's data when it was trained and now, a few words each.

    Another order of the same examples, in which they are drawn, counts if ``in_order``.
    """
    differences = []
    for word, ours, theirs in (("added", after, before), ("removed", before, after)):
        if names := [name[:40] for name in ours["classes"] if name not in theirs["classes"]]:
            more = f" and {len(names) - SHOWN} more" * (len(names) > SHOWN)
            differences.append(f"classes {word}: {', '.join(names[:SHOWN])}{more}")
    for name, now in after["splits"].items():
        then = before["splits"].get(name, now)
        if change := _split_change(then, now, in_order):
            differences.append(f"{name}: {change}")
    for name, entries in after["fitted"].items():
        if before["fitted"].get(name, entries) != entries:
            differences.append(f"{name}: {before['fitted'][name]:,} entries then, {entries:,} now")
    return differences


def _split_change(then: Examples, now: Examples, in_order: bool) -> str:
    if then["n"] != now["n"]:
        return f"{then['n']:,} examples then, {now['n']:,} now"
    kinds = {"held": "other examples", "labelled": "other labels"}
    if in_order:
        kinds["ordered"] = "the same examples in another order"
    kind = next((words for key, words in kinds.items() if key in then and then.get(key) != now.get(key)), "")
    return f"{kind} ({now['n']:,} as before)" if kind else ""

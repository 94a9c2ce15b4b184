"""Across tasks: what each design choice gains over the domain's own."""

from shared.compare.claims import Results
from shared.compare.spec import Comparison
from shared.compare.statistics import Estimate

CHOICES = ("slides along", "padding", "pooling")


def matrix(
    plan: Comparison, results: Results
) -> tuple[list[str], list[str], dict[tuple[str, str], Estimate | None]]:
    """The choices (rows), the tasks (columns), and each difference that was tried; None: the task's own.

    A task's own design is its first. Designs that differ from it in one choice alone are compared with it;
    for one that slides along nothing the other two choices have no meaning.
    """
    differences: dict[tuple[str, str], Estimate | None] = {}
    columns = []
    for task, settings in plan.tasks.items():
        first, *others = (results.get((task, design)) for design in settings.cells)
        tried: dict[tuple[str, str], Estimate | None] = {}
        for other in others:
            if not first or not other:
                continue
            differs = [key for key in CHOICES if first.facts[key] != other.facts[key]]
            if other.facts["slides along"] == "nothing":
                differs = differs[:1]
            if len(differs) == 1:
                key = differs[0]
                tried[_row(key, other.facts[key]), task] = other.against(first)
                tried[_row(key, first.facts[key]), task] = None
        if tried:
            columns.append(task)
            differences |= tried
    known = {row for row, _ in differences}
    order = [_row(key, value) for key, values in _VALUES.items() for value in values]
    rows = [row for row in order if row in known]
    return rows, columns, {key: value for key, value in differences.items() if key[0] in rows}


_VALUES = {
    "slides along": ("both axes", "axis 1", "axis 2", "nothing"),
    "padding": ("none", "zeros"),
    "pooling": ("none", "some"),
}


def _row(key: str, value: str) -> str:
    if key == "pooling" and value != "none":
        value = "some"
    return f"{key}: {value}"

"""Which claims hold, and what each design choice gains: differences, with the numbers behind them."""

from typing import Literal, NamedTuple

from shared.compare.profile import CHOICES
from shared.compare.results import Results
from shared.compare.spec import Claim, Comparison, Part
from shared.compare.statistics import Estimate, less

Verdict = Literal["holds", "fails", "not shown"]
Differences = dict[tuple[str, str], Estimate | None]
LIKE = 1.10  # parameters that differ by no more than this factor count as alike


class Finding(NamedTuple):
    """The verdict on one part of a claim on one task."""

    part: Part
    task: str
    classes: str | None  # by their name; None for all
    verdict: Verdict
    difference: Estimate | None = None  # of the accuracies
    parameters: float | None = None  # of ``better`` as a multiple of the other's
    why: str = ""  # empty where the interval alone decides

    def __str__(self) -> str:
        """As tables and pictures name it."""
        where = self.task + (f", {self.classes}" if self.classes else "")
        more = f", more than on {self.part.more_than}" if self.part.more_than else ""
        return f"{self.part.better} − {self.part.than} on {where}{more}"


class Judged(NamedTuple):
    """A claim, and the findings of its parts."""

    claim: Claim
    findings: list[Finding]

    @property
    def verdict(self) -> Verdict:
        """Fails if one part does, and holds if all parts do."""
        verdicts = {finding.verdict for finding in self.findings}
        return next((word for word in ("fails", "not shown") if word in verdicts), "holds")


def judge(plan: Comparison, results: Results) -> list[Judged]:
    """The verdict on every claim, from the entries that are finished."""
    return [
        Judged(
            claim,
            [
                _find(part, task, classes, results)
                for part in claim.parts
                for task in part.tasks
                for classes in (part.classes or (None,))
            ],
        )
        for claim in plan.claims
    ]


def verdict(difference: Estimate, margin: float) -> Verdict:
    """By where the 95 % interval lies: above -margin (holds), below it (fails), or on both sides."""
    above, below = difference.low > -margin, difference.high < -margin
    return "holds" if above else "fails" if below else "not shown"


def _find(part: Part, task: str, classes: str | None, results: Results) -> Finding:
    question = part, task, classes
    tasks = part.compared_on(task)
    needed = [(name, design) for name in tasks for design in (part.better, part.than)]
    if absent := [f"{design} on {name}" for name, design in needed if (name, design) not in results]:
        return Finding(*question, "not shown", why=f"not trained: {', '.join(absent)}")
    ratio = results[task, part.better].facts["params"] / results[task, part.than].facts["params"]
    pattern = part.classes[classes] if classes else ".*"
    differences = [
        difference
        for name in tasks
        if (difference := results[name, part.better].against(results[name, part.than], pattern))
    ]
    if len(differences) < len(tasks):
        return Finding(*question, "not shown", None, ratio, "no items that both were tested on")
    difference = less(*differences) if part.more_than else differences[0]
    if part.parameters is not None and ratio > part.parameters:
        return Finding(*question, "fails", difference, ratio, "more parameters than claimed")
    if part.parameters is None and not 1 / LIKE <= ratio <= LIKE:
        why = "unfair: parameters differ by more than 10 %, and the claim is not about size"
        return Finding(*question, "not shown", difference, ratio, why)
    return Finding(*question, verdict(difference, part.margin), difference, ratio)


def matrix(plan: Comparison, results: Results) -> tuple[list[str], list[str], Differences]:
    """The choices (rows), the tasks (columns), and each difference that was tried; None: the task's own.

    A task's own design is its first. Designs that differ from it in one choice alone are compared with it;
    for one that slides along nothing the other two choices have no meaning.
    """
    differences: Differences = {}
    for task, settings in plan.tasks.items():
        first, *others = (results.get((task, design)) for design in settings.cells)
        for other in others:
            if not first or not other:
                continue
            differs = [key for key in CHOICES if first.facts[key] != other.facts[key]]
            if other.facts["slides along"] == "nothing":
                differs = differs[:1]
            if len(differs) == 1:
                key = differs[0]
                differences[_row(key, other.facts[key]), task] = other.against(first)
                differences[_row(key, first.facts[key]), task] = None
    rows = [_row(key, value) for key, values in CHOICES.items() for value in values]
    tried = {row for row, _ in differences}
    columns = list(dict.fromkeys(task for _, task in differences))
    return [row for row in rows if row in tried], columns, differences


def _row(key: str, value: str) -> str:
    return f"{key}: {'some' if key == 'pooling' and value != 'none' else value}"

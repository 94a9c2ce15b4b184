"""Which claims hold, and what each design choice gains: differences, with the numbers behind them."""

from collections.abc import Sequence
from itertools import chain, islice
from typing import Literal, NamedTuple

from shared.compare.profile import CHOICES
from shared.compare.results import Results
from shared.compare.spec import Claim, Comparison, Part
from shared.compare.statistics import FEWEST, Estimate, less

Verdict = Literal["holds", "fails", "equivalent", "not shown"]
Differences = dict[tuple[str, str], Estimate | None]
ERROR = 0.05  # of all parts of a report together: the probability that one is decided wrongly
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
    holm: float | None = None  # p-value of its side of the margin, corrected for all parts of the report

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
        """Fails if one part does, and holds if all parts do, or are equivalent."""
        verdicts = {finding.verdict for finding in self.findings}
        words: tuple[Verdict, ...] = ("fails", "not shown", "holds")
        return next((word for word in words if word in verdicts), "equivalent")


def judge(plan: Comparison, results: Results) -> list[Judged]:
    """The verdict on every claim, from the entries that are finished."""
    findings = [
        [
            _find(part, task, classes, results)
            for part in claim.parts
            for task in part.tasks
            for classes in (part.classes or (None,))
        ]
        for claim in plan.claims
    ]
    decided = iter(decide(list(chain.from_iterable(findings))))
    return [
        Judged(claim, list(islice(decided, len(parts))))
        for claim, parts in zip(plan.claims, findings, strict=True)
    ]


def decide(findings: Sequence[Finding]) -> list[Finding]:
    """The verdicts of all parts of a report: by the difference, where nothing else has decided them.

    A part is decided where its 95 % interval lies on one side of its margin. One part is enough for a
    claim to fail, so *fails* has to survive Holm's correction (1979) for all parts of the report too. A
    claim of several parts holds only if all of them do, which needs no correction (Berger 1982). ``holm``
    is a part's p-value so corrected: with probability 0.95 no part at all where it is at most 0.05 is
    decided wrongly.
    """
    sides = {
        i: side(finding.part, finding.difference)
        for i, finding in enumerate(findings)
        if finding.difference and not finding.why
    }
    decided, least = list(findings), 0.0
    for rank, i in enumerate(sorted(sides, key=lambda i: sides[i][1])):
        word, p = sides[i]
        least = max(least, min(1.0, p * (len(sides) - rank)))
        lost = word == "fails" and p <= ERROR < least
        shown = p <= ERROR and not lost
        why = f"fails alone, but not among the {len(sides)} parts of the report (Holm)" if lost else ""
        decided[i] = findings[i]._replace(verdict=word if shown else "not shown", why=why, holm=least)
    return decided


def side(part: Part, difference: Estimate) -> tuple[Verdict, float]:
    """On which side of the margin the difference is likelier to lie, and the two-sided p-value of that.

    Equivalence, a difference of less than the margin, is shown by two one-sided tests (Schuirmann 1987).
    """
    margin = part.margin
    above, below = difference.p_above(-margin), difference.p_below(-margin)
    ways: dict[Verdict, float] = {"holds": above, "fails": below}
    if part.equivalent:
        ways = {
            "equivalent": max(above, difference.p_below(margin)),
            "fails": min(below, difference.p_above(margin)),
        }
    word = min(ways, key=lambda way: ways[way])
    return word, min(1.0, 2 * ways[word])


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
    few = f"no verdict from fewer than {FEWEST} seeds, got {difference.seeds}"
    return Finding(*question, "not shown", difference, ratio, few if difference.seeds < FEWEST else "")


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

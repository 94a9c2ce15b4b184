"""Which claims hold, and what each design choice gains: differences, with the numbers behind them."""

from collections.abc import Sequence
from itertools import chain, islice
from typing import Literal, NamedTuple

from shared.compare.choices import CHOICES, cause, differences
from shared.compare.results import Results
from shared.compare.spec import Claim, Comparison, Part
from shared.compare.statistics import FEWEST, Estimate, less

Verdict = Literal["holds", "fails", "equivalent", "not shown"]
Differences = dict[tuple[str, str], Estimate | None]
ERROR = 0.05  # of all parts of a report together: the probability that one is decided wrongly


class Finding(NamedTuple):
    """The verdict on one part of a claim on one task."""

    part: Part
    task: str
    classes: str | None  # by their name; None for all
    verdict: Verdict
    difference: Estimate | None = None  # at the largest budget
    parameters: float | None = None  # of ``better`` as a multiple of the other's
    flops: float | None = None  # of one prediction, likewise
    why: str = ""  # empty where the interval alone decides
    curve: tuple[tuple[int, Estimate], ...] = ()  # the difference by samples of a training, the fewest first
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
            _find(plan, part, task, classes, results)
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


def _find(plan: Comparison, part: Part, task: str, classes: str | None, results: Results) -> Finding:
    question = part, task, classes
    curve = tuple(
        (results[task, part.better, budget].samples, difference)
        for budget in plan.budgets_of(task)
        if not _absent(part, task, budget, results)
        if (difference := _difference(part, task, classes, budget, results))
    )
    largest = plan.budgets_of(task)[-1]
    if absent := _absent(part, task, largest, results):
        return Finding(*question, "not shown", why=f"not trained: {', '.join(absent)}", curve=curve)
    better, than = results[task, part.better, largest], results[task, part.than, largest]
    parameters = better.facts["params"] / than.facts["params"]
    sizes = parameters, better.facts["flops"] / than.facts["flops"]
    difference = _difference(part, task, classes, largest, results)
    if difference is None:
        return Finding(*question, "not shown", None, *sizes, "no items that both were tested on", curve=curve)
    if part.parameters is not None and parameters > part.parameters:
        return Finding(*question, "fails", difference, *sizes, "more parameters than claimed", curve=curve)
    few = f"no verdict from fewer than {FEWEST} seeds, got {difference.seeds}"
    why = few if difference.seeds < FEWEST else ""
    return Finding(*question, "not shown", difference, *sizes, why, curve=curve)


def _absent(part: Part, task: str, budget: int, results: Results) -> list[str]:
    """The designs that have not been trained at a budget."""
    needed = [(name, design) for name in part.compared_on(task) for design in (part.better, part.than)]
    return [
        f"{design} on {name}, ×{budget}" for name, design in needed if (name, design, budget) not in results
    ]


def _difference(part: Part, task: str, classes: str | None, budget: int, results: Results) -> Estimate | None:
    """What a part of a claim is about, at a budget; None where the designs have no test items in common."""
    pattern = part.classes[classes] if classes else ".*"
    first, *others = (
        results[name, part.better, budget].against(results[name, part.than, budget], pattern, part.measure)
        for name in part.compared_on(task)
    )
    if first is None or None in others:
        return None
    return less(first, others[0]) if others and others[0] else first


def matrix(plan: Comparison, results: Results) -> tuple[list[str], list[str], Differences]:
    """The choices (rows), the tasks (columns), and each difference that was tried; None: the task's own.

    A task's own design is its first. Designs that differ from it in one choice alone are compared with it,
    at the largest budget.
    """
    gains: Differences = {}
    for task, settings in plan.tasks.items():
        budget = plan.budgets_of(task)[-1]
        first, *others = (results.get((task, design, budget)) for design in settings.designs)
        for other in others:
            if not first or not other:
                continue
            differs = differences(first.facts["design"], other.facts["design"])
            if key := cause(differs):
                mine, its = differs[key].split(" against ")
                gains[f"{key}: {its}", task] = other.against(first)
                gains[f"{key}: {mine}", task] = None
    rows = list(dict.fromkeys(row for row, _ in gains))
    rows.sort(key=lambda row: CHOICES.index(row.split(": ")[0]))
    return rows, list(dict.fromkeys(task for _, task in gains)), gains

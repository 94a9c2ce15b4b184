"""Which claims hold: a verdict on each difference, with the numbers behind it."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from shared.compare.results import Result
from shared.compare.spec import Claim, Comparison, Part
from shared.compare.statistics import Estimate, less

Verdict = Literal["holds", "fails", "not shown"]
LIKE = 1.10  # parameters that differ by no more than this factor count as alike

Results = Mapping[tuple[str, str], Result]


class Finding(NamedTuple):
    """The verdict on one part of a claim on one task.

    Attributes:
        part, task, classes: what is judged; the classes by their name, None for all.
        verdict: whether it holds.
        difference: of the accuracies; None where there is none.
        parameters: of ``better`` as a multiple of the other's; None where not known.
        why: the reason of the verdict; empty where the interval alone decides it.
    """

    part: Part
    task: str
    classes: str | None
    verdict: Verdict
    difference: Estimate | None = None
    parameters: float | None = None
    why: str = ""

    def __str__(self) -> str:
        """As tables and pictures name it."""
        where = self.task + (f", {self.classes}" if self.classes else "")
        more = f", more than on {self.part.more_than}" if self.part.more_than else ""
        return f"{self.part.better} − {self.part.than} on {where}{more}"


class Judged(NamedTuple):
    """A claim, the findings of its parts, and the verdict on the whole: it holds if all parts do."""

    claim: Claim
    findings: list[Finding]

    @property
    def verdict(self) -> Verdict:
        """Fails if one part does."""
        verdicts = {finding.verdict for finding in self.findings}
        if "fails" in verdicts:
            return "fails"
        return "not shown" if "not shown" in verdicts else "holds"


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
    if difference.low > -margin:
        return "holds"
    return "fails" if difference.high < -margin else "not shown"


def _find(part: Part, task: str, classes: str | None, results: Results) -> Finding:
    question = part, task, classes
    tasks = [task, *([part.more_than] if part.more_than else [])]
    needed = [(name, design) for name in tasks for design in (part.better, part.than)]
    absent = [f"{design} on {name}" for name, design in needed if (name, design) not in results]
    if absent:
        return Finding(*question, "not shown", why=f"not trained: {', '.join(absent)}")
    better, than = results[task, part.better], results[task, part.than]
    pattern = part.classes[classes] if classes else None
    ratio = better.facts["params"] / than.facts["params"]
    differences = [results[name, part.better].against(results[name, part.than], pattern) for name in tasks]
    if None in differences:
        return Finding(*question, "not shown", None, ratio, "no items that both were tested on")
    first, *second = [difference for difference in differences if difference]
    difference = less(first, second[0]) if second else first
    if part.parameters is not None and ratio > part.parameters:
        return Finding(*question, "fails", difference, ratio, "more parameters than claimed")
    if part.parameters is None and not 1 / LIKE <= ratio <= LIKE:
        why = "unfair: parameters differ by more than 10 %, and the claim is not about size"
        return Finding(*question, "not shown", difference, ratio, why)
    return Finding(*question, verdict(difference, part.margin), difference, ratio)

"""Findings and judged claims in memory, without trainings."""

from collections.abc import Sequence
from typing import Any

from shared.compare.claims import Finding, Judged, Verdict
from shared.compare.spec import Claim, Part
from shared.compare.statistics import Estimate

Points = Sequence[tuple[int, float, float]]  # budget, difference and its standard error, in points


def estimate_of(points: float, error: float) -> Estimate:
    return Estimate(points / 100, error / 100, 4.0, 5, 200, means=(points / 100,) * 5)


def finding(verdict: Verdict, curve: Points = ((1000, 5.0, 1.0),), reason: str = "", **part: Any) -> Finding:
    """Of a part on the task ``digits``; the last of the curve is its difference."""
    settings = {"better": "lecture", "than": "dense", "tasks": ["digits"], "differs": "slides along"} | part
    estimates = tuple((budget, estimate_of(value, error)) for budget, value, error in curve)
    difference = estimates[-1][1] if estimates else None
    ratios = (1.01, 0.5) if estimates else (None, None)
    return Finding(Part(**settings), "digits", None, verdict, difference, *ratios, reason, curve=estimates)


def judged(*findings: Finding, says: str = "Convolution helps.", **claim: Any) -> Judged:
    return Judged(Claim(says=says, parts=[one.part for one in findings], **claim), list(findings))

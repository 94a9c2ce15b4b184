"""What the page of a comparison says of a claim, in Markdown."""

from collections.abc import Collection, Iterator

from shared.compare.claims import Finding, Judged
from shared.compare.markdown import MARKS, marked, points, text
from shared.compare.results import Result, Results
from shared.compare.spec import Comparison, Measure
from shared.compare.statistics import less


def name_of(plan: Comparison, finding: Finding) -> str:
    """A part of a claim, as pictures and tables name it."""
    where = plan.title_of(finding.task) + (f", {finding.classes}" if finding.classes else "")
    other = finding.part.more_than
    more = f", more than on {plan.title_of(other)}" if other else ""
    gap = ", gap" if finding.part.measure == Measure.gap else ""
    return f"{finding.part.better} − {finding.part.than}{gap}: {where}{more}"


def deciding(judged: Judged) -> Finding | None:
    """The part on which the verdict rests: of those with this verdict the one that is furthest down."""

    def clearance(finding: Finding) -> float:
        assert finding.difference
        return finding.difference.low + finding.part.margin

    ours = [part for part in judged.findings if part.verdict == judged.verdict and part.difference]
    return min(ours, key=clearance, default=None)


def number(judged: Judged) -> str:
    """The one number of a claim: the difference of the part on which its verdict rests."""
    part = deciding(judged)
    return points(part.difference) if part and part.difference else "–"


def beside_the_picture(
    plan: Comparison, judged: Judged, results: Results, redrawn: Collection[str]
) -> Iterator[str]:
    """Of one claim: its verdict with the number; then course, literature, what would change the verdict.

    ``redrawn`` are the tasks of which each seed draws its own training examples.
    """
    claim, part = judged.claim, deciding(judged)
    yield f"{marked(judged.verdict)}. {_number(plan, judged, results, redrawn)}"
    if part and len(part.curve) > 1:
        yield f"**Learning speed or ceiling?** {course(part)}"
    if claim.literature:
        yield f"**What others found.** {text(claim.literature)}"
    if claim.would_change:
        yield f"**What would change the verdict.** {text(claim.would_change)}"


def _number(plan: Comparison, judged: Judged, results: Results, redrawn: Collection[str]) -> str:
    part, count = deciding(judged), len(judged.findings)
    if not part or not part.difference:
        reasons = dict.fromkeys(finding.why for finding in judged.findings if finding.why)
        return text(f"{'; '.join(reasons) or 'no results'}.")
    which = f"The part that decides, of {count}: " if count > 1 else ""
    result = results[part.task, part.part.better, plan.budgets_of(part.task)[-1]]
    speaks = speaks_of(part, result, redrawn=part.task in redrawn)
    return (
        f"{which}{text(name_of(plan, part))}: **{points(part.difference)} points**. {bound(part)} "
        f"The interval speaks of {speaks}."
    )


def bound(finding: Finding) -> str:
    """Where the interval has to lie, and why there."""
    margin = f"{100 * finding.part.margin:g}"
    why = f" {text(finding.part.why.rstrip('.'))}." if finding.part.why else ""
    where = f"between −{margin} and +{margin}" if finding.part.equivalent else f"above −{margin}"
    return f"The 95 % interval has to lie {where if finding.part.margin else 'above 0'}.{why}"


def speaks_of(finding: Finding, result: Result, *, redrawn: bool) -> str:
    """To what an interval extends: seeds, training data, items, groups of items."""
    mean = finding.difference or result.accuracy
    data = "new seeds and new training data" if redrawn else "new seeds"
    data += f" ({mean.seeds} here)"
    same = "" if redrawn else "; the training data stay the same"
    if not result.same_items:
        return f"{data}, each with test items of its own ({mean.items:,} in all)"
    groups = groups_of(result)
    grouped = f" in {groups:,} groups such as games or speakers" if groups < result.accuracy.items else ""
    return f"{data} and new test items ({mean.items:,}{grouped}){same}"


def groups_of(result: Result) -> int:
    """Groups of test items, such as games or speakers, of all folds together."""
    tested = result.tested[:1] if result.same_items else result.tested
    return len({group for columns in tested for group in columns["group"].tolist()})


def course(finding: Finding) -> str:
    """What the difference does as the budget grows."""
    (small, first), (large, last) = finding.curve[0], finding.curve[-1]
    sizes = f"{points(first)} points after {small:,} training examples, {points(last)} after {large:,}"
    change, sign = less(last, first), 1 if first.value > 0 else -1
    if sign * change.value > 0 and not change.low <= 0 <= change.high:
        return f"The difference grows with the budget: {sizes}."
    if change.low <= 0 <= change.high:
        return f"The difference is not shown to change with the budget: {sizes}."
    if last.low <= 0 <= last.high:
        return f"Speed: the difference is gone at the largest budget: {sizes}."
    return f"Speed in part: the difference shrinks as the budget grows, and is not gone: {sizes}."


def alt(plan: Comparison, finding: Finding) -> str:
    """A finding in words, for those who do not see its picture."""
    verdict = f"{MARKS[finding.verdict]} {finding.verdict}"
    if not finding.difference:
        return text(f"{name_of(plan, finding)}: no results; {verdict}")
    after = f" after {finding.curve[-1][0]:,} training examples" if finding.curve else ""
    return text(f"{name_of(plan, finding)}: {points(finding.difference)} points{after}; {verdict}")

"""Sections of a report on its method: how the designs were treated alike, and how intervals are made."""

from collections.abc import Iterator

from shared.compare.claims import LIKE, Results
from shared.compare.markdown import text
from shared.compare.profile import PREDICTIONS
from shared.compare.spec import Comparison
from shared.compare.statistics import RESAMPLES

INTERVALS = (
    "Seeds and groups of test items (a game, a speaker; else each item) are resampled together, "
    f"{RESAMPLES:,} times (pigeonhole bootstrap, Owen 2007), with one seed fewer than there are; what this "
    "bootstrap's variance holds three times is counted once. The interval is Student's, with the degrees of "
    "freedom of its two sources (Satterthwaite 1946): five seeds count as five. Differences are paired, seed "
    "by seed and item by item; a difference of two such is Welch's. Where each seed has a fold of its own, "
    "the interval is Student's over the folds. Claims are judged one by one, without correction for their "
    "number."
)


def fairness(plan: Comparison, results: Results) -> Iterator[str]:
    """How the designs were treated alike, with the results of checking it."""
    same = "for the same seed all designs saw the same training items in the same order"
    yield f"**Data**: {same}{_order(plan, results)}."
    yield (
        "**Budget**: all entries of a task have the one that stands below their table, and the same number "
        "of checkpoints to choose from."
    )
    yield f"**Learning rate**: {_search(plan, results)}"
    yield "**Test**: looked at once a training, with the checkpoint that was best on validation."
    yield (
        f"**Size**: parameters of the layers differ by at most 10 % within a task{_sizes(plan, results)}. "
        "FLOPs are theirs too, of 100 cells along an axis whose length varies."
    )
    yield (
        f"**Time**: of one prediction, the fastest of {PREDICTIONS} for one test item each, measured before "
        "the task's trainings while none ran; of a training, the median over seeds, in CPU time "
        "where a CPU trains."
    )


def _order(plan: Comparison, results: Results) -> str:
    """Whether the digests of the items agree."""
    differ = []
    for task, settings in plan.tasks.items():
        orders = {
            tuple(results[task, design].orders) for design in settings.cells if (task, design) in results
        }
        if len(orders) > 1:
            differ.append(text(plan.title_of(task)))
    if differ:
        return f", but not on {', '.join(differ)}"
    return "; a digest of the items of all batches is the same for each"


def _search(plan: Comparison, results: Results) -> str:
    if len(plan.learning_rates) == 1:
        return "each entry was trained with its recipe's; none was searched."
    rates = ", ".join(f"×{factor:g}" for factor in plan.learning_rates)
    best = [result.entry.factor for result in results.values()]
    edge = sum(factor in (min(plan.learning_rates), max(plan.learning_rates)) for factor in best)
    return (
        f"multiples of the recipe's ({rates}) were tried for each entry alike, with its first seed, on "
        "validation, the test set left alone; the best was used for all seeds. Where folds follow the seeds, "
        f"the validation items of the first fold are test items of others. For {edge} of {len(best)} entries "
        "the smallest or the largest was the best: there a wider search might find a better one."
    )


def _sizes(plan: Comparison, results: Results) -> str:
    differ = []
    for task, settings in plan.tasks.items():
        sizes = [results[task, name].facts["params"] for name in settings.cells if (task, name) in results]
        if sizes and max(sizes) > LIKE * min(sizes):
            differ.append(f"{text(plan.title_of(task))} ({min(sizes):,} to {max(sizes):,})")
    return f", except on {', '.join(differ)}" if differ else ""

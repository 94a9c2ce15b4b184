"""How the designs of a comparison were treated alike, with the results of checking it, in Markdown."""

from shared.compare.claims import LIKE
from shared.compare.markdown import text
from shared.compare.profile import PREDICTIONS
from shared.compare.results import Results
from shared.compare.spec import Comparison
from shared.compare.statistics import RESAMPLES

FAIRNESS = """
- **Data**: for the same seed all designs saw the same training items in the same order{order}.
- **Budget**: all entries of a task have the one that stands below their table, and the same number of
  checkpoints to choose from.
- **Learning rate**: {search}
- **Test**: looked at once a training, with the checkpoint that was best on validation.
- **Size**: parameters of the layers differ by at most 10 % within a task{sizes}. FLOPs are theirs too, of 100
  cells along an axis whose length varies.
- **Time**: of one prediction, the fastest of {predictions} for one test item each, measured before the task's
  trainings while none ran; of a training, the median over seeds, in CPU time where a CPU trains.
"""
INTERVALS = f"""
Seeds and groups of test items (a game, a speaker; else each item) are resampled together, {RESAMPLES:,} times
(pigeonhole bootstrap, Owen 2007), with one seed fewer than there are; what this bootstrap's variance holds
three times is counted once. The interval is Student's, with the degrees of freedom of its two sources
(Satterthwaite 1946): five seeds count as five. Differences are paired, seed by seed and item by item; a
difference of two such is Welch's. Where each seed has a fold of its own, the interval is Student's over the
folds. Claims are judged one by one, without correction for their number.
"""
SEARCH = (
    "multiples of the recipe's ({rates}) were tried for each entry alike, with its first seed, on "
    "validation, the test set left alone; the best was used for all seeds. Where folds follow the seeds, the "
    "validation items of the first fold are test items of others. For {edge} of {n} entries the smallest or "
    "the largest was the best: there a wider search might find a better one."
)


def fairness(plan: Comparison, results: Results) -> str:
    """A list: the order of the data, the budget, the learning rate, the test, size and time."""
    other_orders, other_sizes = [], []
    for task, settings in plan.tasks.items():
        title = text(plan.title_of(task))
        mine = [results[task, design] for design in settings.cells if (task, design) in results]
        if len({tuple(result.orders) for result in mine}) > 1:
            other_orders.append(title)
        sizes = [result.facts["params"] for result in mine]
        if sizes and max(sizes) > LIKE * min(sizes):
            other_sizes.append(f"{title} ({min(sizes):,} to {max(sizes):,})")
    order = "; a digest of the items of all batches is the same for each"
    return FAIRNESS.strip().format(
        order=f", but not on {', '.join(other_orders)}" if other_orders else order,
        search=_search(plan.learning_rates, [result.factor for result in results.values()]),
        sizes=f", except on {', '.join(other_sizes)}" if other_sizes else "",
        predictions=PREDICTIONS,
    )


def _search(rates: list[float], best: list[float]) -> str:
    if len(rates) == 1:
        return "each entry was trained with its recipe's; none was searched."
    edge = sum(factor in (min(rates), max(rates)) for factor in best)
    return SEARCH.format(rates=", ".join(f"×{factor:g}" for factor in rates), edge=edge, n=len(best))

"""How the designs of a comparison were treated alike, with the results of checking it, in Markdown."""

from shared.compare.markdown import text
from shared.compare.profile import PREDICTIONS
from shared.compare.results import Results
from shared.compare.spec import Comparison

FAIRNESS = """
- **Data**: for the same seed all designs saw the same training items in the same order{order}.
- **Budget**: all entries of a task have the one that stands below their table, and the same number of
  checkpoints to choose from.
- **Learning rate**: {search}
- **Test**: looked at once a training, with the checkpoint that was best on validation.
- **Size**: parameters of the layers differ by at most 2 % within a task{sizes}. FLOPs are theirs too, of 100
  cells along an axis whose length varies.
- **Time**: of one prediction, the fastest of {predictions} for one test item each, measured before the task's
  trainings while none ran; of a training, the median over seeds, in CPU time where a CPU trains.
"""
INTERVALS = """
An interval speaks of new seeds and new test items: of new weights, of a new order of the training items
and, where each seed draws its own, of new draws from the same training data, tested on items like these. It
does not speak of data collected in another way. The variance of a mean is that of the seeds plus that of
the groups of test items (a game, a speaker; else each item) less that of the rest, which both contain, and
never below either: a two-way analysis of variance (Cornfield & Tukey 1956, Obuchowski & Rockette 1995),
without random numbers, with Satterthwaite's degrees of freedom (1946) for Student's quantile. Intervals of
accuracies are Wilson's (1927) with this variance, within 0 and 100 %; those of differences are Student's,
within ±100 points. Differences are paired, seed by seed and item by item; a difference of two such is
Welch's. Where each seed has test items of its own, as in folds, the variance is that of the seeds, raised
because their training items overlap (Nadeau & Bengio 2003); it speaks of new test items from such folds.
Where no item differs, a difference is not excluded: each interval of a difference has four items more, two
of which differ each way (Agresti & Coull 1998).

A part *holds* where its interval lies above minus the margin, *fails* where it lies below, and is
*equivalent*, if that is the claim, where it lies between minus the margin and the margin (two one-sided
tests, Schuirmann 1987): where the truth lies at the margin, each is wrong in about 25 of 1,000 reports.
Fewer than three seeds give no verdict. *Fails* also has to survive Holm's correction (1979) for all parts
of the report, since one part is enough for a claim to fail; a claim that needs all of its parts to hold
needs none (Berger 1982). The parts whose p-value is at most 0.05 after that correction stand together: in
95 of 100 reports none of them is wrong.

The smallest difference is the one that this interval would have shown with 80 % power. P(A > B) is the
probability that another seed of the first beats one of the second on the same test items. The robust
estimate is the median over the seeds.
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
        budget = plan.budgets_of(task)[-1]
        named = [(task, design, budget) for design in settings.designs]
        mine = [results[name] for name in named if name in results]
        if len({tuple(result.orders) for result in mine}) > 1:
            other_orders.append(title)
        sizes = [result.facts["params"] for result in mine]
        if sizes and max(sizes) > 1.02 * min(sizes):
            other_sizes.append(f"{title} ({min(sizes):,} to {max(sizes):,})")
    order = "; a digest of the items of all batches is the same for each"
    return FAIRNESS.strip().format(
        order=f", but not on {', '.join(other_orders)}" if other_orders else order,
        search=_search(plan.learning_rates, [result.at_edge for result in results.values()]),
        sizes=f", except on {', '.join(other_sizes)}" if other_sizes else "",
        predictions=PREDICTIONS,
    )


def _search(rates: list[float], at_edge: list[bool]) -> str:
    if len(rates) == 1:
        return "each entry was trained with its recipe's; none was searched."
    rates_ = ", ".join(f"×{factor:g}" for factor in rates)
    return SEARCH.format(rates=rates_, edge=sum(at_edge), n=len(at_edge))

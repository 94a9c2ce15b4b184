"""How the designs of a comparison were treated alike, with the results of checking it, in Markdown."""

from shared.compare.markdown import text
from shared.compare.profile import PREDICTIONS
from shared.compare.results import Results
from shared.compare.spec import Comparison

FAIRNESS = """
- **One cause**: the two designs of a part differ in the choice that its table names, and in nothing else,
  which is checked before training; parameters and FLOPs by at most 2 %, unless the table has other ratios.
- **Data**: for the same seed all designs saw the same training items in the same order{order}.
- **Budget**: all designs of a task have those that stand below its table, and the same number of
  checkpoints to choose from.
- **Learning rate**: {search}
- **Test**: looked at once a training, with the checkpoint that was best on validation.
- **Size**: parameters and FLOPs of the layers; FLOPs of 100 cells along an axis whose length varies.
- **Time**: of a prediction, the fastest of {predictions} for one test item each, measured while nothing is
  trained; of a training, the median over seeds, in CPU time where a CPU trains.
"""
SEARCH = (
    "multiples of the recipe's ({rates}) were tried for each design alike{where}, with its first seed, on "
    "validation, the test set left alone; while the lowest or the highest was the best, one beyond it was "
    "tried; the best was used for all seeds. Where folds follow the seeds, the validation items of the first "
    "fold are test items of others. For {edge} of {n} the best is at the edge of the search."
)
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

*Could show* is the smallest true distance from the margin that is shown in 80 of 100 repetitions: *planned*,
from the numbers of seeds and items and from how much differences vary in this project, known before any
result; *measured*, from how much they vary here. *P(A > B)* is the probability that another seed of the
first design beats one of the second on the same test items. The *median of seeds* is an estimate that one
collapsed seed does not move.
"""


def fairness(plan: Comparison, results: Results) -> str:
    """A list: causes, the order of the data, the budget, the learning rate, the test, size and time."""
    orders: dict[tuple[str, int], set[tuple[str, ...]]] = {}
    for (task, _, budget), result in results.items():
        orders.setdefault((task, budget), set()).add(tuple(result.orders))
    others = dict.fromkeys(text(plan.title_of(task)) for (task, _), seen in orders.items() if len(seen) > 1)
    same = "; a digest of the items of all batches is the same for each"
    return FAIRNESS.strip().format(
        order=f", but not on {', '.join(others)}" if others else same,
        search=_search(plan, [result.at_edge for result in results.values()]),
        predictions=PREDICTIONS,
    )


def _search(plan: Comparison, at_edge: list[bool]) -> str:
    if len(plan.learning_rates) == 1:
        return "each design was trained with its recipe's; none was searched."
    tried = ", ".join(f"×{factor:g}" for factor in plan.learning_rates)
    where = f" at budget ×{plan.searched}" if plan.searched else " at each budget"
    return SEARCH.format(rates=tried, where=where, edge=sum(at_edge), n=len(at_edge))

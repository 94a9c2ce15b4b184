"""The real inputs that activate a unit most, each with the region that the unit sees."""

from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Box, Explanation, Shown
from shared.explain.method import method
from shared.explain.training_inputs import Reals
from shared.explain.units import Target, find_layer
from shared.training import Classifier


@method(
    "Real inputs that activate {target} most",
    "units",
    columns=3,
    reading="strongest first; the box is the unit's receptive field",
)
def top_patches(
    model: Classifier, example: None, target: Target, adapter: InputAdapter, reals: Reals
) -> Explanation:
    """The nine training inputs with the largest value of a unit's cell, and the box that this cell sees.

    The map holds the nine values; ``value`` is the largest and ``baseline`` the ninth.

    Options:
        reals: the training inputs.
    """
    search = reals.search(target.layer)
    meta = {"searched": f"{search.n:,} training inputs", "dead": search.dead(target.unit)}
    if meta["dead"]:
        return Explanation(search.value[:, target.unit], 0.0, 0.0, meta)
    shape = find_layer(model.network, target.layer).shape if target.layer else model.network.shape
    values, items, *places = (column[:, target.unit].tolist() for column in search[:5])
    shown = []
    for value, item, window, row, column in zip(values, items, *places, strict=True):
        real = reals.example(item)
        box: Box = shape.sees((row, column), (real.x.size(1), real.x.size(2)), window)
        shown.append(Shown(real, f"{value:.2f}   {real.name}", box))
    return Explanation(search.value[:, target.unit], values[0], values[-1], meta, tuple(shown))

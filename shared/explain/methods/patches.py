"""The real inputs that activate a unit most, each with the region that the unit sees."""

from shared.explain import Explanation, InputAdapter, Method, Shown, Target
from shared.explain.units import activations, find_layer


@Method(
    "Real inputs that activate {target} most",
    "units",
    "What the framed parts have in common is what the unit looks for.",
    "The strongest input moves it to {value}, the ninth to {baseline}.",
    columns=3,
)
def top_patches(adapter: InputAdapter, example: None, target: Target) -> Explanation:
    """The nine training inputs with the largest value of a unit's cell, and the box that this cell sees.

    The map holds the nine values; ``value`` is the largest and ``baseline`` the ninth.
    """
    found, shape = adapter.search(target.layer), find_layer(adapter.network, target.layer).shape
    meta = {"searched": f"{found.n:,} training inputs", "dead": found.dead(target.unit)}
    if meta["dead"]:
        return Explanation(found.value[:, target.unit], 0.0, 0.0, meta)
    values, items = (column[:, target.unit].tolist() for column in (found.value, found.item))
    shown = []
    for value, item in zip(values, items, strict=True):
        real = adapter.example(adapter.data.train_set, item)
        _, cell = activations(adapter.network, target.layer, real.x[None]).peak()
        window, row, column = (int(place[0, target.unit]) for place in cell)
        box = shape.sees((row, column), (real.x.size(1), real.x.size(2)), window)
        shown.append(Shown(real, f"{value:.2f}   {real.name}", box))
    return Explanation(found.value[:, target.unit], values[0], values[-1], meta, tuple(shown))

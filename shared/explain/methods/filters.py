"""The filters of the layers that read the input itself, which can be drawn."""

from shared.explain import Explanation, InputAdapter, Method, Target
from shared.explain.units import first_filters


@Method(
    "Filters that read the input",
    "weights",
    "What each filter looks for in a small part of the input: the strongest filters first.",
    "The norm of the weights is {value} of the largest filter, {baseline} of the smallest.",
)
def filters(adapter: InputAdapter, example: None, target: Target) -> Explanation:
    """The weights of a layer that reads the input itself (Krizhevsky et al. 2012, figure 3).

    The map holds them (filters, channels, kernel 1, kernel 2); ``value`` and ``baseline`` are the norms of
    the largest and the smallest. The target is any unit of the layer; without one, the first layer's.
    """
    layer, weight = next(iter(first_filters(adapter.network, target.layer).items()))
    norms = weight.flatten(1).norm(dim=1)
    strongest = norms.argsort(descending=True, stable=True).tolist()
    meta = {"layer": layer, "filters": len(weight), "strongest": strongest}
    return Explanation(weight, float(norms.max()), float(norms.min()), meta)

"""The filters of the layers that read the input itself, which can be drawn."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Explanation
from shared.explain.method import method
from shared.explain.units import Target, find_layer
from shared.network import Chain, Layer, Network, Shape
from shared.training import Classifier


class Filters(NamedTuple):
    """The weights of one layer as filters over the input's channels."""

    layer: str
    weight: Float[Tensor, "filters channels k1 k2"]

    @property
    def strongest(self) -> list[int]:
        """Numbers of the filters, the one of the largest weights first."""
        return self.weight.flatten(1).norm(dim=1).argsort(descending=True, stable=True).tolist()


@method("Filters that read the input", "weights", reading="blue: weights above zero, orange: below")
def filters(model: Classifier, example: None, target: Target, adapter: InputAdapter) -> Explanation:
    """The weights of a layer that reads the input itself (Krizhevsky et al. 2012, figure 3).

    The map holds them (filters, channels, kernel 1, kernel 2); ``value`` and ``baseline`` are the norms of
    the largest and the smallest. The target is any unit of the layer; without one, the first layer's.

    Raises:
        UserError: the layer reads other layers' maps.
    """
    filters = first_filters(model.network, target.layer)[0]
    norms = filters.weight.flatten(1).norm(dim=1)
    meta = {"layer": filters.layer, "filters": len(filters.weight), "strongest": filters.strongest}
    return Explanation(filters.weight, float(norms.max()), float(norms.min()), meta)


def first_filters(network: Network, layer: str | None = None) -> list[Filters]:
    """The filters of each layer with weights that no other with weights comes before.

    Args:
        network: any network.
        layer: only this one; None: all of them.

    Raises:
        UserError: the layer reads other layers' maps, which are no picture.
    """
    layers = _first(network, "", network.input_shape)
    if not layers:
        raise UserError("filters: no layer of this network has filters over its input; leave it out")
    if layer is not None:
        find_layer(network, layer)
        names = [filters.layer for filters in layers]
        if layer not in names:
            raise UserError(
                f"layer: must be one whose filters read the input ({', '.join(names)}), got {layer}, whose "
                "filters read other layers' maps"
            )
        layers = [filters for filters in layers if filters.layer == layer]
    return layers


def _first(chain: nn.Module, prefix: str, shape: Shape) -> list[Filters]:
    for name, layer in chain.named_children():
        chains = {part: branch for part, branch in layer.named_children() if isinstance(branch, Chain)}
        if chains:
            return [
                filters
                for part, branch in chains.items()
                for filters in _first(branch, f"{prefix}{name}.{part}.", shape)
            ]
        assert isinstance(layer, Layer)
        weight = layer.filters(shape)
        if weight is not None:
            return [Filters(prefix + name, weight)]
        if any(True for _ in layer.parameters()):
            return []
        if not layer.shape.flat:  # a dense layer's filters are as large as the map that was flattened
            shape = layer.shape
    return []

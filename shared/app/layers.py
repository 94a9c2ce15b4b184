"""What layers do with an input: feature maps, filters, and the answer without a part of it."""

from typing import Annotated, Any, TypedDict

import torch

from shared.app.explaining import TOP, likeliest
from shared.app.page import Grid, Page, View, numbers
from shared.commands import best
from shared.errors import Limit, UserError
from shared.explain import activations, first_filters

Some = Annotated[int, Limit(1, 64, whole=True)]
CELLS = 100_000  # of a map, that are taken away
VALUES = 500_000  # of feature maps in an answer


class FeatureMap(TypedDict):
    """The values of a unit; windows follow each other along axis 2."""

    unit: int
    low: float
    high: float
    values: Grid


class Maps(TypedDict):
    """The feature maps of the most active units of a layer."""

    layer: str
    units: int
    maps: list[FeatureMap]
    view: View


class Filter(TypedDict):
    """The weights (channels, rows, columns) of a filter, and the words that its rows look for, if any."""

    unit: int
    values: Grid
    words: list[list[str]] | None


class Filters(TypedDict):
    """The strongest filters of a layer that reads the input."""

    layer: str
    number: int
    size: list[int]
    filters: list[Filter]
    channels: list[str]
    most: float


class Without(TypedDict):
    """The likeliest classes before and after a part of the input is taken away, and what is in its place.

    The view is that of the whole input, or over time of the part that is explained.
    """

    view: View

    best: list[dict[str, Any]]
    before: list[dict[str, Any]]
    filling: str


@torch.no_grad()
def maps(page: Page, input: Any, layer: str, count: Some = 16) -> Maps:
    """The feature maps of an input, the largest values first; fewer than ``count`` of large maps."""
    example = page.example(input)
    output = activations(page.adapter.module.network, layer, example.x[None])
    most = max(min(count, VALUES // output.values[0, 0].numel()), 1)
    order = output.peak()[0][0].argsort(descending=True, stable=True)[:most].tolist()
    shown: list[FeatureMap] = []
    for unit in order:
        values = torch.hstack(list(output.values[0, unit]))
        shown.append(
            {
                "unit": unit,
                "low": float(values.min()),
                "high": float(values.max()),
                "values": numbers(values),
            }
        )
    return {"layer": layer, "units": output.values.size(1), "maps": shown, "view": page.view(example)}


@torch.no_grad()
def filters(page: Page, layer: str, count: Some = 16) -> Filters:
    """The filters of a layer, those of the largest norm first."""
    weight = first_filters(page.adapter.module.network, layer)[layer].detach().float()
    order = weight.flatten(1).norm(dim=1).argsort(descending=True, stable=True)[:count].tolist()
    return {
        "layer": layer,
        "number": len(weight),
        "size": list(weight.shape[1:]),
        "filters": [
            {"unit": unit, "values": numbers(weight[unit]), "words": page.words(weight[unit])}
            for unit in order
        ],
        "channels": page.channels,
        "most": float(weight.abs().max()),
    }


@torch.no_grad()
def without(page: Page, input: Any, cells: list[list[int]]) -> Without:
    """The answer to an input without the places of these cells, by row and column."""
    adapter, example = page.adapter, page.example(input)
    if len(cells) > CELLS:
        raise UserError(f"cells: must be at most {CELLS:,}, got {len(cells):,}")
    rows, columns = adapter.places(example).shape
    kept = torch.ones(1, rows, columns, dtype=torch.bool)
    for cell in cells:
        if len(cell) != 2 or not (0 <= cell[0] < rows and 0 <= cell[1] < columns):
            raise UserError(f"cells: must be [row, column] of {rows}×{columns}, from 0, got {cell[:3]}")
        kept[0, cell[0], cell[1]] = False
    before = likeliest(page, example)
    shares = adapter.probabilities(adapter.keep(example, kept))[0].numpy()
    return {
        "view": page.view(example),
        "best": best(shares, adapter.module.classes, TOP),
        "before": before,
        "filling": adapter.filling,
    }

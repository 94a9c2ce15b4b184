"""What a design is, and in what two differ."""

import inspect
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from shared.compare.spec import Part
from shared.errors import UserError
from shared.network import Layer, LayerRow, Network, layer_table, single_layers

CHOICES: tuple[str, ...] = (
    "slides along",  # the axes
    "padding",  # of convolutions that see more than a cell
    "pooling",  # each with the number of convolutions before it; also enlarging again
    "map size",  # cells that the head reads
    "kernel",  # of each convolution, and its stride
    "filter order",  # growing, constant or shrinking from the first convolution to the last
    "planes",  # channels of the input
    "input",  # its size, and what happens to it before the layers with weights
    "layers",  # kinds, in order, up to the last convolution that does not give the logits itself
    "head",  # what follows it
    "sequence",  # windows, and what reads them in order
    "norm",
    "activation",
    "bias",
    "dropout",
)
# What has a meaning for a network without filters that slide as well.
ALWAYS = ("slides along", "planes", "input", "sequence", "norm", "activation", "dropout")
# What may follow from a choice, and then has to be named beside it: ``differs: pooling and map size``.
FOLLOWS = {"pooling": "map size", "padding": "map size", "kernel": "map size"}
ALIKE = 1.02  # sizes that differ by no more than this factor are equal
ALONG = {
    (True, True): "both axes",
    (True, False): "axis 1",
    (False, True): "axis 2",
    (False, False): "nothing",
}
CONSTANT = 1.25  # and so are the widths of layers, of which a solver needs some freedom
ELSEWHERE = {  # layers that are no part of ``layers`` or ``head``, but of another choice
    **{"pool": "pooling", "upsample": "pooling", "pad": "padding", "dropout": "dropout"},
    **{"halve": "input", "permute": "input", "center": "input"},
    **{"windows": "sequence", "lstm": "sequence", "pool_windows": "sequence"},
}
OWN = ("norm", "activation", "pad", "bias", "kernel", "stride")  # settings that are choices themselves
Description = Mapping[str, Any]


def describe(network: Network) -> dict[str, Any]:
    """A network as plain JSON: size, input, the axes that filters slide along, and each layer in order."""
    rows = {row.name: row for row in layer_table(network)}
    single = {
        name: layer for name, layer in single_layers(network).items() if not name.endswith(".projection")
    }
    return {
        "params": sum(row.params for row in rows.values()),
        "flops": sum(row.flops for row in rows.values()),
        "channels": network.input_shape.channels,
        "size": list(network.input_shape.size),
        "slides": [any(layer.slides[axis] for layer in single.values()) for axis in (0, 1)],
        "layers": [
            _layer(name, layer, rows[name], logits=name == network.head) for name, layer in single.items()
        ],
    }


def _layer(name: str, layer: Layer, row: LayerRow, *, logits: bool) -> dict[str, Any]:
    parameters = inspect.signature(type(layer)).parameters.values()
    defaults = {one.name: one.default for one in parameters if one.default is not one.empty}
    settings = {key: value for key, value in (defaults | dict(layer.settings)).items() if key != layer.width}
    if layer.kind == "conv":  # of 1×1 filters the setting does nothing
        settings["pad"] = layer.pads or "none"
    spans = getattr(layer, "spans", (False, False))
    kernel = [
        "span" if s or k is None else k for s, k in zip(spans, getattr(layer, "kernel", ()), strict=False)
    ]
    return {
        "name": name,
        "kind": layer.kind,
        "logits": logits,
        "settings": settings,
        "kernel": kernel,
        "stride": list(getattr(layer, "stride", ())),
        "padding": layer.pads or "none",
        "pooling": layer.pools or "none",
        "channels": layer.shape.channels,
        "map": None if layer.shape.flat else list(layer.shape.size),
        "params": row.params,
        "flops": row.flops,
    }


def differences(a: Description, b: Description) -> dict[str, str]:
    """The choices in which two descriptions differ, each with ``x against y``; widths are no choice.

    Along an axis that only one of the two slides along, kernel, pooling and size of the map are part of that
    choice. Where one of them slides along nothing, so is all that has no meaning for it.
    """
    axes = [axis for axis in (0, 1) if a["slides"][axis] and b["slides"][axis]]
    whole = a["slides"] == b["slides"]
    deep = len(_filters(a)) == len(_filters(b))
    mine, its = (_values(one, [0, 1] if whole else axes, each=deep) for one in (a, b))
    compared = CHOICES if whole or (any(a["slides"]) and any(b["slides"])) else ALWAYS
    if not whole and not axes:
        compared = tuple(key for key in compared if key not in ("pooling", "map size", "kernel"))
    return {key: f"{mine[key]} against {its[key]}" for key in compared if mine[key] != its[key]}


def cause(differs: Mapping[str, str]) -> str | None:
    """The choice of ``differences``, where it is one, or one with what follows from it."""
    return next((key for key in differs if set(differs) <= {key, FOLLOWS.get(key)}), None)


def check_one_cause(
    part: Part, place: str, better: Description, than: Description, beside: Mapping[str, str]
) -> None:
    """Refuse a part of a claim whose two designs differ in another choice than the one that it names.

    Args:
        part: of a claim.
        place: where it stands, for the message.
        better: the description of the design that is claimed to be better.
        than: of the other.
        beside: the settings beside the layers in which the two differ, each with ``x against y``; one whose
            last word is a choice, such as ``data.planes``, belongs to it.
    """
    here = f"{place}, {part.better} and {part.than}"
    differs = {
        key.split(".")[-1] if key.split(".")[-1] in CHOICES else key: text for key, text in beside.items()
    }
    differs |= differences(better, than)
    named = (part.differs or "").split(" and ")
    if named[0] != cause(differs) or {*named} != {*differs}:
        known = "; ".join(f"{choice} ({values})" for choice, values in differs.items()) or "nothing"
        one = "must name the one choice in which the two differ"
        raise UserError(f"{here}: differs: {one}, got {part.differs or 'none'}; they differ in {known}")
    if part.parameters is not None:
        return
    for name, key in (("parameters", "params"), ("flops", "flops")):
        sizes = better[key], than[key]
        if name in part.equal and max(sizes) > ALIKE * min(sizes):
            raise UserError(
                f"{here}: {name}: must differ by at most 2 %, got {sizes[0]:,} and {sizes[1]:,}; let fit set "
                "widths, or leave it out of equal where it follows from the choice"
            )


def _filters(network: Description) -> list[dict[str, Any]]:
    return [layer for layer in network["layers"] if layer["kind"] == "conv" and not layer["logits"]]


def _values(network: Description, axes: list[int], *, each: bool) -> dict[str, str]:
    """The value of each choice; of windows and maps along these axes (0 and 1) alone.

    ``each`` has a kernel for each convolution; else, between networks that have not as many, equal ones that
    follow each other count once.
    """
    layers, filters, slides = network["layers"], _filters(network), network["slides"]
    end = layers.index(filters[-1]) + 1 if filters else 0
    before, head = (
        [layer for layer in part if layer["kind"] not in ELSEWHERE] for part in (layers[:end], layers[end:])
    )
    computing = [layer for layer in layers if not layer["logits"]]
    return {
        "slides along": ALONG[tuple(slides)],
        "padding": _padding(layers, filters),
        "pooling": _pooling(layers, axes),
        "map size": _map_before(layers, head, axes, network["size"]),
        "kernel": _listed((_window(layer, axes) for layer in filters), counted=each),
        "filter order": _order([layer["channels"] for layer in filters]),
        "planes": str(network["channels"]),
        "input": ", ".join([_cells(network["size"], [0, 1]), *_of("input", layers)]),
        "layers": _listed(map(_named, before)),
        "head": _listed(map(_named, head)),
        "sequence": ", ".join(_of("sequence", layers)) or "none",
        "norm": _set(computing, "norm"),
        "activation": _set(computing, "activation"),
        "bias": _set(filters, "bias"),
        "dropout": ", ".join(str(layer["settings"]["p"]) for layer in layers if layer["kind"] == "dropout")
        or "none",
    }


def _padding(layers: list[dict[str, Any]], filters: list[dict[str, Any]]) -> str:
    wide = [layer["padding"] for layer in filters if any(k not in (1, "span") for k in layer["kernel"])]
    back = [f"padded to {_cells(layer['map'], [0, 1])}" for layer in layers if layer["kind"] == "pad"]
    return ", ".join(dict.fromkeys([*wide, *back])) or "none"


def _pooling(layers: list[dict[str, Any]], axes: list[int]) -> str:
    steps, before = [], 0
    for layer in layers:
        before += layer["kind"] == "conv"
        if layer["kind"] == "upsample":
            steps.append(f"enlarged to {_cells(layer['map'], axes)} after {before}")
        elif layer["kind"] == "pool" and any(layer["kernel"][axis] != 1 for axis in axes):
            padded = " padded" * layer["settings"]["pad"]
            steps.append(f"{layer['pooling']} {_window(layer, axes)}{padded} after {before}")
    return ", ".join(steps) or "none"


def _map_before(layers: list[Any], head: list[Any], axes: list[int], size: list[int | None]) -> str:
    first = layers.index(head[0]) if head else len(layers)
    return _cells(layers[first - 1]["map"] if first else size, axes)


def _cells(size: list[int | None] | None, axes: list[int]) -> str:
    return "×".join("any" if size[axis] is None else str(size[axis]) for axis in axes) if size else "1"


def _window(layer: dict[str, Any], axes: list[int]) -> str:
    """The window of a layer, and its stride where that is not what it is without being set."""
    kernel, stride = ([layer[key][axis] for axis in axes] for key in ("kernel", "stride"))
    usual = [1 if k == "span" or layer["kind"] == "conv" else k for k in kernel]
    text = "×".join(map(str, kernel))
    return text if stride == usual else f"{text} at stride {'×'.join(map(str, stride))}"


def _order(widths: list[int]) -> str:
    if max(widths, default=1) <= CONSTANT * min(widths, default=1):
        return "constant"
    return {True: "growing"}.get(
        widths == sorted(widths), "shrinking" if widths[::-1] == sorted(widths) else "mixed"
    )


def _named(layer: dict[str, Any]) -> str:
    """A layer by the blocks that it is in, its kind and its settings that are no choices of their own."""
    own = () if layer["kind"] in ELSEWHERE else OWN[:2] if layer["logits"] else OWN
    settings = [f"{key} {value}" for key, value in layer["settings"].items() if key not in own]
    return " ".join([*layer["name"].split(".")[:-1], layer["kind"], *settings])


def _of(choice: str, layers: list[dict[str, Any]]) -> list[str]:
    return [_named(layer) for layer in layers if ELSEWHERE.get(layer["kind"]) == choice]


def _set(layers: list[dict[str, Any]], key: str) -> str:
    return (
        ", ".join(sorted({str(layer["settings"][key]) for layer in layers if key in layer["settings"]}))
        or "none"
    )


def _listed(texts: Iterable[str], *, counted: bool = True) -> str:
    """Texts in order; of those that follow themselves one, with their number."""
    runs = [(text, len(list(same))) for text, same in groupby(texts)]
    return ", ".join(f"{text} ({n} times)" if counted and n > 1 else text for text, n in runs) or "none"

"""A layer from outside the package is one class: squeeze-and-excitation (Hu et al. 2018, section 3)."""

from collections.abc import Iterator

import pytest
import torch
from rich.console import Console
from torch import nn

from domains.image.augment import Changes
from domains.image.data import ImagePreprocessing
from domains.image.explain import ImageDomain
from domains.image.module import ImageClassifier
from shared.config import Count
from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.method import explain
from shared.explain.units import Target, last_maps
from shared.network.build import build_network
from shared.network.layers import LAYERS
from shared.network.layers.base import Layer, Lengths, Maps
from shared.network.shape import Shape
from shared.network.table import layer_table, render

LAYER = {"squeeze_excite": 2}
CONV = {"conv": {"filters": 4, "kernel": 3}}
HEAD = ["flatten", {"dense": "classes"}]
BLOCK = [
    {"conv": {"filters": 4, "kernel": 3, "pad": "zeros", "stride": 2, "norm": "batch", "activation": "none"}},
    LAYER,
]


@pytest.fixture(autouse=True, scope="module")
def registered() -> Iterator[None]:
    class SqueezeExcite(Layer, name="squeeze_excite"):
        """Each channel of a map weighted by a small network over the means of all channels."""

        main = "reduction"

        def __init__(self, shape: Shape, *, reduction: Count = 4):
            super().__init__(shape.whole())
            inner = max(shape.channels // reduction, 1)
            self.squeeze, self.excite = nn.Linear(shape.channels, inner), nn.Linear(inner, shape.channels)

        def forward(self, x: Maps, lengths: Lengths = None) -> Maps:
            weight = self.excite(self.squeeze(x.mean((2, 3))).relu()).sigmoid()
            return x * weight[:, :, None, None]

    yield
    del LAYERS["squeeze_excite"]


def test_it_builds_and_its_mistakes_are_named_as_those_of_others() -> None:
    network = build_network([CONV, LAYER, *HEAD], 1, (8, 8), 3)
    assert network(torch.randn(2, 1, 8, 8)).shape == (2, 3)
    assert network.squeeze_excite1.squeeze.weight.shape == (2, 4)
    for layers, message in (
        ([CONV, {"squeeze_excite": 0}, *HEAD], "reduction: must be a whole number from 1, got 0"),
        ([CONV, {"squeeze_excit": 2}, *HEAD], "did you mean 'squeeze_excite'"),
        (["flatten", LAYER, HEAD[1]], r"layers\[1\].squeeze_excite: it takes maps, not vectors"),
        ([CONV, LAYER, "flatten"], r"must be conv or dense, got layers\[1\].squeeze_excite"),
        ([{"conv": {"filters": "classes", "kernel": 8}}, LAYER, "flatten"], "must be conv or dense, got"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=message):
            build_network(layers, 1, (8, 8), 3)
    layers = [{"defaults": {"squeeze_excite": {"reduction": 1}}}, CONV, "squeeze_excite", *HEAD]
    assert build_network(layers, 1, (8, 8), 3).squeeze_excite1.squeeze.out_features == 4


def test_a_residual_may_end_in_it() -> None:
    block = build_network([{"residual": BLOCK}, *HEAD], 2, (7, 7), 3).residual1
    x = torch.randn(3, 2, 7, 7)
    assert block.projection.norm is not None
    torch.testing.assert_close(block(x), (block.body(x) + block.projection(x)).relu())


def test_every_cell_sees_the_whole_map_and_keeps_its_place() -> None:
    layers = [{"residual": BLOCK}, *HEAD]
    network = build_network(layers, 2, (9, 9), 3).double()
    x = torch.randn(1, 2, 9, 9, dtype=torch.double, requires_grad=True)
    residual = network.residual1
    (slope,) = torch.autograd.grad(residual.body(x, None)[0, :, 0, 0].sum(), x)
    assert bool((slope.abs().sum((0, 1)) > 0).all())
    rows = {row.name: row for row in layer_table(network)}
    assert rows["residual1.body.squeeze_excite1"].field == rows["residual1"].field == (None, None)
    axis = rows["residual1.body.squeeze_excite1"].shape.axes[0]
    assert (axis.start, axis.field, axis.stride) == (-1, 3, 2)
    console = Console(record=True, width=80)
    console.print(render(list(rows.values())))
    text = console.export_text()
    for name in rows:
        assert name in text


def test_its_network_is_explained(adapters: dict[str, InputAdapter]) -> None:
    domain = adapters["image"]
    example = domain.example(domain.data.val_set, 0)
    layers = [{"conv": {"filters": 4, "kernel": 3, "stride": 2}}, LAYER, *HEAD]
    torch.manual_seed(0)
    model = ImageClassifier(
        model={"layers": layers}, planes=1, extent=(28, 28), classes=["a", "b"], optimizer={}, schedule={},
        preprocessing=ImagePreprocessing([0.0], [1.0], Changes(shift=0, flip=False, cutout=0)),
    ).eval()  # fmt: skip
    assert last_maps(model.network) == ["squeeze_excite1"]
    for method in ("grad_cam", "occlusion", "filters"):
        explained = None if method == "filters" else example
        maps = [explain(ImageDomain(model, domain.data), explained, method, Target(n)).map for n in (0, 1)]
        assert all(bool(relevance.isfinite().all()) for relevance in maps)
        assert max(float(relevance.std()) for relevance in maps) > 0
        assert method == "filters" or maps[0].shape == (1, 28, 28)

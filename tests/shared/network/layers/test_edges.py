"""Layers that change what lies at the edge of a map, or where its cells lie."""

import jaxtyping
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.export import Dim

from shared.commands.onnx_model import OnnxFunction, to_onnx
from shared.errors import UserError
from shared.network.build import Network, build_network

HEAD = [{"conv": {"filters": "classes", "kernel": 1}}, {"pool": "span"}, "flatten"]
NUMPY = {"zeros": "constant", "replicate": "edge", "reflect": "reflect", "circular": "wrap"}


def built(*layers: object, size: tuple = (6, 7), channels: int = 2) -> Network:
    torch.manual_seed(0)
    return build_network([*layers, *HEAD], channels, size, 3)


def conv(pad: str, kernel: object = (5, 3), **settings: object) -> dict:
    return {"conv": {"filters": 4, "kernel": list(kernel), "pad": pad, **settings}}  # type: ignore[call-overload]


def changed(network: Network, name: str, cell: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """Which cells of an input change what a cell of a layer holds."""
    layers = dict(network.named_children())
    x = torch.zeros(1, 2, *size, requires_grad=True)
    y: torch.Tensor = x
    for one, layer in layers.items():
        y = layer(y)
        if one == name:
            break
    y[0, :, cell[0], cell[1]].sum().backward()
    assert x.grad is not None
    return x.grad[0].abs().sum(0).numpy() > 0


@pytest.mark.parametrize("pad", NUMPY)
def test_a_padded_convolution_is_a_valid_one_of_the_padded_map(pad: str) -> None:
    layer = built(conv(pad, stride=[2, 1], activation="none")).conv1
    x = torch.randn(3, 2, 6, 7)
    around = torch.from_numpy(np.pad(x.numpy(), [(0, 0), (0, 0), (2, 2), (1, 1)], mode=NUMPY[pad]))
    torch.testing.assert_close(layer(x), F.conv2d(around, layer.weight, layer.bias, stride=(2, 1)))
    assert layer.shape.size == layer(x).shape[2:] == (3, 7)
    assert layer.pads == pad


@pytest.mark.parametrize("kernel", [["span", 3], [3, "span"]])
def test_padding_of_a_filter_that_spans_the_other_axis(kernel: list) -> None:
    layer = built(conv("circular", kernel, activation="none")).conv1
    x = torch.randn(3, 2, 6, 7)
    along = 1 if kernel[0] == "span" else 0
    width = [(0, 0), (0, 0), (1 - along, 1 - along), (along, along)]
    around = torch.from_numpy(np.pad(x.numpy(), width, mode="wrap"))
    torch.testing.assert_close(layer(x), F.conv2d(around, layer.weight, layer.bias))


def test_pads_names_what_is_there() -> None:
    assert built(conv("reflect", (1, 1))).conv1.pads is None
    assert built({"pad": 9}).pad1.pads == "zeros"
    assert built({"pad": [6, 7]}).pad1.pads is None


def test_a_map_without_an_edge_is_the_same_wherever_it_begins() -> None:
    layer = built(conv("circular")).conv1
    x = torch.randn(1, 2, 6, 7)
    torch.testing.assert_close(layer(x.roll((2, 3), (2, 3))), layer(x).roll((2, 3), (2, 3)))


@pytest.mark.parametrize("type", ["max", "avg", "both"])
def test_pooling_that_keeps_the_size_ignores_what_lies_beyond_the_edge(type: str) -> None:
    layer = built({"pool": {"kernel": [3, 5], "stride": 1, "pad": True, "type": type}}).pool1
    x = torch.randn(2, 2, 6, 7) - 9  # zeros would be the maximum, and would raise the mean
    expected = torch.empty(2, 4, 6, 7)
    for row in range(6):
        for column in range(7):
            window = x[:, :, max(row - 1, 0) : row + 2, max(column - 2, 0) : column + 3]
            expected[:, :, row, column] = torch.cat([window.amax((2, 3)), window.mean((2, 3))], 1)
    wanted = {"max": expected[:, :2], "avg": expected[:, 2:], "both": expected}[type]
    torch.testing.assert_close(layer(x), wanted)
    assert layer.pads is None


def test_pooled_and_enlarged_again_each_cell_stands_in_its_place() -> None:
    network = built({"pool": 2}, {"upsample": {"times": 2, "to": 5}}, size=(5, 5))
    x = torch.arange(25.0).view(1, 1, 5, 5).expand(1, 2, 5, 5)
    enlarged = network.upsample1(network.pool1(x))
    assert enlarged[0, 0].tolist() == [[6, 6, 8, 8, 8]] * 2 + [[16, 16, 18, 18, 18]] * 3
    assert network.upsample1.shape.size == (5, 5)
    assert network.upsample1.pads is None


def test_a_map_in_the_middle_of_zeros() -> None:
    layer = built({"pad": {"to": [9, 8]}}).pad1
    x = torch.ones(1, 2, 6, 7)
    assert layer(x)[0, 0].nonzero().amin(0).tolist() == [1, 0]
    assert (layer(x).sum(), layer.shape.size) == (84, (9, 8))


def test_halving_drops_every_second_row_and_column() -> None:
    x = torch.arange(42.0).view(1, 1, 6, 7).expand(1, 2, 6, 7)
    both = built({"halve": [2, 1]}).halve1(x)
    assert torch.equal(both[..., ::2, ::2], x[..., ::2, ::2])
    assert torch.equal(both[..., 1::2, 1::2], x[..., ::2, :-1:2])
    columns = built({"halve": 2}).halve1(x)
    assert torch.equal(columns[..., 6], x[..., 6])
    assert torch.equal(columns[..., 1], x[..., 0])
    assert "halve1" not in dict(built({"halve": "none"}).named_children())


def test_permuting_reorders_the_cells_of_one_axis_alike_in_all_examples() -> None:
    layer = built({"permute": {"axis": 2, "seed": 3}}).permute1
    x = torch.randn(3, 2, 6, 7)
    assert layer.order.tolist() == [
        4,
        6,
        5,
        3,
        1,
        0,
        2,
    ]  # whatever the versions: weights were trained in this order
    assert torch.equal(layer(x)[..., layer.order.argsort()], x)
    assert not torch.equal(layer(x), x)
    assert torch.equal(layer.order, built({"permute": {"axis": 2, "seed": 3}}).permute1.order)
    assert not layer.state_dict()
    assert "permute1" not in dict(built({"permute": {"axis": 2, "seed": "none"}}).named_children())


@pytest.mark.parametrize(
    "layers",
    [
        [conv("replicate")],
        [conv("reflect"), conv("reflect", (3, 3))],
        [conv("circular", (3, 3))],
        [{"pool": {"kernel": 3, "stride": 1, "pad": True, "type": "avg"}}],
        [{"pool": 2}, {"upsample": {"times": 2, "to": [6, 7]}}],
        [{"conv": {"filters": 2, "kernel": 1, "stride": 3}}, {"upsample": 2}],
        [conv("none", (3, 3)), {"pad": [6, 7]}],
        [{"halve": [1, 2]}, conv("zeros", (3, 3))],
        [{"permute": {"axis": 1}}],
    ],
    ids=str,
)
def test_a_cell_sees_no_more_than_its_box(layers: list) -> None:
    network = built(*layers)
    name, layer = list(network.named_children())[len(layers) - 1]
    for row in range(int(layer.shape.size[0] or 0)):
        for column in range(int(layer.shape.size[1] or 0)):
            rows, columns = layer.shape.sees((row, column), (6, 7))
            outside = changed(network, name, (row, column), (6, 7))
            outside[rows.start : rows.stop, columns.start : columns.stop] = False
            assert not outside.any(), (row, column)


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        (
            [conv("reflect", (13, 1))],
            ["kernel: must be at most 11 with pad: reflect on axis 1 of 6", "got 13"],
        ),
        ([conv("circular", (3, 17))], ["kernel: must be at most 15 with pad: circular on axis 2", "got 17"]),
        ([conv("replicate", (4, 1))], ["kernel: must be odd with pad: replicate", "got 4"]),
        ([conv("mirror")], ["pad: must be 'none' or 'zeros' or", "'circular', got 'mirror'"]),
        ([{"pool": {"kernel": 2, "pad": True}}], ["layers[0].pool.kernel: must be odd with pad", "got 2"]),
        ([{"pool": {"kernel": 3, "pad": "zeros"}}], ["layers[0].pool.pad: must be true or false"]),
        ([{"pad": [5, 9]}], ["layers[0].pad.to: must be at least 6, the size of axis 1, got 5"]),
        ([{"pad": 0}], ["layers[0].pad.to: must be a whole number from 1", "got 0"]),
        (
            [{"upsample": {"times": 2, "to": [12, 13]}}],
            ["upsample.to: must be at least 14 on axis 2, got 13"],
        ),
        (
            [{"pad": 9000}],
            ["pad.to: must give a map of at most 16,777,216 numbers, got 2 channels of 9000×9000"],
        ),
        ([{"upsample": 9000}], ["layers[0].upsample.times: must give a map of at most 16,777,216 numbers"]),
        ([{"upsample": 0}], ["layers[0].upsample.times: must be a whole number from 1", "got 0"]),
        ([{"halve": [1, 1]}], ["layers[0].halve.axes: must be none, 1, 2 or [1, 2], got [1, 1]"]),
        ([{"halve": []}], ["halve.axes: must be none, 1, 2 or [1, 2], got []"]),
        ([{"halve": 3}], ["layers[0].halve.axes: must be", "got 3"]),
        ([{"halve": True}], ["layers[0].halve.axes: must be", "got true"]),
        ([{"permute": {"axis": 0}}], ["layers[0].permute.axis: must be 1 or 2, got 0"]),
        ([{"permute": {"axis": 1, "seed": -1}}], ["layers[0].permute.seed: must be", "got -1"]),
        (["flatten", {"pad": 3}], ["layers[1].pad", "before `flatten`"]),
    ],
    ids=str,
)
def test_mistakes(layers: list, words: list[str]) -> None:
    with pytest.raises(UserError) as error:
        built(*layers)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (conv("circular", (3, 1)), "conv.pad: must be none or zeros where axis 1 varies .* got circular"),
        (
            {"pool": {"kernel": [3, 1], "pad": True, "stride": 1, "type": "avg"}},
            "pool.type: must be max with pad where axis 1 varies .* got avg",
        ),
        ({"permute": {"axis": 1}}, "permute.axis: must be 2 where axis 1 varies .* got 1"),
        ({"upsample": 2}, "upsample: it takes maps of one size"),
        ({"pad": 9}, "pad: it takes maps of one size"),
    ],
)
def test_what_an_axis_that_varies_refuses(layer: dict, words: str) -> None:
    with pytest.raises(UserError, match=words):
        built(layer, size=(None, 7))


@pytest.mark.slow
def test_all_of_them_export(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # sizes of a program are symbols
    network = built(
        {"halve": [1, 2]},
        {"permute": {"axis": 2}},
        conv("replicate"),
        conv("reflect"),
        conv("circular", norm="batch"),
        {"pool": {"kernel": 3, "stride": 1, "pad": True, "type": "both"}},
        {"pool": 2},
        {"upsample": {"times": 2, "to": [6, 7]}},
        {"conv": {"filters": 3, "kernel": 3}},
        {"pad": [6, 7]},
    ).eval()
    program = torch.export.export(network, (torch.randn(2, 2, 6, 7),), dynamic_shapes=[{0: Dim.DYNAMIC}])
    model = OnnxFunction(to_onnx(program, ["logits"]))
    x = torch.randn(5, 2, 6, 7)
    torch.testing.assert_close(
        torch.from_numpy(model({model.inputs[0]: x})[0]), network(x), atol=1e-4, rtol=1e-4
    )

"""The worked numbers of convolution and pooling."""

import pytest
import torch
import torch.nn.functional as F

from shared.network.build import build_network
from shared.network.layers.conv import Conv
from shared.network.layers.pool import Pool
from shared.network.shape import Axis, Shape, slid
from tests.shared.network.dense_matrix import as_dense_matrix

IMAGE = torch.tensor(
    [
        [1, 0, 0, 0, 0, 1],
        [0, 1, 0, 0, 1, 0],
        [0, 0, 1, 1, 0, 0],
        [1, 0, 0, 0, 1, 0],
        [0, 1, 0, 0, 1, 0],
        [0, 0, 1, 0, 1, 0],
    ]
).float()[None, None]
FILTERS = torch.tensor([[[1, -1, -1], [-1, 1, -1], [-1, -1, 1]], [[-1, 1, -1], [-1, 1, -1], [-1, 1, -1]]])
MAPS = torch.tensor(
    [
        [[3, -1, -3, -1], [-3, 1, 0, -3], [-3, -3, 0, 1], [3, -2, -2, -1]],
        [[-1, -1, -1, -1], [-1, -1, -2, 1], [-1, -1, -2, 1], [-1, 0, -4, 3]],
    ]
).float()
SHAPE = Shape(1, (Axis(6), Axis(6)))


def two_filters(**settings: object) -> Conv:
    conv = Conv(SHAPE, filters=2, kernel=3, activation="none", bias=False, **settings)
    with torch.no_grad():
        conv.weight.copy_(FILTERS[:, None])
    return conv


def test_the_two_filters_maps() -> None:
    assert torch.equal(two_filters()(IMAGE)[0], MAPS)


def test_stride_2_takes_every_second_place() -> None:
    maps = two_filters(stride=2)(IMAGE)[0]
    assert maps[0, 0].tolist() == [3, -3]
    assert torch.equal(maps, MAPS[:, ::2, ::2])


def test_max_pooling() -> None:
    pooled = Pool(two_filters().shape, kernel=2)(MAPS[None])[0]
    assert pooled.tolist() == [[[3, 0], [3, 1]], [[-1, 1], [0, 3]]]


def test_average_pooling_and_both_side_by_side() -> None:
    shape = two_filters().shape
    mean = Pool(shape, kernel=2, type="avg")(MAPS[None])[0]
    assert mean[0].tolist() == [[0, -1.75], [-1.25, -0.5]]
    both = Pool(shape, kernel=2, type="both")
    assert both.shape.channels == 4
    assert torch.equal(both(MAPS[None])[0], torch.cat([Pool(shape, kernel=2)(MAPS[None])[0], mean]))


@pytest.mark.parametrize("m", [5, 6, 19, 28])
@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("s", [1, 2, 3])
def test_side_of_a_valid_convolution(m: int, n: int, s: int) -> None:
    conv = Conv(Shape(1, (Axis(m), Axis(m))), filters=1, kernel=n, stride=s)
    assert conv(torch.zeros(1, 1, m, m)).shape[2:] == conv.shape.size == ((m - n) // s + 1,) * 2
    assert slid(m, n, s) == (m - n) // s + 1


def test_pooling_drops_odd_rows_left_over() -> None:
    x = torch.arange(25.0).view(1, 1, 5, 5)
    pool = Pool(Shape(1, (Axis(5), Axis(5))), kernel=2)
    assert pool.shape.size == (2, 2)
    assert pool(x)[0, 0].tolist() == [[6, 8], [16, 18]]


def test_a_filter_has_the_depth_of_its_input() -> None:
    conv = Conv(Shape(25, (Axis(13), Axis(13))), filters=50, kernel=3)
    assert conv.weight[0].numel() == 225
    assert conv(torch.zeros(1, 25, 13, 13)).shape == (1, 50, 11, 11)


def test_the_neurons_wiring() -> None:
    matrix, bias = as_dense_matrix(two_filters(), (6, 6))
    corner, neighbour = matrix[0], matrix[1]
    assert (corner.nonzero()[:, 0] + 1).tolist() == [1, 2, 3, 7, 8, 9, 13, 14, 15]
    assert (neighbour.nonzero()[:, 0] + 1).tolist() == [2, 3, 4, 8, 9, 10, 14, 15, 16]
    assert corner[corner != 0].tolist() == neighbour[neighbour != 0].tolist() == FILTERS[0].flatten().tolist()
    assert torch.equal(matrix @ IMAGE.flatten() + bias, MAPS.flatten())


CONVS = [
    {"kernel": 3},
    {"kernel": [2, 3], "stride": [2, 1]},
    {"kernel": [3, 5], "pad": "zeros"},
    {"kernel": 3, "pad": "zeros", "stride": 2, "bias": "position"},
    {"kernel": [3, "span"]},
    {"kernel": ["span", 2], "stride": 2, "bias": "position"},
    {"kernel": "span"},
    {"kernel": [3, "span"], "pad": "zeros", "bias": False},
]


@pytest.mark.parametrize("settings", CONVS, ids=str)
def test_a_convolution_is_a_dense_layer(settings: dict) -> None:
    torch.manual_seed(0)
    conv = Conv(Shape(3, (Axis(7), Axis(6))), filters=4, activation="none", **settings).double()
    if conv.bias is not None:
        torch.nn.init.normal_(conv.bias)
    x = torch.randn(5, 3, 7, 6, dtype=torch.float64)
    matrix, bias = as_dense_matrix(conv, (7, 6))
    torch.testing.assert_close(x.flatten(1) @ matrix.T + bias, conv(x).flatten(1))


@pytest.mark.parametrize(
    ("kernel", "stride", "pad"),
    [
        ([3, "span"], 1, "none"),
        ([3, "span"], [2, 1], "zeros"),
        (["span", 3], [1, 2], "none"),
        (["span", 3], 1, "zeros"),
        ("span", 1, "none"),
        ([7, 6], 1, "none"),
    ],
    ids=str,
)
def test_a_span_in_its_cheaper_form_has_the_same_values_and_gradients(
    kernel: object, stride: object, pad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    conv = Conv(Shape(3, (Axis(7), Axis(6))), filters=4, kernel=kernel, stride=stride, pad=pad).double()
    assert conv.weight.shape == (4, 3, *conv.kernel)
    x = torch.randn(5, 3, 7, 6, dtype=torch.float64, requires_grad=True)
    inputs = [x, conv.weight, conv.bias]
    reference = F.conv2d(x, conv.weight, conv.bias, conv.stride, conv.pad).relu()
    signs = torch.randn_like(reference)
    expected = torch.autograd.grad((reference * signs).sum(), inputs)
    monkeypatch.setattr(F, "conv2d", None)  # fails if the cheaper form is not used
    result = conv(x)
    torch.testing.assert_close(result, reference)
    torch.testing.assert_close(torch.autograd.grad((result * signs).sum(), inputs), expected)


def test_layer_by_layer_parameters_of_the_tutorial_network() -> None:
    layers = [
        {"conv": {"filters": 32, "kernel": 3}},
        {"pool": {"kernel": 2}},
        {"conv": {"filters": 64, "kernel": 3}},
        {"pool": {"kernel": 2}},
        {"conv": {"filters": 64, "kernel": 3}},
        "flatten",
        {"dense": 64},
        {"dense": "classes"},
    ]
    network = build_network(layers, 3, (32, 32), 10)
    counts = [sum(p.numel() for p in layer.parameters()) for layer in network.children()]
    assert counts == [896, 0, 18_496, 0, 36_928, 0, 65_600, 650]

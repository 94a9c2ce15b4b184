"""Networks as lists of layers: networks that are built, and mistakes that are refused."""

import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from shared.errors import UserError
from shared.network.build import build_network

CONV = {"conv": {"filters": 4, "kernel": 3}}
HEAD = ["flatten", {"dense": "classes"}]


def conv(**settings: object) -> dict:
    return {"conv": {"filters": 4, "kernel": 3, **settings}}


def test_layers_are_named_by_kind_and_number() -> None:
    layers = [
        {"repeat": {"times": 2, "layers": [conv(pad="zeros")]}},
        {"side_by_side": [[conv()], [conv(), {"dropout": 0.5}]]},
        {"pool": {"kernel": 2, "type": "none"}},
        {"residual": [conv(filters=6, pad="zeros")]},
        *HEAD,
    ]
    network = build_network(layers, 3, (8, 8), 5)
    assert [name for name, _ in network.named_children()] == [
        "conv1",
        "conv2",
        "side_by_side1",
        "residual1",
        "flatten1",
        "dense1",
    ]
    assert network.get_submodule("side_by_side1.branch2.conv1").shape.channels == 4
    assert network.get_submodule("residual1.projection").kernel == (1, 1)
    assert network(torch.zeros(2, 3, 8, 8)).shape == (2, 5)


def test_equals_the_same_network_of_plain_torch_layers() -> None:
    torch.manual_seed(0)
    layers = [
        conv(filters=5),
        {"pool": {"kernel": 2}},
        conv(filters=6, norm="batch", pad="zeros", activation="gelu"),
        "flatten",
        {"dense": {"units": 7, "norm": "batch"}},
        {"dense": "classes"},
    ]
    network = build_network(layers, 2, (9, 8), 3)
    plain = nn.Sequential(
        nn.Conv2d(2, 5, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(5, 6, 3, padding=1, bias=False),
        nn.BatchNorm2d(6),
        nn.GELU(),
        nn.Flatten(),
        nn.Linear(54, 7, bias=False),
        nn.BatchNorm1d(7),
        nn.ReLU(),
        nn.Linear(7, 3),
    )
    parameters = sorted(plain.named_parameters(), key=lambda each: int(each[0].split(".")[0]))
    for ours, (_, theirs) in zip(
        [
            network.conv1.weight,
            network.conv1.bias,
            network.conv2.weight,
            network.conv2.norm.weight,
            network.conv2.norm.bias,
            network.dense1.weight,
            network.dense1.norm.weight,
            network.dense1.norm.bias,
            network.dense2.weight,
            network.dense2.bias,
        ],
        parameters,
        strict=True,
    ):
        theirs.data.copy_(ours.data)
    x = torch.randn(4, 2, 9, 8)
    torch.testing.assert_close(network(x), plain(x))
    torch.testing.assert_close(network.eval()(x), plain.eval()(x))


def test_the_last_layer_with_weights_gives_plain_logits() -> None:
    layers = [CONV, conv(filters="classes"), {"pool": {"kernel": "span", "type": "avg"}}, "flatten"]
    network = build_network(layers, 1, (6, 6), 3)
    assert network.conv1.activate is F.relu
    assert (network(torch.randn(9, 1, 6, 6)) < 0).any()


def test_a_residual_is_activated_after_the_sum() -> None:
    layers = [{"residual": [conv(filters=2, pad="zeros"), conv(filters=2, pad="zeros")]}, *HEAD]
    block = build_network(layers, 2, (5, 5), 3).residual1
    assert block.projection is None
    x = torch.randn(3, 2, 5, 5)
    inner = F.conv2d(x, block.body.conv1.weight, block.body.conv1.bias, padding=1).relu()
    inner = F.conv2d(inner, block.body.conv2.weight, block.body.conv2.bias, padding=1)
    torch.testing.assert_close(block(x), (inner + x).relu())


def test_a_residual_with_a_stride_projects_its_input() -> None:
    layers = [{"residual": [conv(pad="zeros", stride=2), conv(pad="zeros", norm="batch")]}, *HEAD]
    block = build_network(layers, 2, (7, 7), 3).residual1
    x = torch.randn(3, 2, 7, 7)
    around = block.projection.norm(F.conv2d(x, block.projection.weight, stride=2))
    torch.testing.assert_close(block(x), (block.body(x) + around).relu())


def test_a_residual_of_dense_layers() -> None:
    network = build_network(["flatten", {"residual": [{"dense": 8}]}, {"dense": "classes"}], 1, (3, 3), 2)
    x = torch.randn(4, 9)
    block = network.residual1
    around = F.linear(x, block.projection.weight, block.projection.bias)
    torch.testing.assert_close(block(x), (block.body(x) + around).relu())


def test_branches_stand_side_by_side() -> None:
    layers = [{"side_by_side": [[conv(pad="zeros")], [conv(filters=2, kernel=5, pad="zeros")]]}, *HEAD]
    network = build_network(layers, 1, (6, 6), 3)
    x, module = torch.randn(2, 1, 6, 6), network.side_by_side1
    assert torch.equal(module(x), torch.cat([module.branch1(x), module.branch2(x)], 1))
    assert module.shape.channels == 6


def test_position_bias_is_one_a_point() -> None:
    layers = [conv(filters=1, kernel=1, bias="position"), "flatten"]
    network = build_network(layers, 3, (4, 5), 20)
    assert network.conv1.bias.shape == (1, 4, 5)
    torch.nn.init.normal_(network.conv1.bias)
    torch.testing.assert_close(network(torch.zeros(2, 3, 4, 5))[1], network.conv1.bias.flatten())


def test_global_bias_is_linear_in_means_and_maxima_of_the_input() -> None:
    layer = build_network([conv(pad="zeros", bias="global", activation="none"), *HEAD], 3, (8, 8), 3).conv1
    x = torch.randn(2, 3, 8, 8)
    without = F.conv2d(x, layer.weight, layer.bias, padding=1)
    assert torch.equal(layer(x), without)  # it starts as no bias
    torch.nn.init.normal_(layer.pooled)
    pooled = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)
    bias = pooled @ layer.pooled.T / 6**0.5
    torch.testing.assert_close(layer(x), without + bias[:, :, None, None])


def test_a_padded_filter_may_be_larger_than_the_map() -> None:
    network = build_network([{"conv": {"filters": 4, "kernel": 5, "pad": "zeros"}}, "flatten"], 3, (2, 1), 8)
    x = torch.randn(2, 3, 2, 1)
    conv = network.conv1
    expected = F.conv2d(x, conv.weight, conv.bias, padding=2)
    assert torch.allclose(network(x), expected.flatten(1), atol=1e-6)


def test_signals_keep_their_size_through_a_deep_network_without_norm() -> None:
    torch.manual_seed(0)
    layers = [{"repeat": {"times": 20, "layers": [conv(filters=64, pad="zeros")]}}, *HEAD]
    network = build_network(layers, 48, (9, 9), 2)
    x = torch.randn(8, 48, 9, 9)
    y = network.conv20(network.conv19(nn.Sequential(*list(network.children())[:18])(x)))
    assert 0.1 < y.std() / x.std() < 10


def test_dropout_only_in_training() -> None:
    network = build_network(["flatten", {"dropout": 0.5}, {"dense": "classes"}], 1, (4, 4), 2)
    x = torch.ones(50, 16)
    assert 0.4 < (network.dropout1(x) == 0).float().mean() < 0.6
    assert torch.equal(network.eval().dropout1(x), x)


def test_builds_without_memory_for_weights() -> None:
    with torch.device("meta"):
        network = build_network([conv(norm="batch"), *HEAD], 1, (6, 6), 3)
    assert network.conv1.weight.is_meta


SPAN_POOL = {"pool": {"kernel": ["span", 1]}}
WINDOWS = {"windows": {"size": 3, "hop": 1}}

MISTAKES = {
    "unknown layer": (
        [{"cnov": {"filters": 4}}],
        ["layers[0]: there is no layer 'cnov'", "did you mean 'conv'"],
    ),
    "unknown key": (
        [conv(kernal=3)],
        ["layers[0].conv.kernal: there is no such key", "did you mean 'kernel'"],
    ),
    "a key of nothing": ([CONV, {"flatten": {"x": 1}}], ["layers[1].flatten.x: there is no such key"]),
    "missing key": ([{"conv": {"filters": 4}}], ["layers[0].conv.kernel: must be", "span", "missing"]),
    "missing all": (["conv"], ["layers[0].conv.filters: must be", "missing"]),
    "wrong type": (
        [conv(filters="many")],
        ["layers[0].conv.filters: must be a whole number from 1, got 'many'"],
    ),
    "true is no number": ([conv(filters=True)], ["filters: must be a whole number from 1, got true"]),
    "zero": ([conv(filters=0)], ["layers[0].conv.filters: must be a whole number from 1, got 0"]),
    "negative": ([conv(stride=-1)], ["stride: must be a whole number from 1 or", "got -1"]),
    "three kernels": (
        [conv(kernel=[1, 2, 3])],
        ["layers[0].conv.kernel: must be one value or a list of two", "[1, 2, 3]"],
    ),
    "unknown word": ([conv(pad="same")], ["pad: must be 'none' or 'zeros' or", "got 'same'"]),
    "unknown activation": (
        [conv(activation="rely"), *HEAD],
        ["activation: must be 'relu' or 'none'", "got 'rely'"],
    ),
    "null": ([conv(norm=None)], ["norm: must be 'none' or 'batch', got null"]),
    "two names": ([{"conv": {}, "pool": {}}], ["layers[0]: must be a layer's name"]),
    "not a layer": ([7], ["layers[0]", "7"]),
    "not a list": ("flatten", ["layers", "'flatten'", "list"]),
    "empty": ([], ["layers", "list"]),
    "settings missing": ([{"conv": None}], ["layers[0].conv.filters: must be a whole number", "got null"]),
    "larger than the map": (
        [CONV, conv(kernel=[4, 9]), *HEAD],
        ["layers[1].conv.kernel: must be at most 6", "axis 2", "got 9", "4 channels of 6×6"],
    ),
    "even kernel": (
        [conv(kernel=4, pad="zeros"), *HEAD],
        ["layers[0].conv.kernel: must be odd with pad: zeros", "got 4"],
    ),
    "pooled away": (
        [*[{"pool": {"kernel": 2}}] * 4, *HEAD],
        ["layers[3].pool.kernel: must be at most 1", "got 2", "1 channels of 1×1"],
    ),
    "conv after flatten": (["flatten", CONV, *HEAD], ["layers[1].conv", "before `flatten`", "64 features"]),
    "dense before flatten": (
        [CONV, {"dense": "classes"}],
        ["layers[1].dense", "flatten", "4 channels of 6×6"],
    ),
    "lstm without windows": (
        [CONV, "flatten", {"lstm": 8}, {"dense": "classes"}],
        ["layers[2].lstm", "windows"],
    ),
    "lstm before flatten": ([WINDOWS, {"lstm": 8}, {"dense": "classes"}], ["layers[1].lstm", "flatten"]),
    "windows of windows": ([WINDOWS, WINDOWS, *HEAD], ["layers[1].windows", "already"]),
    "window too large": (
        [{"windows": {"size": 9, "hop": 1}}, *HEAD],
        ["layers[0].windows.size: must be at most 8", "got 9"],
    ),
    "no probability": (
        ["flatten", {"dropout": 1.5}, {"dense": "classes"}],
        ["layers[1].dropout.p: must be a number in [0, 1), got 1.5"],
    ),
    "no times": (
        [{"repeat": {"times": 0, "layers": [CONV]}}, *HEAD],
        ["layers[0].repeat.times: must be a whole number from 1, got 0"],
    ),
    "repeat without layers": ([{"repeat": {"times": 2}}, *HEAD], ["layers[0].repeat", "layers"]),
    "inside repeat": (
        [{"repeat": {"times": 4, "layers": [CONV]}}, *HEAD],
        ["layers[0].repeat.layers[0].conv.kernel: must be", "got 3", "4 channels of 2×2"],
    ),
    "inside a branch": (
        [{"side_by_side": [[CONV], [CONV, conv(kernel=7)]]}, *HEAD],
        ["layers[0].side_by_side[1][1].conv.kernel: must be", "got 7"],
    ),
    "one branch": ([{"side_by_side": [[CONV]]}, *HEAD], ["layers[0].side_by_side", "two or more"]),
    "branches of two sizes": (
        [{"side_by_side": [[CONV], [conv(kernel=5)]]}, *HEAD],
        ["layers[0].side_by_side", "6×6", "branch 1", "4×4"],
    ),
    "a sum of two sizes": ([{"residual": [CONV]}, *HEAD], ["layers[0].residual", "8×8", "6×6", "zeros"]),
    "a sum of a pool": ([{"residual": [CONV, {"pool": {"kernel": 1}}]}, *HEAD], ["residual", "pool"]),
    "norm and position": (
        [conv(norm="batch", bias="position"), *HEAD],
        ["layers[0].conv.bias: must be true, false or global", "norm", "got position"],
    ),
    "activated logits": (
        [CONV, "flatten", {"dense": {"units": "classes", "activation": "relu"}}],
        ["layers[2].dense.activation: must not be set in", "logits", "got relu"],
    ),
    "normed logits": (
        [conv(norm="batch"), "flatten"],
        ["layers[0].conv.norm: must not be set in", "logits", "got batch"],
    ),
    "no weights": (["flatten"], ["layers", "logits"]),
    "all switched off": ([{"pool": {"kernel": 2, "type": "none"}}], ["layers", "logits", "got none"]),
    "ends in a block": ([{"residual": [conv(pad="zeros")]}, "flatten"], ["layers", "conv or dense"]),
    "ends in a map": ([CONV], ["layers", "4 channels of 6×6", "flatten"]),
    "other classes": ([CONV, "flatten"], ["144 features", "3 logits, one a class"]),
}


@pytest.mark.parametrize(("layers", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_its_place_and_remedy(layers: object, words: list[str]) -> None:
    with pytest.raises(UserError) as error:
        build_network(layers, 1, (8, 8), 3)
    for word in words:
        assert word in str(error.value)


VARYING_MISTAKES = {
    "span": (
        [conv(kernel=["span", 3])],
        ["layers[0].conv.kernel: must be a number on axis 1", "got span", "pool"],
    ),
    "position bias": (
        [conv(bias="position")],
        ["layers[0].conv.bias: must be true or false", "axis 1", "got position"],
    ),
    "global bias": (
        [conv(bias="global")],
        ["layers[0].conv.bias: must be true or false", "axis 1", "got global"],
    ),
    "flatten": ([CONV, *HEAD], ["layers[1].flatten", "axis 1 varies", "[span, 1]"]),
    "windows": ([WINDOWS, *HEAD], ["layers[0].windows", "axis 1"]),
    "branches": (
        [{"side_by_side": [[conv(kernel=[3, 1])], [conv(kernel=[4, 1])]]}, SPAN_POOL, *HEAD],
        ["layers[0].side_by_side", "varies"],
    ),
    "sum": ([{"residual": [conv(kernel=[3, 1])]}, SPAN_POOL, *HEAD], ["layers[0].residual"]),
}


@pytest.mark.parametrize(("layers", "words"), VARYING_MISTAKES.values(), ids=VARYING_MISTAKES.keys())
def test_a_mistake_on_an_axis_that_varies(layers: list, words: list[str]) -> None:
    layers = layers if layers[-1] == HEAD[-1] else [*layers, SPAN_POOL, *HEAD]
    with pytest.raises(UserError) as error:
        build_network(layers, 1, (None, 8), 3)
    for word in words:
        assert word in str(error.value)


def test_defaults_are_settings_of_all_layers_of_a_kind() -> None:
    defaults = {
        "conv": {"kernel": 3, "pad": "zeros", "norm": "batch", "activation": "gelu"},
        "pool": {"type": "avg"},
    }
    short = [
        {"conv": 4},
        {"pool": 2},
        {"residual": [{"conv": {"filters": 4, "norm": "none"}}]},
        conv(filters="classes"),
        "flatten",
    ]
    full = [
        conv(pad="zeros", norm="batch", activation="gelu"),
        {"pool": {"kernel": 2, "type": "avg"}},
        {"residual": [conv(pad="zeros", activation="gelu")]},
        conv(filters="classes", pad="zeros"),
        "flatten",
    ]
    x, outputs = torch.randn(2, 1, 2, 2), []
    for layers in ([{"defaults": defaults}, *short], full):
        torch.manual_seed(0)
        network = build_network(layers, 1, (2, 2), 3)
        outputs.append(network(x))
        assert network.conv2.norm is None
        assert network.conv2.activate(torch.tensor(-1.0)) == -1
    assert torch.equal(*outputs)


@pytest.mark.parametrize(
    ("defaults", "message"),
    [
        ({"cnov": {"pad": "zeros"}}, "layers[0].defaults.cnov: there is no such layer; did you mean 'conv'"),
        (
            {"conv": {"nrom": "batch"}},
            "layers[0].defaults.conv.nrom: there is no such key; did you mean 'norm'",
        ),
        (
            {"conv": {"norm": "batsch"}},
            "layers[0].defaults.conv.norm: must be 'none' or 'batch', got 'batsch'",
        ),
        ({"conv": {"stride": 0}}, "layers[0].defaults.conv.stride: must be a whole number from 1 or"),
        ({"conv": "batch"}, "layers[0].defaults.conv: must be a mapping, got 'batch'"),
        (["conv"], "layers[0].defaults: must be a mapping, got ['conv']"),
    ],
)
def test_a_mistake_in_defaults_is_named(defaults: object, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        build_network([{"defaults": defaults}, CONV, *HEAD], 1, (8, 8), 3)


def test_norm_and_activation_are_layers_too() -> None:
    torch.manual_seed(0)
    block = ["norm", {"activation": "gelu"}, conv(filters=2, pad="zeros", activation="none")]
    layers = [
        {"residual": block},
        {"pool": 2},
        {"norm": "none"},
        {"activation": "tanh"},
        "flatten",
        "norm",
        HEAD[1],
    ]
    network = build_network(layers, 2, (6, 6), 3)
    x = torch.randn(5, 2, 6, 6)
    inner, conv1 = network.residual1.body, network.residual1.body.conv1
    normal = (x - x.mean((0, 2, 3), keepdim=True)) / (
        x.var((0, 2, 3), correction=0, keepdim=True) + 1e-5
    ).sqrt()
    expected = F.conv2d(F.gelu(normal), conv1.weight, conv1.bias, padding=1)
    torch.testing.assert_close(inner(x), expected)
    names = [name for name, _ in network.named_children()]
    assert names == ["residual1", "pool1", "activation1", "flatten1", "norm1", "dense1"]
    with pytest.raises(UserError, match="gives the logits must be conv or dense, got layers"):
        build_network([*layers, "norm"], 2, (6, 6), 3)


def test_a_norm_layer_ignores_padding() -> None:
    torch.manual_seed(0)
    layers = ["norm", conv(kernel=1), {"pool": {"kernel": "span"}}, *HEAD]
    network = build_network(layers, 1, (None, 3), 2)
    x, lengths = torch.randn(2, 1, 6, 3), torch.tensor([6, 4])
    with_noise = x.clone()
    with_noise[1, :, 4:] = 100.0
    torch.testing.assert_close(network(x, lengths), network(with_noise, lengths))

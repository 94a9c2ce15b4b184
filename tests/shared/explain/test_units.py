"""Layers and units by name: activations of an example do not depend on its batch."""

import pytest
import torch

from shared.errors import UserError
from shared.explain.units import Target, activations, find_layer, watched
from shared.network.build import build_network

WINDOWED = [
    {"windows": {"size": 4, "hop": 2}},
    {"conv": {"filters": 3, "kernel": [2, "span"]}},
    "flatten",
    {"lstm": 4},
    {"dense": "classes"},
]
BRANCHES = [
    {
        "side_by_side": [
            [{"conv": {"filters": 3, "kernel": [2, "span"]}}, {"pool": {"kernel": ["span", 1]}}],
            [{"conv": {"filters": 3, "kernel": [3, "span"]}}, {"pool": {"kernel": ["span", 1]}}],
        ]
    },
    "flatten",
    {"dense": "classes"},
]


def test_windows_belong_to_their_examples_and_padding_is_excluded() -> None:
    torch.manual_seed(0)
    network = build_network(WINDOWED, 1, (5, None), 2).eval()
    x = torch.randn(2, 1, 5, 10)
    together = activations(network, "conv1", x, torch.tensor([10, 6]))
    assert together.values.shape == (2, 3, 4, 4, 1)
    assert together.own.sum((1, 2, 3, 4)).tolist() == [16, 8]
    alone = activations(network, "conv1", x[1:, ..., :6])
    torch.testing.assert_close(alone.total, together.total[1:])
    torch.testing.assert_close(alone.peak()[0], together.peak()[0][1:])
    value, cell = together.peak()
    window, row, column = (part[0, 1] for part in cell)
    assert value[0, 1] == together.values[0, 1, window, row, column] == together.values[0, 1].max()


def test_a_varying_axis_is_cut_to_each_example_s_own_cells() -> None:
    torch.manual_seed(1)
    network = build_network(BRANCHES, 1, (None, 4), 2).eval()
    x = torch.randn(2, 1, 8, 4)
    name = "side_by_side1.branch2.conv1"
    both = activations(network, name, x, torch.tensor([8, 5]))
    alone = activations(network, name, x[1:, :, :5])
    assert both.own[1].sum() == 3
    torch.testing.assert_close(both.total[1:], alone.total)


def test_a_target_is_a_class_s_score_or_a_unit_s_sum() -> None:
    network = build_network(WINDOWED, 1, (5, None), 2).eval()
    x = torch.randn(3, 1, 5, 9)
    torch.testing.assert_close(Target(1).score(network, x), network(x)[:, 1])
    with watched(network, ["conv1"]) as seen:
        network(x)
    maps = seen["conv1"].output.view(3, 3, 3, -1)  # example, window, filter, cells
    torch.testing.assert_close(Target(2, "conv1").score(network, x), maps[:, :, 2].sum((1, 2)))


def test_later_layers_are_not_computed() -> None:
    layers = [{"conv": {"filters": 2, "kernel": 3}}, "flatten", {"dense": "classes"}]
    network = build_network(layers, 1, (6, 6), 2)
    assert activations(network, "conv1", torch.zeros(1, 1, 20, 9)).values.shape == (1, 2, 1, 18, 7)
    with pytest.raises(RuntimeError):
        network(torch.zeros(1, 1, 20, 9))


def test_misspelt_layers_and_missing_units_are_named() -> None:
    network = build_network(WINDOWED, 1, (5, None), 2)
    with pytest.raises(
        UserError, match=r"layer: must be a layer of the network, got covn1; did you mean 'conv1'\?"
    ):
        find_layer(network, "covn1")
    for unit in (3, -1, True, "x"):
        with pytest.raises(UserError, match=r"unit \(of layer=conv1\): must be a whole number from 0 to 2"):
            find_layer(network, "conv1", unit)

"""A network over time, of whose answers one counts."""

import copy

import pytest
import torch

from shared.explain.moment import at_window
from shared.explain.units import activations, default_layer, last_maps
from shared.network import build_network

LAYERS = [
    {"windows": {"size": 5, "hop": 2}},
    {"conv": {"filters": 3, "kernel": [2, "span"]}},
    "flatten",
    {"lstm": {"units": 4, "every": True}},
    {"dense": "classes"},
]


@pytest.mark.parametrize("frames", [None, 13])
def test_the_answer_is_that_of_the_window(frames: int | None) -> None:
    network = build_network(LAYERS, 1, (4, frames), 3).eval()
    x = torch.randn(2, 1, 4, 13)  # 5 windows
    answers = network(x).unflatten(0, (2, 5))
    for window in (0, 2, 4):
        one = at_window(network, window)
        assert not one.over_time
        torch.testing.assert_close(one(x), answers[:, window])
        torch.testing.assert_close(copy.deepcopy(one)(x), answers[:, window])
        torch.testing.assert_close(activations(one, None, x).total, answers[:, window])
        assert default_layer(one) == default_layer(network) == "conv1"
        assert last_maps(one) == ["conv1"]
    if frames is None:
        together = at_window(network, 1)(x, torch.tensor([13, 7]))
        torch.testing.assert_close(together[1:], at_window(network, 1)(x[1:, :, :, :7]))

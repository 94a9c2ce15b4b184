"""Examples of several lengths in one batch: the values in the padding change no prediction."""

import pytest
import torch
from torch import nn

from shared.network.build import build_network


def conv(filters: int, kernel: object, **settings: object) -> dict:
    return {"conv": {"filters": filters, "kernel": kernel, **settings}}


def pool(kernel: object, type: str = "max", **settings: object) -> dict:
    return {"pool": {"kernel": kernel, "type": type, **settings}}


SENTENCE = [
    {"side_by_side": [[conv(4, [k, "span"], norm="batch"), pool(["span", 1], "both")] for k in (3, 4, 5)]},
    "flatten",
    {"dense": "classes"},
]
BOTH_AXES = [
    conv(4, 3),
    pool(2, "avg"),
    conv(5, [2, 1]),
    pool("span", "avg"),
    "flatten",
    {"dense": "classes"},
]
PADDED = [
    conv(4, [5, 3], pad="zeros", norm="batch"),
    pool([3, 2], "both", stride=[2, 2]),
    {"residual": [conv(6, 3, pad="zeros", stride=[2, 1]), conv(6, [3, 1], pad="zeros", norm="batch")]},
    {"side_by_side": [[conv(2, [3, 1], pad="zeros")], [conv(3, [5, 1], pad="zeros")]]},
    pool("span", "avg"),
    "flatten",
    {"dense": "classes"},
]
# Pooling of the input itself: a maximum may be negative, and padding must not exceed it.
POOLED = [pool(["span", 1], "both"), "flatten", {"dense": "classes"}]
FREQUENCY = [
    {"windows": {"size": 4, "hop": 2}},
    conv(4, [3, "span"], norm="batch"),
    pool([2, 1]),
    "flatten",
    {"lstm": {"units": 6, "bidirectional": True}},
    {"dense": "classes"},
]
EVERY_STATE = [*FREQUENCY[:4], {"lstm": {"units": 6, "every": True}}, "pool_windows", {"dense": "classes"}]
TIME = [conv(4, ["span", 4], stride=[1, 2]), pool([1, 3]), pool("span"), "flatten", {"dense": "classes"}]
HALVED = [
    {"halve": [1, 2]},
    {"permute": {"axis": 2}},
    conv(4, [1, 3], pad="circular"),
    pool(3, stride=1, pad=True),
    pool(["span", 1]),
    "flatten",
    {"dense": "classes"},
]
NETWORKS = {
    "sentence": (SENTENCE, (None, 6)),
    "both axes": (BOTH_AXES, (None, 6)),
    "zero padding": (PADDED, (None, 6)),
    "pooled": (POOLED, (None, 6)),
    "frequency": (FREQUENCY, (6, None)),
    "every state": (EVERY_STATE, (6, None)),
    "centered": (["center", *FREQUENCY], (6, None)),
    "time": (TIME, (6, None)),
    "halved": (HALVED, (None, 6)),
}
LENGTHS = [13, 1, 7, 2, 5, 12]


def examples(size: tuple) -> list[torch.Tensor]:
    axis = size.index(None)
    return [torch.randn(1, 2, *([n, 6] if axis == 0 else [6, n]), dtype=torch.float64) for n in LENGTHS]


def batch(parts: list[torch.Tensor], size: tuple, longest: int, filling: float) -> torch.Tensor:
    axis = size.index(None)
    x = torch.full(
        (len(parts), 2, *((longest, 6) if axis == 0 else (6, longest))), filling, dtype=torch.float64
    )
    for row, part in zip(x, parts, strict=True):
        row[:, : part.size(2), : part.size(3)] = part[0]
    return x


@pytest.mark.parametrize(("layers", "size"), NETWORKS.values(), ids=NETWORKS.keys())
def test_an_example_alone_and_in_a_batch_has_one_prediction(layers: list, size: tuple) -> None:
    torch.manual_seed(0)
    network = build_network(layers, 2, size, 3).double().eval()
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.normal_(norm.running_mean)  # otherwise zeros stay zero
    parts = examples(size)
    alone = torch.cat([network(part) for part in parts])
    together = network(batch(parts, size, 20, torch.nan), torch.tensor(LENGTHS))
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize(("layers", "size"), NETWORKS.values(), ids=NETWORKS.keys())
def test_padding_changes_no_gradient_and_no_statistic(layers: list, size: tuple) -> None:
    results = []
    parts = examples(size)
    for longest, filling in ((13, 0.0), (30, torch.nan)):
        torch.manual_seed(0)
        network = build_network(layers, 2, size, 3).double()
        network(batch(parts, size, longest, filling), torch.tensor(LENGTHS)).square().sum().backward()
        results.append([p.grad for p in network.parameters()] + list(network.buffers()))
    torch.testing.assert_close(*results)


def test_batch_statistics_exclude_padding() -> None:
    layers = [conv(4, [2, "span"], norm="batch"), pool("span"), "flatten", {"dense": "classes"}]
    network = build_network(layers, 2, (None, 6), 3).double()
    parts = examples((None, 6))
    network(batch(parts, (None, 6), 20, 5.0), torch.tensor(LENGTHS))
    parts[1] = nn.functional.pad(parts[1], (0, 0, 0, 1))  # shorter than the filter: filled up with zeros
    cells = torch.cat([nn.functional.conv2d(part, network.conv1.weight)[0, :, :, 0] for part in parts], 1)
    torch.testing.assert_close(network.conv1.norm.running_mean, 0.1 * cells.mean(1))


def test_the_lstm_reads_an_example_s_windows_in_order() -> None:
    torch.manual_seed(0)
    network = build_network(FREQUENCY, 2, (6, None), 3).double().eval()
    x = torch.randn(1, 2, 6, 9, dtype=torch.float64)
    vectors = [
        network.flatten1(network.pool1(network.conv1(x[..., start : start + 4]))) for start in (0, 2, 4)
    ]
    _, (state, _) = network.lstm1.lstm(torch.stack(vectors, 1))
    torch.testing.assert_close(network(x), network.dense1(torch.cat([state[0], state[1]], 1)))
    fixed = build_network(FREQUENCY, 2, (6, 9), 3).double().eval()
    fixed.load_state_dict(network.state_dict())
    torch.testing.assert_close(fixed(x), network(x))


def test_lengths_of_a_map_of_one_size_are_refused() -> None:
    network = build_network(["flatten", {"dense": "classes"}], 1, (4, 4), 2)
    with pytest.raises(ValueError, match="nothing varies"):
        network(torch.zeros(2, 1, 4, 4), torch.tensor([4, 3]))


@pytest.mark.parametrize(("layers", "size"), NETWORKS.values(), ids=NETWORKS.keys())
def test_networks_are_built_without_memory_for_weights(layers: list, size: tuple) -> None:
    with torch.device("meta"):
        network = build_network(layers, 2, size, 3)
    assert all(parameter.is_meta for parameter in network.parameters())


@pytest.mark.parametrize(("layers", "size"), NETWORKS.values(), ids=NETWORKS.keys())
def test_trains_in_mixed_precision(layers: list, size: tuple) -> None:
    network = build_network(layers, 2, size, 3).to(memory_format=torch.channels_last)
    x = batch(examples(size), size, 20, torch.nan).float()
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(x, torch.tensor(LENGTHS))
    logits.float().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


@pytest.mark.parametrize(("type", "features"), [("max", 2), ("avg", 2), ("both", 4)])
def test_windows_are_pooled_by_maximum_mean_or_both(type: str, features: int) -> None:
    layers = [{"windows": {"size": 2, "hop": 2}}, "flatten", {"pool_windows": type}, {"dense": "classes"}]
    pooled = build_network(layers, 1, (1, None), 3)[2]
    x = torch.tensor([[-1.0, 2], [-3, 8], [5, -4]])  # two windows of the first example, one of the second
    most, mean = torch.tensor([[-1.0, 8], [5, -4]]), torch.tensor([[-2.0, 5], [5, -4]])
    expected = {"max": most, "avg": mean, "both": torch.cat([most, mean], 1)}[type]
    torch.testing.assert_close(pooled(x, torch.tensor([2, 1])), expected)
    assert pooled.shape.channels == features

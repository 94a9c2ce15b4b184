"""Every architecture that models.json records builds, runs, and has the recorded parameters.

After an intended change, `python -m tests.shared.network.test_models go/policy 48 19 19 361` (channels,
size, classes; 0 for an axis that varies) rewrites the entry of one architecture.
"""

import json
import sys
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from shared.config.cli import compose
from shared.network.build import Network, build_network
from shared.network.table import layer_table

GOLDEN = Path(__file__).parent / "models.json"
ENTRIES = json.loads(GOLDEN.read_text())
NAMES = sorted(ENTRIES)


def build(
    name: str, channels: int, rows: int | None, columns: int | None, classes: int, **keys: object
) -> Network:
    config = compose("train", [f"domain={name.split('/')[0]}", f"model={name}"])
    config.model.update(keys)
    layers = OmegaConf.to_container(config.model, resolve=True)["layers"]
    return build_network(layers, channels, (rows, columns), classes)


def entry(channels: int, rows: int | None, columns: int | None, classes: int, network: Network) -> dict:
    return {
        "input": [channels, rows, columns, classes],
        "parameters": sum(p.numel() for p in network.parameters()),
        "shapes": {name: list(p.shape) for name, p in network.named_parameters()},
    }


@pytest.mark.parametrize("name", NAMES)
def test_parameters_outputs_and_table(name: str) -> None:
    expected = ENTRIES[name]
    channels, rows, columns, classes = expected["input"]
    network = build(name, channels, rows, columns, classes)
    assert entry(*expected["input"], network) == expected

    outputs = {}
    for layer, module in network.named_modules():
        module.register_forward_hook(lambda _, __, output, layer=layer: outputs.update({layer: output}))
    windows = 15 if network.over_time else 1  # one at every second of 30 frames
    output = network.eval()(torch.randn(2, channels, rows or 30, columns or 30))
    assert output.shape == (2 * windows, classes)
    table = layer_table(network, length=30)
    for row in table:
        assert tuple(outputs[row.name].shape[1:]) == row.output
        known = (row.shape.channels,) if row.shape.flat else (row.shape.channels, *row.shape.size)
        assert all(a in (b, None) for a, b in zip(known, row.output, strict=True))
    assert sum(row.params for row in table) == expected["parameters"]


def test_the_number_of_parameters_of_alphago() -> None:
    network = build("go/policy", 48, 19, 19, 361, filters=192, depth=12, norm="none")
    assert sum(p.numel() for p in network.parameters()) == 3_882_793


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("image/lecture", 137_660), ("image/cifar_tutorial", 122_570), ("image/dense", 898_510)],
)
def test_the_lectures_sizes(name: str, parameters: int) -> None:
    assert ENTRIES[name]["parameters"] == parameters


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("go/")])
def test_designs_for_go_are_compared_at_one_size(name: str) -> None:
    assert ENTRIES[name]["parameters"] == pytest.approx(ENTRIES["go/policy"]["parameters"], rel=0.1)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("speech/")])
def test_designs_for_speech_are_compared_at_one_size(name: str) -> None:
    share = 0.1 if name == "speech/small" else 1.0
    expected = share * ENTRIES["speech/phones" if "phones" in name else "speech/frequency"]["parameters"]
    assert ENTRIES[name]["parameters"] == pytest.approx(expected, rel=0.02 if "phones" in name else 0.1)


def test_convolutions_over_phones_are_compared_at_one_cost() -> None:
    def flops(name: str, **keys: int) -> int:
        network = build(name, *ENTRIES["speech/phones"]["input"], **keys)
        return sum(row.flops for row in layer_table(network))

    expected = pytest.approx(flops("speech/phones"), rel=0.02)
    assert [flops("speech/phones_both"), flops("speech/phones_time")] == [expected, expected]
    assert flops("speech/phones_dense", hidden=208) == expected


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        *[("go/policy", {"pad": pad}) for pad in ("zeros", "replicate", "reflect", "circular")],
        ("go/policy", {"pool": "max"}),
        ("go/policy", {"halve": [1, 2]}),
        ("go/pooled", {"pool": "avg"}),
        ("go/unpadded", {}),
    ],
)
def test_designs_for_go_have_one_map_and_one_head(name: str, keys: dict) -> None:
    rows = layer_table(build(name, 48, 19, 19, 361, **keys))
    own = layer_table(build("go/policy", 48, 19, 19, 361))
    *_, before, head, flatten = rows
    assert (before.output[1:], head.output, flatten.output) == ((19, 19), (1, 19, 19), (361,))
    assert [row.params for row in rows if row.params] == [row.params for row in own if row.params]
    same = sum(row.flops for row in rows) == sum(row.flops for row in own)
    assert same == (name != "go/unpadded")


def test_pooling_changes_no_parameter_of_what_takes_the_mean_of_its_map() -> None:
    sizes = {
        (pool, times): build("image/averaged", 3, 32, 32, 10, pool=pool, enlarge=times)
        for pool, times in (("max", 1), ("max", 2), ("none", 1))
    }
    rows = [layer_table(network) for network in sizes.values()]
    parameters, flops = (
        [sum(getattr(row, key) for row in table) for table in rows] for key in ("params", "flops")
    )
    assert len(set(parameters)) == 1
    assert flops[0] < flops[1] == flops[2]


def main() -> None:
    name, channels, rows, columns, classes = sys.argv[1], *map(int, sys.argv[2:])
    sizes = channels, rows or None, columns or None, classes
    ENTRIES[name] = entry(*sizes, build(name, *sizes))
    GOLDEN.write_text(json.dumps(dict(sorted(ENTRIES.items())), indent=1) + "\n")


if __name__ == "__main__":
    main()

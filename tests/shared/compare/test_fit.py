"""Widths with which a network has the parameters and FLOPs of another."""

from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from shared.compare.choices import describe
from shared.compare.fit import fitted, shared_out
from shared.errors import UserError
from shared.network.build import Network, build_network

BUILDS = 300


def network(filters: list[int], units: int, kernel: int = 3) -> Network:
    first, second = filters
    layers = [
        {"conv": {"filters": first, "kernel": kernel, "pad": "zeros"}},
        {"pool": 2},
        {"conv": {"filters": second, "kernel": 3, "pad": "zeros"}},
        {"pool": 2},
        "flatten",
        {"dense": units},
        {"dense": "classes"},
    ]
    with torch.device("meta"):
        return build_network(layers, 1, (12, 12), 10)


class Builder:
    """The network with widths by key, and how often it was asked for."""

    def __init__(self, kernel: int = 5):
        self.calls, self.kernel = 0, kernel
        self.config = OmegaConf.create({"model": {"filters": [10, 20], "units": 40, "pad": "zeros", "no": 0}})

    def __call__(self, widths: dict[str, Any]) -> Network:
        self.calls += 1
        config = self.config.copy()
        for key, value in widths.items():
            OmegaConf.update(config, key, value)
        return network(list(config.model.filters), config.model.units, self.kernel)


SIZE = describe(network([16, 32], 64))


def errors(widths: dict[str, Any], build: Builder, size: dict[str, Any] = SIZE) -> tuple[float, float]:
    mine = describe(build(widths))
    return abs(mine["params"] / size["params"] - 1), abs(mine["flops"] / size["flops"] - 1)


def test_two_keys_give_parameters_and_flops() -> None:
    build, keys = Builder(), ["model.units", "model.filters"]
    widths = fitted(keys, build.config, build, SIZE)
    assert list(widths) == keys
    assert build.calls < BUILDS
    assert max(errors(widths, build)) <= 0.02
    first, second = widths["model.filters"]
    assert second == pytest.approx(2 * first, abs=1)


def test_one_key_gives_the_parameters_even_where_flops_cannot_be_alike() -> None:
    build = Builder()
    widths = fitted(["model.units"], build.config, build, SIZE)
    assert isinstance(widths["model.units"], int)
    parameters, flops = errors(widths, build)
    assert parameters <= 0.02 < flops
    assert build.calls < 50


def test_the_same_network_keeps_its_widths() -> None:
    build = Builder(kernel=3)
    build.config.model.update({"filters": [16, 32], "units": 64})
    expected = {"model.filters": [16, 32], "model.units": 64}
    assert fitted(["model.filters", "model.units"], build.config, build, SIZE) == expected


@pytest.mark.parametrize(
    ("keys", "size", "message"),
    [
        (
            ["model.pad"],
            {},
            "fit: must name whole numbers from 1, or lists of them, got model.pad, which is zeros",
        ),
        (["model.no"], {}, "got model.no, which is 0"),
        (["model.unit"], {}, "got model.unit, which is None"),
        ([], {}, r"fit: must be one or two keys of widths, got \[\]"),
        (["model.units"] * 2, {}, "must be one or two keys"),
        (
            ["model.units"],
            {"params": 100},
            r"must give 100 parameters within 2 %, got \+[\d.,]+% .* model.units=1,",
        ),
        (
            ["model.filters", "model.units"],
            {"params": 3_000_000, "flops": 1_000_000},
            "must give 3,000,000 parameters and 1,000,000 FLOPs within 2 %, got .* which is closest",
        ),
    ],
)
def test_what_cannot_be_fitted_names_the_closest(keys: list[str], size: dict[str, int], message: str) -> None:
    build = Builder()
    with pytest.raises(UserError, match=message):
        fitted(keys, build.config, build, SIZE | size)
    assert build.calls < BUILDS


def test_a_key_that_changes_no_size_comes_to_an_end() -> None:
    config = OmegaConf.create({"model": {"units": 4}})
    with pytest.raises(UserError, match="must give"):
        fitted(["model.units"], config, lambda widths: network([4, 4], 4), SIZE)


def test_a_larger_sum_makes_no_number_smaller() -> None:
    before = [1, 1, 1]
    for total in range(3, 200):
        numbers = shared_out(total, [25, 50, 7])
        assert sum(numbers) == total
        assert all(now >= then for now, then in zip(numbers, before, strict=True))
        before = numbers
    assert shared_out(164, [25, 50, 7]) == [50, 100, 14]

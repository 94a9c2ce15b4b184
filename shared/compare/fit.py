"""Widths of layers with which a network has the size of another."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from math import inf, log
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf

from shared.errors import UserError
from shared.network import Network, layer_table

WITHIN = 0.02  # parameters and FLOPs are those of the other, give or take this share
MOST = 2**16  # the sum of the widths below a key
DOUBLED = 5  # times that the widths below the second key are doubled, and halved


class Size(NamedTuple):
    """Parameters and FLOPs as shares of the other's, less one."""

    parameters: float
    flops: float

    @property
    def worst(self) -> float:
        """The larger of the two errors."""
        return max(abs(self.parameters), abs(self.flops))

    @property
    def far(self) -> bool:
        """Whether the parameters cannot be reached with the other key."""
        return abs(self.parameters) > 10 * WITHIN


def fitted(
    keys: Sequence[str],
    config: DictConfig,
    build: Callable[[dict[str, Any]], Network],
    size: Mapping[str, Any],
) -> dict[str, Any]:
    """The widths below ``keys`` with which a network has the parameters and FLOPs of ``size``.

    Two keys give both; one gives the parameters, and of several numbers that do the one with the closest
    FLOPs. The numbers of a list keep their proportions.

    Args:
        keys: One or two, such as ``model.filters``.
        config: The configuration, whose widths are where the search begins.
        build: The network with the widths that are given by key.
        size: ``params`` and ``flops``.

    Raises:
        UserError: A key holds no widths, or no widths give the size; names the closest.
    """
    if not 1 <= len(keys) <= 2 or len(set(keys)) < len(keys):
        raise UserError(f"fit: must be one or two keys of widths, got {list(keys)}")
    starts = [_widths(key, config) for key in keys]

    def widths(*totals: int) -> dict[str, Any]:
        shared = [shared_out(total, start) for total, start in zip(totals, starts, strict=True)]
        scalar = [OmegaConf.select(config, key) for key in keys]
        return {
            key: numbers[0] if isinstance(value, int) else numbers
            for key, numbers, value in zip(keys, shared, scalar, strict=True)
        }

    @cache
    def parameters(*totals: int) -> float:
        network = build(widths(*totals))
        return sum(weight.numel() for weight in network.parameters()) / size["params"] - 1

    @cache
    def measured(*totals: int) -> Size:
        if parameters(*totals) > 1:  # too large to be run
            return Size(parameters(*totals), inf)
        flops = sum(row.flops for row in layer_table(build(widths(*totals))))
        return Size(parameters(*totals), flops / size["flops"] - 1)

    def first_key(*second: int) -> list[tuple[int, ...]]:
        """Totals below the first key with about the parameters of the size."""
        low = _below(lambda total: parameters(total, *second), len(starts[0]), sum(starts[0]))
        near = [(total, *second) for total in range(max(low - 2, len(starts[0])), low + 4)]
        return sorted(near, key=lambda totals: abs(parameters(*totals)))[:3]

    def rank(totals: tuple[int, ...]) -> tuple[bool, bool, float]:
        """Less is better: within both limits, then within that of the parameters, then the error."""
        at = measured(*totals)
        return (
            at.worst > WITHIN,
            abs(at.parameters) > WITHIN,
            at.worst if len(keys) > 1 else abs(at.parameters),
        )

    candidates = first_key() if len(keys) == 1 else _second_key(first_key, measured, starts[1])
    best = min(candidates, key=rank)
    at = measured(*best)
    if (at.worst if len(keys) > 1 else abs(at.parameters)) > WITHIN:
        text = ", ".join(f"{key}={value}" for key, value in widths(*best).items())
        must = f"{size['params']:,} parameters" + (f" and {size['flops']:,} FLOPs" if len(keys) > 1 else "")
        raise UserError(
            f"fit: must give {must} within 2 %, got {at.parameters:+.1%} and {at.flops:+.1%} with {text}, "
            "which is closest"
        )
    return widths(*best)


def shared_out(total: int, widths: Sequence[int]) -> list[int]:
    """Numbers from 1 of this sum, in proportion to ``widths``; of a larger sum none is smaller (Webster)."""
    numbers = [1] * len(widths)
    for _ in range(total - len(widths)):
        ratios = [width / (2 * n + 1) for n, width in zip(numbers, widths, strict=True)]
        numbers[ratios.index(max(ratios))] += 1
    return numbers


def _widths(key: str, config: DictConfig) -> list[int]:
    value = OmegaConf.select(config, key)
    numbers = list(value) if OmegaConf.is_list(value) else [value]
    if not numbers or not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in numbers):
        raise UserError(f"fit: must name whole numbers from 1, or lists of them, got {key}, which is {value}")
    return numbers


def _below(error: Callable[[int], float], least: int, start: int) -> int:
    """The largest total whose error, which grows with it, is below zero; ``least`` if none is."""
    low, high = least, start
    while error(high) < 0:
        low, high = high, 2 * high
        if high > MOST:
            return low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if error(middle) < 0 else (low, middle)
    return low


def _second_key(
    first_key: Callable[..., list[tuple[int, ...]]], measured: Callable[..., Size], start: list[int]
) -> list[tuple[int, ...]]:
    """Totals with about the parameters, and where the FLOPs go from too few to too many."""
    middle, tried = sum(start), dict[int, Size]()

    def size(total: int) -> Size:
        if total not in tried:
            [nearest, *_] = first_key(total)
            tried[total] = measured(*nearest)
        return tried[total]

    totals = sorted({max(round(middle * 2.0**n), len(start)) for n in range(-DOUBLED, DOUBLED + 1)})
    pairs = sorted(pairwise(totals), key=lambda pair: abs(log(pair[0] * pair[1] / middle**2)))
    for low, high in pairs:
        if (size(low).flops < 0) == (size(high).flops < 0) or size(low).far or size(high).far:
            continue
        while high - low > 1:
            total = (low + high) // 2
            low, high = (total, high) if (size(total).flops < 0) == (size(low).flops < 0) else (low, total)
        around = range(max(low - 2, len(start)), high + 3)
        return [totals for total in around for totals in first_key(total)]
    return first_key(min(tried, key=lambda total: tried[total].worst))

"""A policy in the formats of graphical interfaces: Sabaki's analysis lines, GoGui's drawing commands."""

import numpy as np
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from domains.go.board import point_name
from domains.go.drawing import heat_colours

SHOWN = 10  # moves for Sabaki
LABELLED = 5  # moves with their probability on GoGui's board
MIN_COLOURED = 0.001  # smallest probability that GoGui colours


def best_points(policy: NDArray[np.float64], limit: int) -> list[int]:
    """The likeliest points first, without those of probability zero."""
    return [int(point) for point in np.argsort(-policy, kind="stable")[:limit] if policy[point] > 0]


def info_line(policy: NDArray[np.float64], size: int) -> str:
    """The likeliest moves for Sabaki, one ``info`` per move.

    Sabaki expects search results: ``visits`` is the probability in 1/10,000, ``winrate`` the probability.
    """
    moves = []
    for order, point in enumerate(best_points(policy, SHOWN)):
        share, move = policy[point], point_name(point, size)
        numbers = f"visits {round(10_000 * share)} winrate {share:.4f} prior {share:.4f} order {order}"
        moves.append(f"info move {move} {numbers} pv {move}")
    return " ".join(moves) or "info move pass visits 0 winrate 0.0 prior 0.0 order 0 pv pass"


def drawing(policy: NDArray[np.float64], size: int) -> str:
    """GoGui's ``gfx`` commands: coloured points, the best with their percentage."""
    likely = best_points(policy, len(policy))
    colours = heat_colours(policy)
    lines = [
        f"COLOR {to_hex(tuple(colours[point, :3].tolist()))} {point_name(point, size)}"
        for point in likely
        if policy[point] >= MIN_COLOURED
    ]
    labels = [f"{point_name(point, size)} {100 * policy[point]:.0f}" for point in likely[:LABELLED]]
    words = [f"{point_name(point, size)} {policy[point]:.1%}" for point in likely[:LABELLED]]
    return "\n".join([*lines, f"LABEL {' '.join(labels)}", f"TEXT policy: {', '.join(words)}"])

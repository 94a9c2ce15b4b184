"""A ladder of programs: Elo ratings from the games of each against each."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from scipy.special import expit

from domains.go.match.elo import Outcome
from shared.config import Console, print_line
from shared.files import write_json
from shared.results import BLUE, Z, new_figure, write_figure

UNIT = 400 / math.log(10)  # Elo of a factor e between the chances


class Rating(NamedTuple):
    """Elo above the last of the ladder, with its 95 % interval, points and games."""

    name: str
    elo: float
    low: float
    high: float
    points: float
    n: int


def ratings(names: Sequence[str], points: NDArray[np.float64]) -> list[Rating]:
    """The likeliest ratings for the points (K, K) of a row against a column (Bradley & Terry 1952).

    A drawn game more for each pair that played keeps them finite. The intervals are those of the difference
    from the last program, by the curvature of the likelihood.
    """
    games = points + points.T
    wins, more = points + 0.5 * (games > 0), games + (games > 0)
    x = np.zeros(len(names))
    for _ in range(100):
        chance = expit(x[:, None] - x)
        weight = more * chance * (1 - chance)
        curvature = np.diag(weight.sum(1)) - weight
        step = np.linalg.pinv(curvature) @ (wins - more * chance).sum(1)
        x += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    covariance = np.linalg.pinv(curvature)
    spread = np.sqrt(np.maximum(np.diag(covariance) + covariance[-1, -1] - 2 * covariance[:, -1], 0))
    elo, half = UNIT * (x - x[-1]), UNIT * Z * spread
    return [
        Rating(name, float(elo[k]), float(elo[k] - half[k]), float(elo[k] + half[k]), float(points[k].sum()),
               round(float(games[k].sum())))
        for k, name in enumerate(names)
    ]  # fmt: skip


def write_ladder(
    folder: Path,
    names: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    played: Sequence[Sequence[Outcome]],
) -> None:
    """Print the ladder and write it, with a plot."""
    points, place = np.zeros((len(names), len(names))), {name: k for k, name in enumerate(names)}
    for (a, b), games in zip(pairs, played, strict=True):
        points[place[a], place[b]] = sum(game.points for game in games)
        points[place[b], place[a]] = sum(1 - game.points for game in games)
    ranked = sorted(ratings(names, points), key=lambda one: -one.elo)
    table = Table(title=f"Elo above {names[-1]}", title_justify="left")
    for heading in ("program", "Elo", "95 % interval", "points", "games"):
        table.add_column(heading, justify="left" if heading == "program" else "right")
    for one in ranked:
        interval = "–" if one.name == names[-1] else f"{one.low:+.0f} … {one.high:+.0f}"
        table.add_row(one.name, f"{one.elo:+.0f}", interval, f"{one.points:g}", f"{one.n:,}")
    write_json(folder / "summary.json", {one.name: one._asdict() for one in ranked})
    figure, axes = new_figure("Elo by games of each against each", 6, 1.2 + 0.4 * len(names))
    rows = range(len(ranked))[::-1]
    ends = [[one.elo - one.low for one in ranked], [one.high - one.elo for one in ranked]]
    axes.errorbar([one.elo for one in ranked], rows, xerr=ends, fmt="o", color=BLUE, capsize=3)
    axes.set_yticks(list(rows), [one.name[:40] for one in ranked])
    axes.set_xlabel(f"Elo above {names[-1]}, 95 %")
    write_figure(folder / "ladder", figure)
    Console().print(table)
    print_line(f"match: {folder}")

"""The results of a match: win rates and Elo differences."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.config import print_line
from shared.files import csv_text, write, write_json
from shared.results import Score, score

SEATS = ("a", "b")


class Outcome(NamedTuple):
    """One game, a row of ``games.csv``: a is black in even games.

    Attributes:
        number: of the game, from 0.
        black: a or b.
        result: as in SGF.
        points: 1 if a has won, 0 if b, 0.5 for a draw.
        moves: number of moves, with opening and passes.
        reason: why it ended.
    """

    number: int
    black: str
    result: str
    points: float
    moves: int
    reason: str


class Strength(NamedTuple):
    """The strength of a against b.

    Attributes:
        share: of the points, with Wilson's interval.
        elo: lower end, difference and upper end (Elo 1978: 400 log10(p / (1 - p))); infinite for shares 0
            and 1.
    """

    share: Score
    elo: tuple[float, float, float]


def strength(name: str, points: Sequence[float]) -> Strength:
    """The share of the points and the Elo difference."""
    share = score(name, np.array(points))
    return Strength(share, (_elo(share.low), _elo(share.value), _elo(share.high)))


def _elo(share: float) -> float:
    return math.copysign(math.inf, share - 0.5) if share in (0, 1) else 400 * math.log10(share / (1 - share))


def write_report(folder: Path, names: tuple[str, str], outcomes: list[Outcome]) -> list[Strength]:
    """Print and return the strength of a against b; write ``games.csv`` and ``summary.json``."""
    write(folder / "games.csv", csv_text(Outcome._fields, outcomes))
    parts = {"all games": outcomes}
    for seat, colour in zip(SEATS, ("black", "white"), strict=True):
        parts[f"a {colour}"] = [game for game in outcomes if game.black == seat]
    strengths = [strength(name, [game.points for game in part]) for name, part in parts.items()]
    metrics = {
        share.name: {
            "n": share.n,
            "win rate": share.value,
            "interval": [share.low, share.high],
            "elo": [None if math.isinf(difference) else difference for difference in elo],
        }
        for share, elo in strengths
    }
    forfeits = sum(game.result[2:] in ("T", "F") for game in outcomes)
    write_json(folder / "summary.json", metrics | {"by time, crash or illegal move": forfeits})
    console = Console()
    console.print(_table(names, strengths))
    if forfeits:
        console.print(f"{forfeits} decided by time, a crash or an illegal move: see games.csv")
    print_line(f"match: {folder}")
    return strengths


def _table(names: tuple[str, str], strengths: list[Strength]) -> Table:
    table = Table(title=Text(f"a: {names[0]}, b: {names[1]}"))
    table.add_column("")
    for name in ("a wins %", "95 % interval", "Elo", "95 % interval", "n"):
        table.add_column(name, justify="right")
    for share, (low, elo, high) in strengths:
        table.add_row(
            share.name,
            f"{100 * share.value:.1f}",
            f"{100 * share.low:.1f} … {100 * share.high:.1f}",
            f"{elo:+.0f}",
            f"{low:+.0f} … {high:+.0f}",
            f"{share.n:,}",
        )
    return table

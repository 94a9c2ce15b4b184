"""What the games of a match say of the strength of the two programs."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.files import csv_text, write, write_json
from shared.results import Score, score

SEATS = ("a", "b")


class Outcome(NamedTuple):
    """One game, as ``games.csv`` has it: a is black in the even ones.

    Attributes:
        number: of the game, from 0.
        black: a or b.
        result: as SGF has it.
        points: 1 if a has won, 0 if b, 0.5 for a draw.
        moves: that were played, the opening's and passes included.
        reason: how it ended.
    """

    number: int
    black: str
    result: str
    points: float
    moves: int
    reason: str


class Strength(NamedTuple):
    """Of a against b.

    Attributes:
        share: of the points, with Wilson's interval.
        elo: the difference that gives this share (Elo 1978: 400 log10(p / (1 - p))), and those that give the
            interval's ends; infinite where a share is 0 or 1.
    """

    share: Score
    elo: tuple[float, float, float]


def strength(name: str, points: Sequence[float]) -> Strength:
    """The share of the points and what it says of the difference in strength."""
    share = score(name, np.array(points))
    low, value, high = (_elo(each) for each in (share.low, share.value, share.high))
    return Strength(share, (low, value, high))


def _elo(share: float) -> float:
    return math.copysign(math.inf, share - 0.5) if share in (0, 1) else 400 * math.log10(share / (1 - share))


def write_report(folder: Path, names: tuple[str, str], outcomes: list[Outcome]) -> list[Strength]:
    """Print the strength of a against b, write ``games.csv`` and ``summary.json``, and return it."""
    write(folder / "games.csv", csv_text(Outcome._fields, outcomes))
    parts = {"all games": outcomes}
    for seat, colour in zip(SEATS, ("black", "white"), strict=True):
        parts[f"a {colour}"] = [each for each in outcomes if each.black == seat]
    found = [strength(name, [each.points for each in part]) for name, part in parts.items()]
    figures = {
        each.share.name: {
            "n": each.share.n,
            "win rate": each.share.value,
            "interval": [each.share.low, each.share.high],
            "elo": [None if math.isinf(e) else e for e in each.elo],
        }
        for each in found
    }
    forfeits = sum(each.result[2:] in ("T", "F") for each in outcomes)
    write_json(folder / "summary.json", figures | {"by time, crash or illegal move": forfeits})
    console = Console()
    console.print(_table(names, found))
    if forfeits:
        console.print(f"{forfeits} decided by time, a crash or an illegal move: see games.csv")
    console.print(f"match: {folder}", soft_wrap=True, highlight=False, markup=False)
    return found


def _table(names: tuple[str, str], found: list[Strength]) -> Table:
    table = Table(title=Text(f"a: {names[0]}, b: {names[1]}"))
    table.add_column("")
    for name in ("a wins %", "95 % interval", "Elo", "95 % interval", "n"):
        table.add_column(name, justify="right")
    for each in found:
        share, (low, elo, high) = each.share, each.elo
        table.add_row(
            share.name,
            f"{100 * share.value:.1f}",
            f"{100 * share.low:.1f} … {100 * share.high:.1f}",
            f"{elo:+.0f}",
            f"{low:+.0f} … {high:+.0f}",
            f"{share.n:,}",
        )
    return table

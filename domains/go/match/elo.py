"""The results of a match: win rates and Elo differences."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.table import Table
from rich.text import Text
from scipy.special import logit

from shared.config import Console, print_line
from shared.files import csv_text, write, write_json
from shared.results import Score, score

SEATS = ("a", "b")


class Outcome(NamedTuple):
    """One game, a row of ``games.csv``: a is black in even games."""

    number: int  # from 0
    black: str  # a or b
    result: str  # as in SGF
    points: float  # 1 if a has won, 0 if b, 0.5 for a draw
    moves: int  # with opening and passes
    reason: str  # why it ended


class Strength(NamedTuple):
    """The strength of a against b."""

    share: Score  # of the points, with Wilson's interval
    elo: tuple[
        float, float, float
    ]  # low, value, high: 400 log10(p / (1 - p)), infinite for 0 and 1 (Elo 1978)


def strength(name: str, points: Sequence[float]) -> Strength:
    """The share of the points and the Elo difference."""
    share = score(name, np.array(points))
    low, elo, high = 400 / math.log(10) * logit([share.low, share.value, share.high])
    return Strength(share, (float(low), float(elo), float(high)))


def write_report(folder: Path, names: tuple[str, str], outcomes: list[Outcome]) -> list[Strength]:
    """Print and return the strength of a against b; write ``games.csv`` and ``summary.json``."""
    write(folder / "games.csv", csv_text(Outcome._fields, outcomes))
    parts = {"all games": outcomes}
    for seat, colour in zip(SEATS, ("black", "white"), strict=True):
        parts[f"a {colour}"] = [game for game in outcomes if game.black == seat]
    strengths = [strength(name, [game.points for game in part]) for name, part in parts.items() if part]
    summary: dict[str, Any] = {}
    table = Table(title=Text(f"a: {names[0]}, b: {names[1]}"))
    for heading in ("", "a wins %", "95 % interval", "Elo", "95 % interval", "n"):
        table.add_column(heading, justify="right" if heading else "left")
    for (name, share, low, high, n), elo in strengths:
        summary[name] = {
            "n": n,
            "win rate": share,
            "interval": [low, high],
            "elo": [None if math.isinf(difference) else difference for difference in elo],
        }
        table.add_row(
            *(name, f"{100 * share:.1f}", f"{100 * low:.1f} … {100 * high:.1f}"),
            *(f"{elo[1]:+.0f}", f"{elo[0]:+.0f} … {elo[2]:+.0f}", f"{n:,}"),
        )
    forfeits = sum(game.result[2:] in ("T", "F") for game in outcomes)
    write_json(folder / "summary.json", summary | {"by time, crash or illegal move": forfeits})
    console = Console()
    console.print(table)
    if forfeits:
        console.print(f"{forfeits} decided by time, a crash or an illegal move: see games.csv")
    print_line(f"match: {folder}")
    return strengths

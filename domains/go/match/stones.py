"""The win rate of a program that gives handicap stones."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import PercentFormatter
from rich.table import Table
from rich.text import Text

from domains.go.match.elo import Outcome, strength
from shared.config import Console, print_line
from shared.files import write_json
from shared.results import BLUE, new_figure, write_figure


def write_handicaps(
    folder: Path, names: tuple[str, str], handicaps: Sequence[int], played: Sequence[Sequence[Outcome]]
) -> None:
    """Print the win rate of a against stones and the stones at which it wins half; write both, and a plot."""
    pairs = sorted(zip(handicaps, played, strict=True))
    stones = [number for number, _ in pairs]
    shares = [strength(f"{number} stones", [game.points for game in games]).share for number, games in pairs]
    table = Table(title=Text(f"{names[0]} gives {names[1]} handicap stones"))
    for heading in ("stones", "a wins %", "95 % interval", "n"):
        table.add_column(heading, justify="right")
    for number, (_, value, low, high, n) in zip(stones, shares, strict=True):
        table.add_row(f"{number}", f"{100 * value:.1f}", f"{100 * low:.1f} … {100 * high:.1f}", f"{n:,}")
    values, lows, highs = np.array([(one.value, one.low, one.high) for one in shares]).T
    at, *ends_at = (half(stones, column.tolist()) for column in (values, lows, highs))
    summary: dict[str, Any] = {
        str(number): {"n": one.n, "win rate": one.value, "interval": [one.low, one.high]}
        for number, one in zip(stones, shares, strict=True)
    }
    write_json(folder / "summary.json", summary | {"wins half at": at, "interval": ends_at})
    figure, axes = new_figure(f"{names[0]} gives {names[1]} handicap stones", 6, 3.6)
    ends = np.clip([values - lows, highs - values], 0, 1)
    axes.errorbar(stones, values, ends, fmt="o-", color=BLUE, capsize=3)
    axes.axhline(0.5, color="black", linewidth=0.8)
    axes.set(
        xlabel="handicap stones", ylabel=f"games won by {names[0]}, 95 %", ylim=(-0.02, 1.02), xticks=stones
    )
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    write_figure(folder / "handicap", figure)
    Console().print(table)
    words = [f"{x:.1f}" if isinstance(x, float) else x for x in (at, *ends_at)]
    print_line(f"{names[0]} wins half at {words[0]} stones ({words[1]} … {words[2]})")
    print_line(f"match: {folder}")


def half(stones: Sequence[int], shares: Sequence[float]) -> float | str:
    """The stones at which a falling share crosses a half, on a line between two that were played."""
    above = [n for n, share in enumerate(shares) if share >= 0.5]
    if not above:
        return f"fewer than {stones[0]}"
    if above[-1] == len(stones) - 1:
        return f"more than {stones[-1]}" if shares[-1] > 0.5 else float(stones[-1])
    (x, y), (x1, y1) = ((stones[n], shares[n]) for n in (above[-1], above[-1] + 1))
    return float(x + (x1 - x) * (y - 0.5) / (y - y1))

"""How far the explanations of a run can be trusted: each method by several yardsticks, each with its n."""

from rich.console import Console
from rich.progress import track

from shared.explain.checks import made_inputs as made
from shared.explain.checks import relevance_maps as maps
from shared.explain.checks.base import Bench, Measure

YARDSTICKS = (
    made.maximised,
    made.fooled,
    made.attacked,
    maps.differentiated,
    maps.faithful,
    maps.sane,
    maps.planted,
    made.dreamt,
    made.styled,
    maps.timed,
)


def measure(bench: Bench) -> list[Measure]:
    """All figures of one network."""
    bar = Console(stderr=True)
    told = track(YARDSTICKS, "measuring", console=bar, transient=True)
    return [figure for yardstick in told for figure in yardstick(bench)]

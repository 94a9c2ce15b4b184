"""A game as an SGF file."""

from collections.abc import Mapping
from typing import Any

from sgfmill import sgf
from sgfmill.common import move_from_vertex

from domains.go.board import Game, move_colour, move_point, point_name


def write_sgf(game: Game, facts: Mapping[str, Any]) -> bytes:
    """Its setup stones and moves; ``facts`` are properties of the root, such as ``KM``."""
    written = sgf.Sgf_game(size=game.size)
    root = written.get_root()
    for key, value in facts.items():
        root.set(key, value)
    black, white = (
        [_place(code, game.size) for code in game.setup if move_colour(code) == colour] for colour in (0, 1)
    )
    if game.setup:
        root.set_setup_stones(black, white)
    for code in game.moves:
        written.extend_main_sequence().set_move("bw"[move_colour(code)], _place(code, game.size))
    return bytes(written.serialise())


def _place(code: int, size: int) -> tuple[int, int] | None:
    """As sgfmill has it: row and column from the bottom left; None for a pass."""
    place: tuple[int, int] | None = move_from_vertex(point_name(move_point(code), size), size)
    return place

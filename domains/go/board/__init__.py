"""The board: rules, ladders, positions, games and the planes that a network sees."""

from domains.go.board.area import area_score
from domains.go.board.game import Game
from domains.go.board.games import UNKNOWN, Games, positions, split_of, with_next
from domains.go.board.planes import GROUPS, batch_planes, first_planes, game_planes, plane_groups, symmetries
from domains.go.board.points import LETTERS, name, names, point_of_name
from domains.go.board.position import Position, position_planes
from domains.go.board.rules import Board, first_illegal
from domains.go.board.state import LARGEST, SMALLEST

__all__ = [
    "GROUPS",
    "LARGEST",
    "LETTERS",
    "SMALLEST",
    "UNKNOWN",
    "Board",
    "Game",
    "Games",
    "Position",
    "area_score",
    "batch_planes",
    "first_illegal",
    "first_planes",
    "game_planes",
    "name",
    "names",
    "plane_groups",
    "point_of_name",
    "position_planes",
    "positions",
    "split_of",
    "symmetries",
    "with_next",
]

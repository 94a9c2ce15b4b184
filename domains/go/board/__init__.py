"""The board: rules, ladders, positions, games and the planes that a network sees."""

from domains.go.board.game import Game, area_score, first_illegal
from domains.go.board.games import Games
from domains.go.board.handicap import fixed_handicap
from domains.go.board.planes import GROUPS, batch_planes, first_planes, game_planes, plane_groups
from domains.go.board.points import (
    LETTERS,
    encode_move,
    is_pass,
    move_colour,
    move_point,
    parse_point,
    point_name,
    point_names,
    symmetries,
)
from domains.go.board.position import Position, position_planes
from domains.go.board.state import LARGEST, SMALLEST

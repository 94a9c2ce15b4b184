"""Boards and games as figures."""

from domains.go.drawing.board import draw_board, heat_colours, heat_on_wood
from domains.go.drawing.figures import game_picture, move_picture

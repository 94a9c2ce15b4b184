"""The commands of the Go Text Protocol (Farnebäck 2002, draft 2, section 6.3)."""

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray
from sgfmill.ascii_boards import render_board
from sgfmill.boards import Board as Diagram

from domains.go.board import Game, area_score, encode_move, move_colour, parse_point, point_name
from domains.go.engine.engine import Engine
from domains.go.engine.gtp import Command, FailureError, Protocol
from domains.go.engine.gtp_arguments import COLOURS, colour_of, first_record, first_word, integer, number
from domains.go.engine.handicap import fixed_handicap
from shared.errors import UserError


class GoProtocol(Protocol):
    """Plays games on the engine's board size.

    Args:
        engine: chooses the moves.
        title: the engine's name.
    """

    def __init__(self, engine: Engine, title: str):
        self.engine, self.title = engine, title
        self.size = engine.policy.size
        self.game, self.komi = Game(self.size), 7.5
        commands: dict[str, Command] = {
            "protocol_version": lambda words: "2",
            "name": lambda words: self.title,
            "version": lambda words: version("convolutions"),
            "known_command": lambda words: str(first_word(words) in self.commands).lower(),
            "list_commands": lambda words: "\n".join(self.commands),
            "quit": self._quit,
            "boardsize": self._boardsize,
            "clear_board": self._clear_board,
            "komi": self._komi,
            "play": self._play,
            "genmove": self._genmove,
            "reg_genmove": self._reg_genmove,
            "undo": self._undo,
            "showboard": self._showboard,
            "fixed_handicap": self._fixed_handicap,
            "place_free_handicap": self._place_free_handicap,
            "set_free_handicap": self._set_free_handicap,
            "loadsgf": self._loadsgf,
            "final_score": self._final_score,
            "time_settings": self._time,
            "time_left": self._time,
            "analyze": self._analyze,
            "genmove_analyze": self._genmove_analyze,
            "gogui-analyze_commands": lambda words: "gfx/Policy/policy %m",
            "policy": self._draw,
        }
        super().__init__(commands)

    def _quit(self, words: list[str]) -> str:
        self.ended = True
        return ""

    def _boardsize(self, words: list[str]) -> str:
        if integer(words) != self.size:
            raise FailureError("unacceptable size")
        self.game = Game(self.size)
        return ""

    def _clear_board(self, words: list[str]) -> str:
        self.game = Game(self.size)
        return ""

    def _komi(self, words: list[str]) -> str:
        self.komi = number(words)
        return ""

    def _play(self, words: list[str]) -> str:
        point = parse_point(words[1], self.size) if len(words) > 1 else None
        if point is None:
            raise FailureError("syntax error: play COLOUR VERTEX")
        try:
            self.game.play(encode_move(point, colour_of(words)))
        except UserError as error:
            raise FailureError("illegal move") from error
        return ""

    def _genmove(self, words: list[str]) -> str:
        colour = colour_of(words)
        point = self.engine.choose(self.game, colour, self.komi)
        self.game.play(encode_move(point, colour))
        return point_name(point, self.size)

    def _reg_genmove(self, words: list[str]) -> str:
        return point_name(self.engine.choose(self.game, colour_of(words), self.komi), self.size)

    def _undo(self, words: list[str]) -> str:
        if not self.game.moves:
            raise FailureError("cannot undo")
        self.game = Game(self.size, self.game.setup, self.game.moves[:-1])
        return ""

    def _showboard(self, words: list[str]) -> str:
        diagram = Diagram(self.size)
        for (row, column), stone in np.ndenumerate(self.game.board.stones):
            if stone:
                diagram.board[self.size - 1 - row][column] = " bw"[stone]
        return f"\n{render_board(diagram)}"

    def _fixed_handicap(self, words: list[str]) -> str:
        points = fixed_handicap(self.size, integer(words))
        if points is None:
            raise FailureError("invalid number of stones")
        return self._place(points)

    def _place_free_handicap(self, words: list[str]) -> str:
        count = integer(words)
        if not 2 <= count < self.size**2:
            raise FailureError("invalid number of stones")
        handicaps = (fixed_handicap(self.size, stones) for stones in range(min(count, 9), 1, -1))
        points = next(filter(None, handicaps), None)  # an engine may place fewer stones
        if points is None:
            raise FailureError("invalid number of stones")
        return self._place(points)

    def _set_free_handicap(self, words: list[str]) -> str:
        points = [parse_point(word, self.size) for word in words]
        chosen = [point for point in points if point is not None and point < self.size**2]
        if not 2 <= len(points) == len(set(chosen)) < self.size**2:
            raise FailureError("bad vertex list")
        self._place(chosen)
        return ""

    def _place(self, points: Sequence[int]) -> str:
        if self.game.setup or self.game.moves:
            raise FailureError("board not empty")
        self.game = Game(self.size, [encode_move(point, 0) for point in points])
        return " ".join(point_name(point, self.size) for point in points)

    def _loadsgf(self, words: list[str]) -> str:
        has_number = len(words) > 1 and words[-1].isdecimal()
        last = integer(words[-1:]) - 1 if has_number else None
        record = first_record(" ".join(words[: len(words) - has_number]))  # file names may have spaces
        last = len(record.moves) if last is None else last
        if record.size != self.size or last < 0 or (record.stopped and last >= len(record.moves)):
            raise FailureError("cannot load file")
        try:
            self.game = Game(self.size, record.setup, record.moves[:last])
        except UserError as error:
            raise FailureError("cannot load file") from error
        self.komi = self.komi if record.komi is None else record.komi
        return ""

    def _final_score(self, words: list[str]) -> str:
        """Area score with all stones alive: dead stones have to be captured before both sides pass."""
        if not self.game.ended():
            raise FailureError("cannot score")
        lead = area_score(self.game.board.stones).lead(self.komi)
        return f"{'B' if lead > 0 else 'W'}+{abs(lead):g}" if lead else "0"

    def _time(self, words: list[str]) -> str:
        """Accepted without effect: a move takes one forward pass."""
        return ""

    def _policy(self, colour: int) -> NDArray[np.float64]:
        return self.engine.probabilities(self.game, colour)

    def _analyze(self, words: list[str]) -> str:
        return f"\n{_info(self._policy(self._colour_or_next(words)), self.size)}\n"

    def _genmove_analyze(self, words: list[str]) -> str:
        colour = colour_of(words)
        info = _info(self._policy(colour), self.size)
        return f"\n{info}\nplay {self._genmove(words)}"

    def _draw(self, words: list[str]) -> str:
        from domains.go.engine.analysis import drawing  # matplotlib's colours take a while to import

        return drawing(self._policy(self._colour_or_next(words)), self.size)

    def _colour_or_next(self, words: list[str]) -> int:
        """The given colour, else the colour to play."""
        if words and words[0].lower() in COLOURS:
            return colour_of(words)
        if self.game.moves:
            return 1 - move_colour(self.game.moves[-1])
        colours = {move_colour(code) for code in self.game.setup}
        return int(colours == {0})  # white, after handicap stones


def _info(policy: NDArray[np.float64], size: int) -> str:
    from domains.go.engine.analysis import info_line  # as above

    return info_line(policy, size)

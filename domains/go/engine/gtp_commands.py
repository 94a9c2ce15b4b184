"""The commands of the Go Text Protocol (Farnebäck 2002, draft 2, section 6.3), with analyses."""

import math
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sgfmill.ascii_boards import render_board
from sgfmill.boards import Board as Diagram

from domains.go.board import Game, area_score, encode_move, move_colour, parse_point, point_name
from domains.go.engine.engine import Engine
from domains.go.engine.gtp import FailureError, Protocol, argument
from domains.go.engine.handicap import fixed_handicap
from domains.go.records import FILE_LIMIT, UnusableError, read_sgf
from shared.errors import UserError
from shared.files import members

COLOURS = {"b": 0, "black": 0, "w": 1, "white": 1}
SHOWN = 10  # moves for Sabaki
LABELLED = 5  # moves with their probability on GoGui's board
MIN_COLOURED = 0.001  # smallest probability that GoGui colours


class GoProtocol(Protocol):
    """Plays games on the engine's board size.

    Args:
        engine: chooses the moves.
        title: the engine's name.
    """

    def __init__(self, engine: Engine, title: str):
        super().__init__()
        self.engine, self.title = engine, title
        self.size = engine.policy.size
        self.game, self.komi = Game(self.size), 7.5

    def _do_protocol_version(self, words: list[str]) -> str:
        return "2"

    def _do_name(self, words: list[str]) -> str:
        return self.title

    def _do_version(self, words: list[str]) -> str:
        return version("convolutions")

    def _do_known_command(self, words: list[str]) -> str:
        return argument(words, lambda word: str(word in self.commands).lower(), "a command")

    def _do_list_commands(self, words: list[str]) -> str:
        return "\n".join(self.commands)

    def _do_quit(self, words: list[str]) -> str:
        self.ended = True
        return ""

    def _do_boardsize(self, words: list[str]) -> str:
        if _whole(words) != self.size:
            raise FailureError("unacceptable size")
        return self._do_clear_board(words)

    def _do_clear_board(self, words: list[str]) -> str:
        self.game = Game(self.size)
        return ""

    def _do_komi(self, words: list[str]) -> str:
        komi = argument(words, float, "a number")
        if not math.isfinite(komi):
            raise FailureError("syntax error: must be a finite number")
        self.komi = komi
        return ""

    def _do_play(self, words: list[str]) -> str:
        point = parse_point(words[1], self.size) if len(words) > 1 else None
        if point is None:
            raise FailureError("syntax error: play COLOUR VERTEX")
        try:
            self.game.play(encode_move(point, _colour(words)))
        except UserError as error:
            raise FailureError("illegal move") from error
        return ""

    def _do_reg_genmove(self, words: list[str]) -> str:
        return point_name(self.engine.choose(self.game, _colour(words), self.komi), self.size)

    def _do_genmove(self, words: list[str]) -> str:
        name = self._do_reg_genmove(words)
        self._do_play([words[0], name])
        return name

    def _do_undo(self, words: list[str]) -> str:
        if not self.game.moves:
            raise FailureError("cannot undo")
        self.game = Game(self.size, self.game.setup, self.game.moves[:-1])
        return ""

    def _do_showboard(self, words: list[str]) -> str:
        diagram = Diagram(self.size)
        for (row, column), stone in np.ndenumerate(self.game.stones):
            if stone:
                diagram.board[self.size - 1 - row][column] = " bw"[stone]
        return f"\n{render_board(diagram)}"

    def _do_fixed_handicap(self, words: list[str]) -> str:
        return self._place(fixed_handicap(self.size, _whole(words)))

    def _do_place_free_handicap(self, words: list[str]) -> str:
        count = _whole(words)
        numbers = range(min(count, 9) if count < self.size**2 else 0, 1, -1)  # an engine may place fewer
        return self._place(next(filter(None, (fixed_handicap(self.size, n) for n in numbers)), None))

    def _do_set_free_handicap(self, words: list[str]) -> str:
        points = [parse_point(word, self.size) for word in words]
        chosen = [point for point in points if point is not None and point < self.size**2]
        if not 2 <= len(points) == len(set(chosen)) < self.size**2:
            raise FailureError("bad vertex list")
        self._place(chosen)
        return ""

    def _place(self, points: Sequence[int] | None) -> str:
        if points is None:
            raise FailureError("invalid number of stones")
        if self.game.setup or self.game.moves:
            raise FailureError("board not empty")
        self.game = Game(self.size, [encode_move(point, 0) for point in points])
        return " ".join(point_name(point, self.size) for point in points)

    def _do_loadsgf(self, words: list[str]) -> str:
        has_number = len(words) > 1 and words[-1].isdecimal()
        file = Path(" ".join(words[: len(words) - has_number]))  # names may have spaces
        try:
            [member] = members(file, member_limit=FILE_LIMIT)
            record = next(read_sgf(member.data))
            if isinstance(record, UnusableError):
                raise record
            count = int(words[-1]) - 1 if has_number else len(record.moves)
            if record.size != self.size or count < 0 or (record.stopped and count >= len(record.moves)):
                raise ValueError("no such position on this board")
            self.game = Game(self.size, record.setup, record.moves[:count])
        except (UnusableError, UserError, ValueError, OSError) as error:
            raise FailureError("cannot load file") from error
        self.komi = self.komi if record.komi is None else record.komi
        return ""

    def _do_final_score(self, words: list[str]) -> str:
        """Area score with all stones alive: dead stones have to be captured before both sides pass."""
        if not self.game.ended():
            raise FailureError("cannot score")
        return area_score(self.game.stones).result(self.komi)

    def _do_time_settings(self, words: list[str]) -> str:
        """Accepted without effect: a move takes one forward pass."""
        return ""

    _do_time_left = _do_time_settings

    def _do_analyze(self, words: list[str]) -> str:
        """The likeliest moves for Sabaki, one ``info`` per move.

        Sabaki expects search results: ``visits`` is the probability in 1/10,000, ``winrate`` the probability.
        """
        policy, moves = self._policy(words), []
        for order, point in enumerate(_best(policy, SHOWN)):
            share, move = policy[point], point_name(point, self.size)
            numbers = f"visits {round(10_000 * share)} winrate {share:.4f} prior {share:.4f} order {order}"
            moves.append(f"info move {move} {numbers} pv {move}")
        line = " ".join(moves) or "info move pass visits 0 winrate 0.0 prior 0.0 order 0 pv pass"
        return f"\n{line}\n"

    def _do_genmove_analyze(self, words: list[str]) -> str:
        _colour(words)  # it is required here
        return f"{self._do_analyze(words)}play {self._do_genmove(words)}"

    def _do_gogui__analyze_commands(self, words: list[str]) -> str:
        return "gfx/Policy/policy %m"

    def _do_policy(self, words: list[str]) -> str:
        """GoGui's ``gfx`` commands: coloured points, the best with their percentage."""
        from matplotlib.colors import to_hex  # takes a while to import

        from domains.go.drawing import heat_colours

        policy = self._policy(words)
        likely = [(point_name(point, self.size), point) for point in _best(policy, len(policy))]
        colours = heat_colours(policy)
        lines = [
            f"COLOR {to_hex(tuple(colours[point, :3].tolist()))} {name}"
            for name, point in likely
            if policy[point] >= MIN_COLOURED
        ]
        labels = [f"{name} {100 * policy[point]:.0f}" for name, point in likely[:LABELLED]]
        words = [f"{name} {policy[point]:.1%}" for name, point in likely[:LABELLED]]
        return "\n".join([*lines, f"LABEL {' '.join(labels)}", f"TEXT policy: {', '.join(words)}"])

    def _policy(self, words: list[str]) -> NDArray[np.float64]:
        """The probabilities for the given colour, else for the colour to play."""
        if words and words[0].lower() in COLOURS:
            colour = _colour(words)
        elif self.game.moves:
            colour = 1 - move_colour(self.game.moves[-1])
        else:
            colour = int(
                {move_colour(code) for code in self.game.setup} == {0}
            )  # white, after handicap stones
        return self.engine.probabilities(self.game, colour)


def _colour(words: list[str]) -> int:
    return argument(words, lambda word: COLOURS[word.lower()], "a colour")


def _whole(words: list[str]) -> int:
    return argument(words, int, "a whole number")


def _best(policy: NDArray[np.float64], limit: int) -> list[int]:
    """The likeliest points first, without those of probability zero."""
    return [int(point) for point in np.argsort(-policy, kind="stable")[:limit] if policy[point] > 0]

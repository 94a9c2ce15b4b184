"""The commands of the Go Text Protocol (Farnebäck 2002, draft 2, section 6.3), with analyses."""

import math
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sgfmill.ascii_boards import render_board
from sgfmill.boards import Board as Diagram

from domains.go.board import (
    Game,
    area_score,
    encode_move,
    fixed_handicap,
    move_colour,
    parse_point,
    point_name,
)
from domains.go.engine.engine import Engine, likeliest
from domains.go.engine.gtp import FailureError, Protocol, argument
from domains.go.engine.queries import SHOWN, VISITS, answer_query
from domains.go.records import FILE_LIMIT, UnusableError, read_sgf
from shared.errors import UserError
from shared.files import members

COLOURS = {"b": 0, "black": 0, "w": 1, "white": 1}
LABELLED = 5  # moves with their probability on GoGui's board
MIN_COLOURED = 0.001  # smallest probability that GoGui colours


class GoProtocol(Protocol):
    """Plays games, and answers KaTrain's queries, see ``answer_query``.

    Args:
        engine: chooses the moves.
        title: the engine's name.
    """

    def __init__(self, engine: Engine, title: str):
        super().__init__()
        self.engine, self.title = engine, title
        self.game, self.komi = Game(engine.policy.size), 7.5

    @property
    def size(self) -> int:
        """Of the board."""
        return self.game.size

    def answer(self, line: str) -> str:
        """The response to a line of GTP, or to a query, which is a JSON object."""
        return answer_query(self.engine, line) if line.startswith("{") else super().answer(line)

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
        size = _whole(words)
        try:
            self.engine.policy = self.engine.policy.on(size)
        except UserError as error:
            raise FailureError("unacceptable size") from error
        self.game = Game(size)
        return ""

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
        colour = _colour(words)
        if self.engine.resigns(self.game, colour, self.komi):
            return "resign"
        return point_name(self.engine.choose(self.game, colour, self.komi), self.size)

    def _do_genmove(self, words: list[str]) -> str:
        name = self._do_reg_genmove(words)
        if name != "resign":
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

    def _do_lz__analyze(self, words: list[str]) -> str:
        """The likeliest moves as Leela Zero reports a search, which Sabaki and Lizzie read; printed once.

        All numbers of a move are its probability, in 1/10,000. Of the options ``maxmoves``, ``avoid`` and
        ``allow`` are obeyed; the others have no meaning without a search.
        """
        return self._analysis(words, lambda share: f"{round(VISITS * share)}")

    def _do_kata__analyze(self, words: list[str]) -> str:
        """As KataGo reports a search: probabilities from 0 to 1, but for ``visits``."""
        return self._analysis(words, lambda share: f"{share:.6f}")

    def _do_lz__genmove_analyze(self, words: list[str]) -> str:
        _colour(words)  # it is required here
        return f"{self._do_lz__analyze(words)}play {self._do_genmove(words)}"

    def _do_kata__genmove_analyze(self, words: list[str]) -> str:
        _colour(words)
        return f"{self._do_kata__analyze(words)}play {self._do_genmove(words)}"

    _do_analyze, _do_genmove_analyze = _do_lz__analyze, _do_lz__genmove_analyze  # Sabaki's own names

    def _analysis(self, words: list[str], shown: Callable[[float], str]) -> str:
        policy, most = self._policy(words), SHOWN
        words = [word.lower() for word in words]
        for n, word in enumerate(words):
            if word == "maxmoves":
                most = _whole(words[n + 1 :])
            elif word in ("avoid", "allow") and _colour(words[n + 1 :]) == self._to_play(words):
                chosen = np.isin(np.arange(len(policy)), self._points(words[n + 2 : n + 3]))
                policy[chosen == (word == "avoid")] = 0
        moves = []
        for order, point in enumerate(likeliest(policy, max(most, 0))):
            move, share = point_name(point, self.size), shown(policy[point])
            numbers = f"winrate {share} prior {share} lcb {share} order {order} pv {move}"
            moves.append(f"info move {move} visits {round(VISITS * policy[point])} {numbers}")
        none = shown(0.0)
        line = (
            " ".join(moves)
            or f"info move pass visits 0 winrate {none} prior {none} lcb {none} order 0 pv pass"
        )
        return f"\n{line}\n"

    def _do_gogui__analyze_commands(self, words: list[str]) -> str:
        return "gfx/Policy/policy %m"

    def _do_policy(self, words: list[str]) -> str:
        """GoGui's ``gfx`` commands: coloured points, the best with their percentage."""
        from matplotlib.colors import to_hex  # takes a while to import

        from domains.go.drawing import heat_colours

        policy = self._policy(words)
        likely = [(point_name(point, self.size), point) for point in likeliest(policy, len(policy))]
        colours = heat_colours(policy)
        lines = [
            f"COLOR {to_hex(tuple(colours[point, :3].tolist()))} {name}"
            for name, point in likely
            if policy[point] >= MIN_COLOURED
        ]
        labels = [f"{name} {100 * policy[point]:.0f}" for name, point in likely[:LABELLED]]
        words = [f"{name} {policy[point]:.1%}" for name, point in likely[:LABELLED]]
        return "\n".join([*lines, f"LABEL {' '.join(labels)}", f"TEXT {', '.join(words)}"])

    def _policy(self, words: list[str]) -> NDArray[np.float64]:
        """The probabilities for the given colour, else for the colour to play."""
        return self.engine.probabilities(self.game, self._to_play(words))

    def _to_play(self, words: list[str]) -> int:
        if words and words[0].lower() in COLOURS:
            return _colour(words)
        if self.game.moves:
            return 1 - move_colour(self.game.moves[-1])
        return int({move_colour(code) for code in self.game.setup} == {0})  # white, after handicap stones

    def _points(self, names: list[str]) -> list[int]:
        """Of ``D4,Q16``."""
        points = [parse_point(name, self.size) for name in ",".join(names).split(",")]
        if None in points:
            raise FailureError("syntax error: avoid COLOUR VERTEX,VERTEX,... MOVES")
        return [point for point in points if point is not None]


def _colour(words: list[str]) -> int:
    return argument(words, lambda word: COLOURS[word.lower()], "a colour")


def _whole(words: list[str]) -> int:
    return argument(words, int, "a whole number")

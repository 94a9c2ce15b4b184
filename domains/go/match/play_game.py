"""One game between two programs, refereed by the suite's own board."""

import random
import re
from typing import NamedTuple

from domains.go.board import (
    Game,
    area_score,
    encode_move,
    fixed_handicap,
    move_colour,
    move_point,
    parse_point,
    point_name,
)
from domains.go.match.client import Client, EngineError, TimeError
from domains.go.match.openings import opening
from domains.go.records import write_sgf
from shared.errors import UserError

MAX_MOVES = 2  # for each point of the board: under simple ko, a triple ko never ends


class Rules(NamedTuple):
    """The terms of a match."""

    komi: float  # points for white
    seconds: float  # time limit of a move
    score: str | None  # command of the program whose ``final_score`` decides; None: area, all stones alive
    size: int = 19
    handicap: int = 0  # stones of b, which is then black in all games

    @property
    def stones(self) -> list[int]:
        """The points of the handicap stones."""
        return (fixed_handicap(self.size, self.handicap) or []) if self.handicap else []


class Result(NamedTuple):
    """How a game ended."""

    text: str  # in SGF: B+3.5, W+R, B+T, W+F, 0
    reason: str  # in words


def opening_of(number: int, rules: Rules) -> list[int]:
    """The opening of game ``number``, of even games shared by two in a row with colours exchanged."""
    draw = random.Random(number if rules.handicap else number // 2)  # noqa: S311 - repeatable, not a secret
    size = rules.size
    stones = [(size - 1 - point // size, point % size) for point in rules.stones]
    return [(size - 1 - row) * size + column for row, column in opening(draw, size, stones)]


def play_game(players: tuple[Client, Client], book: list[int], rules: Rules) -> tuple[Game, Result]:
    """Play a game from an opening.

    A program that plays an illegal move, crashes, refuses a legal move or exceeds the time limit loses.
    Suicide and the immediate retake of a ko are illegal; a game of MAX_MOVES moves for each point is a draw.

    Args:
        players: black and white.
        book: points of the first moves; black begins, beside handicap stones white.
        rules: of the match.

    Raises:
        UserError: a player cannot begin a game, or the scorer fails.
    """
    size, stones = rules.size, rules.stones
    names = " ".join(point_name(point, size) for point in stones)
    for player in players:
        _begin(player, rules, f"set_free_handicap {names}" if stones else None)
    game = Game(size, [encode_move(point, 0) for point in stones])
    while not game.ended():
        ply = len(game.moves)
        colour = (ply + bool(stones)) % 2
        if ply == MAX_MOVES * size**2:
            return game, Result("0", f"no end after {ply} moves")
        winner = "WB"[colour]  # if this move fails
        try:
            if ply < len(book):
                move = point_name(book[ply], size)
                players[colour](f"play {'bw'[colour]} {move}", rules.seconds)
            else:
                move = players[colour](f"genmove {'bw'[colour]}", rules.seconds)
            if move.lower() == "resign":
                return game, Result(f"{winner}+R", "resigned")
            point = parse_point(move, size)
            if point is None:
                raise UserError("not a point of the board")
            game.play(encode_move(point, colour))
            winner = "BW"[colour]
            players[1 - colour](f"play {'bw'[colour]} {move}", rules.seconds)
        except UserError as error:
            return game, Result(f"{winner}+F", f"illegal move {move[:20]}: {error}")
        except EngineError as error:
            return game, Result(f"{winner}+{'T' if isinstance(error, TimeError) else 'F'}", str(error))
    return game, _score(game, rules)


def _begin(player: Client, rules: Rules, handicap: str | None = None) -> None:
    commands = [f"boardsize {rules.size}", "clear_board", f"komi {rules.komi:g}"]
    try:
        for command in [*commands, handicap] if handicap else commands:
            player(command)
    except EngineError as error:
        raise UserError(f"{player.command!r}: cannot begin a game: {error}") from error


def _score(game: Game, rules: Rules) -> Result:
    if rules.score is None:
        return Result(area_score(game.stones).result(rules.komi), "area")
    with Client(rules.score) as scorer:
        _begin(scorer, rules)
        try:
            for code in (*game.setup, *game.moves):  # as moves, handicap stones cost nothing
                move = point_name(move_point(code), game.size)
                scorer(f"play {'bw'[move_colour(code)]} {move}")
            text = scorer("final_score", 10 * rules.seconds)
        except EngineError as error:
            raise UserError(f"score={rules.score}: {error}") from error
    if not re.fullmatch(r"[BW]\+\S+|0", text):
        raise UserError(
            f"score: final_score must be like B+3.5, W+3.5 or 0, got {text[:40]!r} from {rules.score}"
        )
    return Result(text, f"final_score of {rules.score}")


def record(game: Game, result: Result, names: tuple[str, str], rules: Rules) -> bytes:
    """The game as an SGF file; ``names`` of black and white."""
    black, white = names
    facts = {"PB": black, "PW": white, "KM": rules.komi, "RE": result.text, "C": result.reason}
    return write_sgf(game, facts | ({"HA": len(game.setup)} if game.setup else {}))

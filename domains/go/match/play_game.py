"""One game between two programs, refereed by the suite's own board."""

import random
import re
from typing import NamedTuple

from domains.go.board import Game, area_score, encode_move, move_colour, move_point, parse_point, point_name
from domains.go.match.client import Client, EngineError, TimeError
from domains.go.match.openings import SIZE, opening
from domains.go.records import write_sgf
from shared.errors import UserError

MAX_MOVES = 2 * SIZE**2  # under simple ko, a triple ko never ends


class Rules(NamedTuple):
    """The terms of a match."""

    komi: float  # points for white
    seconds: float  # time limit of a move
    score: str | None  # command of the program whose ``final_score`` decides; None: area, all stones alive


class Result(NamedTuple):
    """How a game ended."""

    text: str  # in SGF: B+3.5, W+R, B+T, W+F, 0
    reason: str  # in words


def opening_of(number: int) -> list[int]:
    """The opening of game ``number``, shared by two consecutive games with colours exchanged."""
    points = opening(random.Random(number // 2))  # noqa: S311 - a repeatable draw, not a secret
    return [(SIZE - 1 - row) * SIZE + column for row, column in points]


def play_game(players: tuple[Client, Client], book: list[int], rules: Rules) -> tuple[Game, Result]:
    """Play a game from an opening.

    A program that plays an illegal move, crashes, refuses a legal move or exceeds the time limit loses.
    Suicide and the immediate retake of a ko are illegal; a game of MAX_MOVES moves is a draw.

    Args:
        players: black and white.
        book: points of the first moves, black's first.
        rules: of the match.

    Raises:
        UserError: a player cannot begin a game, or the scorer fails.
    """
    for player in players:
        _begin(player, rules)
    game = Game(SIZE)
    while not game.ended():
        ply, colour = len(game.moves), len(game.moves) % 2
        if ply == MAX_MOVES:
            return game, Result("0", f"no end after {MAX_MOVES} moves")
        winner = "WB"[colour]  # if this move fails
        try:
            if ply < len(book):
                move = point_name(book[ply], SIZE)
                players[colour](f"play {'bw'[colour]} {move}", rules.seconds)
            else:
                move = players[colour](f"genmove {'bw'[colour]}", rules.seconds)
            if move.lower() == "resign":
                return game, Result(f"{winner}+R", "resigned")
            point = parse_point(move, SIZE)
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


def _begin(player: Client, rules: Rules) -> None:
    try:
        for command in (f"boardsize {SIZE}", "clear_board", f"komi {rules.komi:g}"):
            player(command)
    except EngineError as error:
        raise UserError(f"{player.command!r}: cannot begin a game: {error}") from error


def _score(game: Game, rules: Rules) -> Result:
    if rules.score is None:
        return Result(area_score(game.stones).result(rules.komi), "area")
    with Client(rules.score) as scorer:
        _begin(scorer, rules)
        try:
            for code in game.moves:
                scorer(f"play {'bw'[move_colour(code)]} {point_name(move_point(code), SIZE)}")
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
    return write_sgf(game, facts)

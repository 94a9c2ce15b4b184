"""Queries of KataGo's analysis engine, which KaTrain sends: one JSON object a line, and one a response.

Format: https://github.com/lightvector/KataGo/blob/master/docs/Analysis_Engine.md. A policy has neither search
nor score: win rates are 0.5, leads 0, and visits are the probability of a move.
"""

import json
from collections.abc import Iterator
from typing import Any, Literal, TypedDict

import numpy as np

from domains.go.board import LARGEST, SMALLEST, Game, encode_move, move_colour, parse_point, point_name
from domains.go.engine.engine import Engine, likeliest
from shared.config import check_known
from shared.errors import UserError, require_int

SHOWN = 10  # moves of an analysis
VISITS = 10_000  # of a move of probability 1
UNKNOWN = {"winrate": 0.5, "scoreLead": 0.0, "scoreMean": 0.0, "scoreStdev": 0.0, "utility": 0.0, "lcb": 0.5}

Player = Literal["B", "W", "b", "w"]


class Avoided(TypedDict):
    """Moves that a player is not to be shown."""

    player: Player
    moves: list[str]
    untilDepth: int


class Query(TypedDict, total=False):
    """The fields that a policy can obey."""

    id: str
    action: str
    boardXSize: int
    boardYSize: int
    initialStones: list[tuple[Player, str]]
    initialPlayer: Player
    moves: list[tuple[Player, str]]
    analyzeTurns: list[int]  # the last alone without
    avoidMoves: list[Avoided]
    includePolicy: bool


def answer_query(engine: Engine, line: str) -> str:
    """A line for each position that the query asks for, or one with the error."""
    query: Any = {}
    try:
        query = json.loads(line)
        check_known(query, Query)
        responses = list(_responses(engine, query))
    except (UserError, ValueError, RecursionError) as error:
        responses = [{"error": " ".join(str(error).split())}]
    name = {"id": query["id"]} if isinstance(query.get("id"), str) else {}
    return "".join(json.dumps(name | response) + "\n" for response in responses)


def _responses(engine: Engine, query: Query) -> Iterator[dict[str, Any]]:
    if "action" in query:  # of terminate, nothing is left to stop
        yield dict(query)
        return
    columns, rows = query.get("boardXSize", LARGEST), query.get("boardYSize", LARGEST)
    require_int("boardXSize", columns, SMALLEST, LARGEST)
    if rows != columns:
        raise UserError(f"boardYSize: must be {columns}, as boardXSize, got {rows}")
    stones, moves = _codes(query.get("initialStones", []), rows), _codes(query.get("moves", []), rows)
    first = query.get("initialPlayer", "BW"[bool(stones) and all(move_colour(code) == 0 for code in stones)])
    for turn in query.get("analyzeTurns", [len(moves)]):
        require_int("analyzeTurns", turn, 0, len(moves))
        try:
            game = Game(rows, stones, moves[:turn])
        except UserError as error:
            raise UserError(
                f"Illegal move or setup: {error}"
            ) from error  # KaTrain looks for the first two words
        colour = 1 - move_colour(game.moves[-1]) if turn else "BW".index(first.upper())
        yield {"isDuringSearch": False, "turnNumber": turn, **_analysis(engine, game, colour, query)}


def _codes(stones: list[tuple[Player, str]], size: int) -> list[int]:
    """The codes of ``["B", "D4"]``."""
    codes = []
    for player, name in stones:
        point = parse_point(name, size)
        if point is None:
            raise UserError(f"moves: must be points of the board or pass, got {name[:20]!r}")
        codes.append(encode_move(point, "BW".index(player.upper())))
    return codes


def _analysis(engine: Engine, game: Game, colour: int, query: Query) -> dict[str, Any]:
    policy = engine.probabilities(game, colour)
    shown = policy.copy()
    for avoided in query.get("avoidMoves", []):
        if avoided["player"].upper() == "BW"[colour]:
            points = [parse_point(name, game.size) for name in avoided["moves"]]
            shown[[point for point in points if point is not None and point < len(shown)]] = 0
    moves = []
    for order, point in enumerate(likeliest(shown, SHOWN)):
        name = point_name(point, game.size)
        prior = {"visits": round(VISITS * shown[point]), "prior": float(shown[point])}
        moves.append({"move": name, "order": order, "pv": [name], **prior, **UNKNOWN})
    analysis: dict[str, Any] = {
        "moveInfos": moves,
        "rootInfo": {"visits": 1, "currentPlayer": "BW"[colour], **UNKNOWN},
    }
    if query.get("includePolicy"):
        analysis["policy"] = [*np.where(policy > 0, policy, -1).tolist(), 0.0]  # of a pass it knows nothing
    return analysis

"""Queries as KaTrain sends them: what it reads in the responses, and errors in its words."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from domains.go.board.points import parse_point
from domains.go.engine.engine import Engine
from domains.go.engine.gtp_commands import GoProtocol
from domains.go.engine.network import Policy
from tests.domains.go.engine.runs import make_run

KATRAIN: dict[str, Any] = {
    "id": "QUERY:1", "rules": "japanese", "priority": 1000, "analyzeTurns": [2], "maxVisits": 500,
    "komi": 6.5,
    "boardXSize": 9, "boardYSize": 9, "includeOwnership": True, "includeMovesOwnership": True,
    "includePolicy": True, "initialStones": [], "initialPlayer": "B", "moves": [["B", "A9"], ["W", "E5"]],
    "overrideSettings": {"reportAnalysisWinratesAs": "BLACK", "wideRootNoise": 0.04, "maxTime": 8.0},
    "reportDuringSearchEvery": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def gtp(tmp_path_factory: pytest.TempPathFactory) -> GoProtocol:
    logits = -0.1 * np.arange(81, dtype=np.float32)
    policy = Policy.load(make_run(tmp_path_factory.mktemp("runs"), logits=logits), 1)
    return GoProtocol(Engine(policy, temperature=0.0, sensible=True, superko=True, seed=0), "test")


def responses(gtp: GoProtocol, **change: Any) -> list[dict[str, Any]]:
    text = gtp.answer(json.dumps(KATRAIN | change) + "\n")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.removesuffix("\n").split("\n")]


def test_katrain_reads_the_policy_and_the_moves(gtp: GoProtocol) -> None:
    [response] = responses(gtp)
    assert (response["id"], response["turnNumber"], response["isDuringSearch"]) == ("QUERY:1", 2, False)
    policy = response["policy"]
    assert len(policy) == 82
    assert policy[0] == policy[40] == -1  # there are stones
    assert policy[81] == 0
    assert sum(share for share in policy if share > 0) == pytest.approx(1)
    assert policy[1] > policy[2] > 0
    moves = response["moveInfos"]
    assert [move["move"] for move in moves[:3]] == ["B9", "C9", "D9"]
    assert [move["order"] for move in moves] == list(range(10))
    for move in moves:
        assert move["pv"] == [move["move"]]
        assert move["prior"] == policy[parse_point(move["move"], 9)]
        assert move["visits"] == round(10_000 * move["prior"])
        assert (move["winrate"], move["scoreLead"]) == (0.5, 0)
    assert {"visits", "winrate", "scoreLead"} <= response["rootInfo"].keys()


def test_several_turns_of_a_game_and_handicap(gtp: GoProtocol) -> None:
    several = responses(gtp, analyzeTurns=[0, 2], includePolicy=False)
    assert [(part["turnNumber"], part["rootInfo"]["currentPlayer"]) for part in several] == [
        (0, "B"),
        (2, "B"),
    ]
    assert "policy" not in several[0]
    stones = {"moves": [], "analyzeTurns": [0], "initialStones": [["B", "A9"], ["B", "B9"]]}
    assert responses(gtp, **stones, initialPlayer="W")[0]["rootInfo"]["currentPlayer"] == "W"
    query = {key: value for key, value in (KATRAIN | stones).items() if key != "initialPlayer"}
    [response] = [json.loads(line) for line in gtp.answer(json.dumps(query)).splitlines()]
    assert response["rootInfo"]["currentPlayer"] == "W"
    assert response["moveInfos"][0]["move"] == "C9"


def test_moves_that_katrain_avoids_are_not_shown(gtp: GoProtocol) -> None:
    avoid = [{"moves": ["B9", "D9", "pass"], "player": "B", "untilDepth": 1},
             {"moves": ["C9"], "player": "W", "untilDepth": 1}]  # fmt: skip
    [response] = responses(gtp, avoidMoves=avoid)
    assert [move["move"] for move in response["moveInfos"][:2]] == ["C9", "E9"]
    assert response["policy"][1] > 0


def test_boards_of_any_size_leave_the_game_of_gtp_as_it_is(gtp: GoProtocol) -> None:
    gtp.answer("boardsize 9")
    gtp.answer("play b e5")
    [response] = responses(gtp, boardXSize=13, boardYSize=13)
    assert len(response["policy"]) == 170
    assert gtp.answer("genmove w") == "= A9\n\n"
    assert gtp.answer("undo") == "=\n\n"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"moves": [["B", "E5"], ["W", "E5"]]}, "Illegal move"),
        ({"initialStones": [["B", "A1"], ["W", "A1"]]}, "Illegal move or setup"),
        ({"moves": [["B", "K9"]]}, "moves: must be points of the board or pass, got 'K9'"),
        ({"moves": [["R", "A1"]]}, "moves"),
        ({"moves": "E5"}, "moves: must be a list"),
        ({"boardXSize": 13}, "boardYSize: must be 13, as boardXSize, got 9"),
        ({"boardXSize": 10**9, "boardYSize": 10**9}, "must be a whole number from 5 to 19"),
        ({"boardXSize": 25, "boardYSize": 25}, "must be a whole number from 5 to 19, got 25"),
        ({"boardXSize": "9"}, "boardXSize: must be a whole number"),
        ({"analyzeTurns": [3]}, "analyzeTurns: must be a whole number from 0 to 2, got 3"),
        ({"avoidMoves": [{"moves": ["A1"]}]}, "avoidMoves"),
    ],
)
def test_errors_have_the_query_s_name(gtp: GoProtocol, change: dict[str, Any], words: str) -> None:
    [response] = responses(gtp, **change)
    assert response.keys() == {"id", "error"}
    assert response["id"] == "QUERY:1"
    assert words in response["error"]


@pytest.mark.parametrize("line", ["{", '{"id": 7}', '{"a":' + "[" * 10**5, '{"boardXSize": NaN}', "{\\x"])
def test_broken_queries_are_errors_on_one_line(gtp: GoProtocol, line: str) -> None:
    out = io.BytesIO()
    gtp.serve(io.BytesIO(line.encode() + b"\n"), out)
    [response] = [json.loads(line) for line in out.getvalue().decode().splitlines()]
    assert response.keys() == {"error"}


def test_terminate_is_confirmed(gtp: GoProtocol) -> None:
    [response] = responses(gtp, action="terminate", terminateId="QUERY:0")
    assert (response["action"], response["terminateId"], response["id"]) == (
        "terminate",
        "QUERY:0",
        "QUERY:1",
    )


def test_it_is_what_the_command_answers(tmp_path: Path, gtp: GoProtocol) -> None:
    out = io.BytesIO()
    gtp.serve(io.BytesIO(json.dumps(KATRAIN).encode() + b"\n\nname\n"), out)
    first, second = out.getvalue().split(b"\n", 1)
    assert json.loads(first)["id"] == "QUERY:1"
    assert second == b"= test\n\n"

"""Matches: the winner, the files that are kept, and the strength that follows from the points."""

import csv
import json
import math
import shlex
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from omegaconf import DictConfig
from sgfmill import sgf

from domains.go.board.handicap import fixed_handicap
from domains.go.board.points import point_name
from domains.go.match.client import Client, EngineError, find
from domains.go.match.elo import strength
from domains.go.match.ladder import ratings
from domains.go.match.match import match
from domains.go.match.play_game import Rules, opening_of
from domains.go.match.stones import half
from shared.config.cli import compose
from shared.errors import UserError
from tests.commands import start

FAKE = Path(__file__).with_name("fake_engine.py")


def fake(manner: str, since: int = 0) -> str:
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(FAKE))} {manner} {since}"


def settings(tmp_path: Path, a: str, b: str, **more: object) -> DictConfig:
    config = compose("match", ["games=2", "seconds=20", "score=null"])
    config.update({"a": a, "b": b, "output": str(tmp_path / "match")} | more)
    return config


def rows(tmp_path: Path) -> list[dict[str, str]]:
    with (tmp_path / "match" / "games.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("manner", "letter", "reason"),
    [
        ("resigns", "R", "resigned"),
        ("repeats", "F", "illegal move"),
        ("talks", "F", "illegal move the centre"),
        ("crashes", "F", "it ended instead of answering"),
        ("sleeps", "T", "no answer in 2 s"),
        ("objects", "F", "illegal move"),
    ],
)
def test_a_program_that_misbehaves_loses_with_either_colour(
    tmp_path: Path, manner: str, letter: str, reason: str
) -> None:
    strengths = match(settings(tmp_path, fake("plays"), fake(manner, 8), seconds=2))
    assert strengths[0].share.value == 1
    assert [row["result"] for row in rows(tmp_path)] == [f"B+{letter}", f"W+{letter}"]
    assert all(reason in row["reason"] for row in rows(tmp_path))
    summary = json.loads((tmp_path / "match" / "summary.json").read_text())
    assert summary["by time, crash or illegal move"] == (0 if letter == "R" else 2)


def test_colours_alternate_and_two_games_share_an_opening(tmp_path: Path) -> None:
    match(settings(tmp_path, fake("passes"), fake("resigns", 3), games=6))
    games = [
        sgf.Sgf_game.from_bytes(path.read_bytes()) for path in sorted((tmp_path / "match").glob("*.sgf"))
    ]
    assert [("passes" in game.get_player_name("b")) for game in games] == [True, False] * 3
    begun = []
    for game in games:
        moves = [node.get_move() for node in game.get_main_sequence()[1:]]
        begun.append(tuple(moves[: next(n for n, (_, point) in enumerate(moves) if point is None)][:2]))
    assert begun[0] == begun[1]
    assert len(set(begun)) == 3
    assert all(len(moves) == 2 for moves in begun)


def test_the_weaker_program_is_black_with_its_stones_in_all_games(tmp_path: Path) -> None:
    players = fake("passes", 4), fake("passes", 4)
    match(settings(tmp_path, *players, handicap=4, games=3))
    for row, file in zip(rows(tmp_path), sorted((tmp_path / "match").glob("*.sgf")), strict=True):
        game = sgf.Sgf_game.from_bytes(file.read_bytes())
        root, *nodes = game.get_main_sequence()
        black, white, _ = root.get_setup_stones()
        assert (len(black), len(white), root.get("HA"), root.get("KM")) == (4, 0, 4, 0.5)
        assert black == {(3, 3), (3, 15), (15, 3), (15, 15)}
        assert [node.get_move()[0] for node in nodes[:2]] == ["w", "b"]
        assert row["black"] == "b"
    assert len({file.read_bytes() for file in (tmp_path / "match").glob("*.sgf")}) > 1
    terms = json.loads((tmp_path / "match" / "match.json").read_text())
    assert terms["handicap"] == 4
    assert "size" not in terms
    assert set(json.loads((tmp_path / "match" / "summary.json").read_text())) == {
        *("all games", "a white", "by time, crash or illegal move")
    }


def test_a_match_with_several_handicaps_ends_in_a_table_and_a_plot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wins, loses = fake("resigns", 30), fake("resigns", 3)
    match(settings(tmp_path, wins, loses, handicap=[9, 2], games=2))
    summary = json.loads((tmp_path / "match" / "summary.json").read_text())
    assert summary["2"]["win rate"] == summary["9"]["win rate"] == 1
    assert summary["wins half at"] == "more than 9"
    assert (tmp_path / "match" / "handicap.png").stat().st_size > 1000
    assert [len(list((tmp_path / "match" / part).glob("*.sgf"))) for part in ("01", "02")] == [2, 2]
    assert "wins half at more than 9 stones" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("shares", "wanted"),
    [
        ([1.0, 0.75, 0.25, 0.0], 4.0),
        ([0.4, 0.2, 0.1, 0.0], "fewer than 2"),
        ([0.9, 0.9, 0.8, 0.7], "more than 9"),
        ([0.9, 0.4, 0.6, 0.1], 5.8),
        ([0.9, 0.9, 0.9, 0.5], 9.0),
    ],
)
def test_half_is_won_between_two_numbers_of_stones(shares: list[float], wanted: float | str) -> None:
    assert half([2, 3, 5, 9], shares) == (wanted if isinstance(wanted, str) else pytest.approx(wanted))


def test_small_boards_have_openings_too(tmp_path: Path) -> None:
    match(settings(tmp_path, fake("passes"), fake("passes"), size=9, games=4))
    files = sorted((tmp_path / "match").glob("*.sgf"))
    games = [sgf.Sgf_game.from_bytes(file.read_bytes()) for file in files]
    moves = [[node.get_move()[1] for node in game.get_main_sequence()[1:3]] for game in games]
    assert {game.get_size() for game in games} == {9}
    assert moves[0] == moves[1] != moves[2] == moves[3]
    assert all(2 <= line <= 6 for pair in moves for point in pair for line in point)
    for size in (5, 7, 13, 19):
        for stones in (0, 4):
            rules = Rules(7.5, 1, None, size, stones if size > 5 else 0)
            book = [opening_of(number, rules) for number in range(50)]
            assert all(len({*points, *rules.stones}) == len(points) + len(rules.stones) for points in book)


def test_a_ladder_ranks_programs_by_the_games_of_each_against_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, "", "", games=2)
    config.engines = {
        "strong": fake("resigns", 50),
        "weak": fake("resigns", 2),
        "middle": fake("resigns", 20),
    }
    config.ladder = ["strong", "weak", "middle"]
    match(config)
    summary = json.loads((tmp_path / "match" / "summary.json").read_text())
    assert list(summary) == ["strong", "middle", "weak"]
    assert summary["middle"] | {"elo": 0.0} == summary["middle"]
    assert [one["points"] for one in summary.values()] == [4, 2, 0]
    assert (tmp_path / "match" / "ladder.png").stat().st_size > 1000
    assert "Elo above middle" in capsys.readouterr().out


def test_ratings_are_those_of_bradley_and_terry() -> None:
    """Two programs: as ``strength``, with a drawn game more; three: no less than the sum of two steps."""
    [a, b] = ratings(["a", "b"], np.array([[0, 75], [25, 0]]))
    assert b.elo == b.low == b.high == 0
    assert a.elo == pytest.approx(400 * math.log10(75.5 / 25.5), abs=0.01)
    n, p = 101, 75.5 / 101
    assert a.high - a.elo == pytest.approx(1.96 * 400 / math.log(10) / math.sqrt(n * p * (1 - p)), rel=1e-3)
    a, b, c = ratings(["a", "b", "c"], np.array([[0, 30, 38], [10, 0, 30], [2, 10, 0]]))
    assert a.elo > b.elo > c.elo == 0
    assert a.elo == pytest.approx(2 * b.elo, abs=40)
    assert (a.points, a.n) == (68, 80)
    assert all(abs(one.elo) < 5000 for one in ratings(["a", "b"], np.array([[0, 9], [0, 0]])))


def test_two_passes_end_a_game_and_the_area_counts(tmp_path: Path) -> None:
    match(settings(tmp_path, fake("passes"), fake("passes")))
    for row in rows(tmp_path):
        assert row["reason"] == "area"
        assert row["result"] == "W+7.5"  # no area belongs to one colour alone
        assert int(row["moves"]) <= 10


@pytest.mark.parametrize(
    ("said", "points"), [("B+3.5", ["1.0", "0.0"]), ("W+R", ["0.0", "1.0"]), ("0", ["0.5", "0.5"])]
)
def test_a_scorer_decides(tmp_path: Path, said: str, points: list[str]) -> None:
    match(settings(tmp_path, fake("passes"), fake("passes"), score=fake(said)))
    assert [row["points"] for row in rows(tmp_path)] == points
    assert all(said in row["reason"] for row in rows(tmp_path))


def test_a_match_is_continued_and_finished_games_are_kept(tmp_path: Path) -> None:
    first = settings(tmp_path, fake("passes"), fake("resigns", 1), games=2, jobs=2)
    match(first)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "match").glob("*.sgf")}
    first.games = 4
    assert match(first)[0].share.n == 4
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())
    with pytest.raises(UserError, match=r"another match\.json"):
        match(settings(tmp_path, fake("passes"), fake("passes")))
    (tmp_path / "match" / "0001.sgf").write_text("(;")
    with pytest.raises(UserError, match=r"0001\.sgf: must be a game of a match"):
        match(first)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"a": "no-such-program"}, "no-such-program"),
        ({"a": ""}, "must be an installed program"),
        ({"b": "gnugo 'open"}, "must be a command .No closing quotation"),
        ({"a": fake("refuses")}, "cannot begin a game: clear_board: . not today"),
        ({"games": 0}, "games: must be a whole number from 1, got 0"),
        ({"jobs": "many"}, "jobs: must be a whole number from 1, got 'many'"),
        ({"seconds": 0}, "seconds: must be a number in .0, 1,000,000], got 0"),
        ({"komi": "half"}, "komi: must be a number from -361 to 361, got 'half'"),
        ({"komi": 375}, "got 375"),
        ({"komi": float("nan")}, "got nan"),
        ({"komi": True}, "got true"),
        ({"score": "false"}, "cannot begin a game"),
        ({"size": 20}, "size: must be a whole number from 5 to 19, got 20"),
        ({"handicap": 1}, "handicap: must be 0, or 2 to 9 stones .*, got 1"),
        ({"handicap": True}, "handicap: must be 0"),
        ({"handicap": "four"}, "handicap: must be 0"),
        ({"handicap": 5, "size": 8}, "handicap: must be .* 8×8 has points for, got 5"),
        ({"handicap": [2, 2]}, "handicap: must name each number once"),
        ({"handicap": []}, "handicap: must name each number once"),
        ({"ladder": ["policy"]}, "ladder: must be a list of at least two programs, each once"),
        ({"ladder": ["a", "b"], "handicap": 3}, "ladder: .* without handicap"),
        ({"ladder": "policy"}, "ladder: must be a list of text or null"),
        ({"score": fake("dunno")}, "final_score must be like B.3.5, W.3.5 or 0, got 'dunno'"),
    ],
)
def test_mistakes_are_named_and_no_game_is_kept(tmp_path: Path, change: dict, words: str) -> None:
    with pytest.raises(UserError, match=words):
        match(settings(tmp_path, **{"a": fake("passes"), "b": fake("passes")} | change))
    assert not list((tmp_path / "match").glob("*.sgf"))


def test_the_strength_follows_from_the_points() -> None:
    estimate = strength("all", [1.0] * 75 + [0.0] * 25)
    assert estimate.share.value == 0.75
    assert estimate.share.low == pytest.approx(0.6552, abs=1e-4)  # Wilson's with Student's quantile
    assert estimate.share.high == pytest.approx(0.8257, abs=1e-4)
    assert estimate.elo[1] == pytest.approx(190.85, abs=0.01)
    for end, share in zip(estimate.elo[::2], (estimate.share.low, estimate.share.high), strict=True):
        assert 1 / (1 + 10 ** (-end / 400)) == pytest.approx(share)
    assert strength("all", [1.0] * 5).elo[1] == math.inf
    assert strength("all", [0.0] * 5).elo[1] == -math.inf


@pytest.mark.slow
def test_ctrl_c_keeps_finished_games_and_ends_the_programs(tmp_path: Path) -> None:
    words = [f"a='{fake('passes')}'", f"b='{fake('sleeps', 3)}'", "score=null", "jobs=2", "output=match"]
    process = start("match", *words, cwd=tmp_path)
    for _ in range(600):
        if (tmp_path / "match" / "b.log").exists():
            break
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)  # less than the program sleeps
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert not list((tmp_path / "match").glob("*.sgf"))


@pytest.mark.gnugo
@pytest.mark.skipif(find("gnugo") is None, reason="GNU Go is not installed (Debian package gnugo)")
def test_fixed_handicap_stones_lie_where_gnu_go_puts_them() -> None:
    with Client("gnugo --mode gtp") as gnugo:
        for size in (7, 8, 9, 13, 18, 19):  # at 12 GNU Go deviates from the specification
            for stones in range(11):
                gnugo(f"boardsize {size}")
                points = fixed_handicap(size, stones)
                if points is None:
                    with pytest.raises(EngineError, match="invalid handicap"):
                        gnugo(f"fixed_handicap {stones}")
                else:
                    placed = gnugo(f"fixed_handicap {stones}").split()
                    assert sorted(placed) == sorted(point_name(point, size) for point in points)


@pytest.mark.gnugo
@pytest.mark.skipif(find("gnugo") is None, reason="GNU Go is not installed (Debian package gnugo)")
def test_gnu_go_plays_itself_and_counts(tmp_path: Path) -> None:
    player = "gnugo --mode gtp --level 0 --chinese-rules --never-resign"
    match(settings(tmp_path, player, player, score=player, games=1))
    [row] = rows(tmp_path)
    assert row["reason"] == f"final_score of {player}"
    assert row["result"][:2] in ("B+", "W+")
    assert int(row["moves"]) > 150


@pytest.mark.parametrize("redirected", ["", "<&3"])
def test_a_program_that_ends_is_reported_at_once_even_if_its_children_hold_the_pipes(redirected: str) -> None:
    start = time.monotonic()
    client = Client(f"sh -c 'exec 3<&0; sleep 50 {redirected} & exit 1'")
    with pytest.raises(EngineError, match="ended"):
        client("boardsize 19")
    client.close()
    assert time.monotonic() - start < 20

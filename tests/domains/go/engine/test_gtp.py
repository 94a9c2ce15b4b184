"""The Go Text Protocol as a controller sees it: valid and invalid commands."""

import io
import json
import logging
import os
import random
import re
import time
from pathlib import Path

import numpy as np
import pytest
from sgfmill.ascii_boards import interpret_diagram

from domains.go.board.points import point_names
from domains.go.engine.engine import Engine
from domains.go.engine.gtp_commands import GoProtocol
from domains.go.engine.network import Policy
from tests.domains.go.board.reference import legal_points
from tests.domains.go.engine.runs import make_run

SPECIFIED = [
    *(
        "protocol_version",
        "name",
        "version",
        "known_command",
        "list_commands",
        "quit",
        "boardsize",
        "clear_board",
    ),
    *("komi", "play", "genmove", "reg_genmove", "undo", "showboard", "fixed_handicap", "place_free_handicap"),
    *("set_free_handicap", "loadsgf", "final_score", "time_settings", "time_left"),
]
ANALYSES = [prefix + name for prefix in ("", "lz-", "kata-") for name in ("analyze", "genmove_analyze")]
ANSWER = re.compile(r"[=?]\d*( [^\n]+)?(\n[^\n]+)*\n\n")


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    logits = -0.1 * np.arange(81, dtype=np.float32)
    return Policy.load(make_run(tmp_path_factory.mktemp("runs"), logits=logits), 1)


@pytest.fixture
def gtp(policy: Policy) -> GoProtocol:
    return GoProtocol(Engine(policy, temperature=0.0, sensible=True, superko=True, seed=0), "test")


def good(gtp: GoProtocol, line: str) -> str:
    answer = gtp.answer(line)
    assert ANSWER.fullmatch(answer), answer
    assert answer.startswith("="), answer
    return answer[1:].strip()


def bad(gtp: GoProtocol, line: str) -> str:
    answer = gtp.answer(line)
    assert ANSWER.fullmatch(answer), answer
    assert answer.startswith("?"), answer
    return answer[2:].strip()


def test_it_has_the_commands_of_the_specification(gtp: GoProtocol) -> None:
    known = good(gtp, "list_commands").split("\n")
    assert set(SPECIFIED) <= set(known)
    assert all(good(gtp, f"known_command {name}") == "true" for name in known)
    assert good(gtp, "known_command gemove") == "false"
    assert good(gtp, "protocol_version") == "2"
    assert good(gtp, "name") == "test"
    assert re.fullmatch(r"\d+\.\d+\.\d+", good(gtp, "version"))


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("7 protocol_version", "=7 2\n\n"),
        ("  protocol_version  # and why\n", "= 2\n\n"),
        ("\x07proto\x00col_version\r\n", "= 2\n\n"),
        ("12\tprotocol_version\n", "=12 2\n\n"),
        ("", ""),
        ("   \t\n", ""),
        ("# a comment\n", ""),
        ("3", "?3 unknown command\n\n"),
        ("3 nonsense\n", "?3 unknown command\n\n"),
        ("Protocol_Version", "? unknown command\n\n"),
        ("5 boardsize 20", "?5 unacceptable size\n\n"),
        ("5 boardsize 4", "?5 unacceptable size\n\n"),
    ],
)
def test_lines_are_read_as_specified(gtp: GoProtocol, line: str, answer: str) -> None:
    assert gtp.answer(line) == answer


def test_moves_are_played_shown_and_taken_back(gtp: GoProtocol) -> None:
    good(gtp, "play b e5")
    good(gtp, "play WHITE C3")
    good(gtp, "play W pass")
    assert good(gtp, "genmove B") == "A9"
    assert good(gtp, "reg_genmove w") == "B9"
    shown = interpret_diagram(gtp.answer("showboard").split("\n", 1)[1].rstrip("\n"), 9)
    assert set(shown.list_occupied_points()) == {("b", (4, 4)), ("w", (2, 2)), ("b", (8, 0))}
    assert bad(gtp, "play w e5") == "illegal move"
    for _ in range(4):
        good(gtp, "undo")
    assert bad(gtp, "undo") == "cannot undo"
    good(gtp, "play w e5")
    good(gtp, "clear_board")
    assert bad(gtp, "undo") == "cannot undo"


NONSENSE = [
    "play",
    "play b",
    "play b z9",
    "play b a10",
    "play b a0",
    "play b i5",
    "play red e5",
    "play b e5e",
    "genmove",
    "genmove red",
    "reg_genmove",
    "boardsize",
    "boardsize nine",
    "komi",
    "komi much",
    "komi nan",
    "komi 1e999",
    "known_command",
    "fixed_handicap",
    "fixed_handicap -2",
    "fixed_handicap 99999999999999999999",
    "undo",
    "loadsgf",
]


@pytest.mark.parametrize("line", NONSENSE)
def test_invalid_commands_are_refused(gtp: GoProtocol, line: str) -> None:
    assert bad(gtp, line)
    assert not gtp.game.moves


def test_handicap(gtp: GoProtocol) -> None:
    assert good(gtp, "fixed_handicap 5").split() == ["C3", "G7", "C7", "G3", "E5"]
    assert bad(gtp, "fixed_handicap 2") == "board not empty"
    assert bad(gtp, "set_free_handicap A1 A2") == "board not empty"
    assert bad(gtp, "undo") == "cannot undo"
    for line in ("fixed_handicap 10", "fixed_handicap 1", "place_free_handicap 1", "place_free_handicap 81"):
        good(gtp, "clear_board")
        assert bad(gtp, line) == "invalid number of stones"
    assert len(good(gtp, "place_free_handicap 30").split()) == 9
    for line in ("A1", "A1 A1", "A1 pass", "A1 Z1", ""):
        good(gtp, "clear_board")
        assert bad(gtp, f"set_free_handicap {line}") == "bad vertex list"
    good(gtp, "set_free_handicap A1 B2")
    assert [point_names(9)[code >> 1] for code in gtp.game.setup] == ["A1", "B2"]


def test_without_a_colour_it_is_the_other_s_turn(gtp: GoProtocol) -> None:
    gtp.engine.sensible = False
    good(gtp, "set_free_handicap A8 B9")  # the corner is white's suicide, and black may fill it
    assert "A9" in good(gtp, "policy b")
    assert "A9" not in good(gtp, "policy")
    good(gtp, "play w E5")
    assert "A9" in good(gtp, "policy")
    good(gtp, "play b E6")
    assert "A9" not in good(gtp, "policy")
    good(gtp, "clear_board")
    good(gtp, "play w A8")
    good(gtp, "play w B9")
    assert "A9" not in good(gtp, "policy")
    good(gtp, "undo")
    assert "A9" in good(gtp, "policy")


def test_in_a_problem_it_is_black_s_turn(gtp: GoProtocol, tmp_path: Path) -> None:
    gtp.engine.sensible = False
    (tmp_path / "problem.sgf").write_text("(;SZ[9]AB[ab][ba]AW[ii])")  # the corner is white's suicide
    good(gtp, f"loadsgf {tmp_path / 'problem.sgf'}")
    assert "A9" in good(gtp, "policy")
    assert "A9" not in good(gtp, "policy w")


def test_the_score_is_by_area_once_both_have_passed(gtp: GoProtocol) -> None:
    good(gtp, "komi 6.5")
    good(gtp, "play b e5")
    assert bad(gtp, "final_score") == "cannot score"
    good(gtp, "play w pass")
    good(gtp, "play b pass")
    assert good(gtp, "final_score") == "B+74.5"
    good(gtp, "komi 81")
    assert good(gtp, "final_score") == "0"
    good(gtp, "komi 90")
    assert good(gtp, "final_score") == "W+9"


def test_a_resigned_game_gets_no_move(gtp: GoProtocol) -> None:
    gtp.engine.resign = 10
    good(gtp, "play b e5")
    for ply in range(40):
        good(gtp, f"play {'wb'[ply % 2]} pass")
    assert good(gtp, "reg_genmove w") == good(gtp, "genmove w") == "resign"
    assert gtp.answer("genmove_analyze w 50").endswith("\nplay resign\n\n")
    assert len(gtp.game.moves) == 41
    assert good(gtp, "genmove b") != "resign"


def test_games_are_loaded_up_to_a_move(gtp: GoProtocol, tmp_path: Path) -> None:
    path = tmp_path / "a game.sgf"
    path.write_bytes(b"(;GM[1]SZ[9]KM[5.5]AB[aa][bb];W[cc];B[dd];W[];B[ee])")
    good(gtp, f"loadsgf {path}")
    assert (len(gtp.game.setup), len(gtp.game.moves), gtp.komi) == (2, 4, 5.5)
    good(gtp, f"loadsgf {path} 3")
    assert len(gtp.game.moves) == 2
    good(gtp, f"loadsgf {path} 1")
    assert not gtp.game.moves


@pytest.mark.parametrize(
    ("root", "komi"),
    [
        ("KM[375]AP[foxwq]", 7.5),
        ("KM[650]AP[foxwq]", 6.5),
        ("KM[6,5]", 6.5),
        ("KM[300]", 6.0),
        ("KM[nan]", 3.5),
    ],
)
def test_the_komi_of_a_record_is_one_that_a_game_can_have(
    gtp: GoProtocol, tmp_path: Path, root: str, komi: float
) -> None:
    (tmp_path / "game.sgf").write_text(f"(;SZ[9]{root};B[ee];W[];B[])")
    good(gtp, "komi 3.5")
    good(gtp, f"loadsgf {tmp_path / 'game.sgf'}")
    assert gtp.komi == komi
    good(gtp, "play w pass")
    assert good(gtp, "final_score") == f"B+{81 - komi:g}"


def test_a_file_s_name_may_have_any_bytes(gtp: GoProtocol, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xe9.sgf"
    Path(os.fsdecode(path)).write_bytes(b"(;SZ[9];B[ee])")
    out = io.BytesIO()
    gtp.serve(io.BytesIO(b"loadsgf " + path + b"\n\xff\n"), out)
    assert out.getvalue() == b"=\n\n? unknown command\n\n"
    assert len(gtp.game.moves) == 1


@pytest.mark.parametrize(
    "data",
    [None, b"", b"no game", b"(;SZ[19];B[aa])", b"(;SZ[9];B[aa];W[aa])", b"(;SZ[9];B[aa];AW[bb])", b"(;SZ[9]",
     b"(;SZ[9]AB[aa]AW[aa])", b"\xff\xfe(;", b"(;GM[2])"],
)  # fmt: skip
def test_an_invalid_file_changes_nothing(gtp: GoProtocol, tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "game.sgf"
    if data is not None:
        path.write_bytes(data)
    good(gtp, "play b e5")
    for name in (path, tmp_path, "/dev/zero", f"{path} {10**12}", ""):
        assert bad(gtp, f"loadsgf {name}")
    assert len(gtp.game.moves) == 1


def moves_of(line: str) -> list[dict[str, str]]:
    """The moves of an analysis, each by its keys."""
    assert line.startswith("info ")
    moves = [part.split() for part in line.removeprefix("info ").split(" info ")]
    return [dict(zip(words[::2], words[1::2], strict=True)) for words in moves]


@pytest.mark.parametrize(
    ("command", "scale"),
    [("analyze", 1e4), ("lz-analyze", 1e4), ("kata-analyze", 1)],
)
def test_analysis_continues_until_the_next_line(gtp: GoProtocol, command: str, scale: float) -> None:
    """As in Sabaki's guide for engines: one line of moves, stopped by the next input."""
    answer = gtp.answer(f"4 {command} b 50\n")
    first, line, rest = answer.split("\n")
    assert (first, rest) == ("=4", "")
    moves = moves_of(line)
    assert [move["move"] for move in moves[:3]] == [move["pv"] for move in moves[:3]] == ["A9", "B9", "C9"]
    assert [move["order"] for move in moves] == [str(order) for order in range(10)]
    likely = gtp.engine.probabilities(gtp.game, 0)
    for key in ("winrate", "prior", "lcb"):
        # Leela Zero's numbers are whole, KataGo's have a point: programs distinguish them by it
        assert ("." in moves[0][key]) == (scale == 1)
        assert float(moves[0][key]) == pytest.approx(scale * likely[0], abs=1e-4 * scale)
    assert int(moves[0]["visits"]) == round(10_000 * likely[0])
    assert gtp.answer("\n") == "\n"
    gtp.answer(f"{command} 10")
    assert gtp.answer("protocol_version") == "\n= 2\n\n"
    answer = gtp.answer(f"{command.replace('analyze', 'genmove_analyze')} b 50")
    assert re.fullmatch(r"=\ninfo [^\n]+\nplay A9\n\n", answer)
    assert gtp.game.moves == [0]


def test_the_moves_of_an_analysis_can_be_chosen(gtp: GoProtocol) -> None:
    def names(options: str) -> list[str]:
        line = gtp.answer(f"lz-analyze {options}").strip().removeprefix("=\n")
        return [move["move"] for move in moves_of(line)]

    assert names("b 50 maxmoves 2 minmoves 5 ownership true") == ["A9", "B9"]
    assert names("10 maxmoves 2 avoid b A9,c9,pass 1 avoid w B9 1") == ["B9", "D9"]
    assert names("w interval 10 allow w C9,A9 1 avoid b A9 1") == ["A9", "C9"]
    assert names("w allow w pass 1") == ["pass"]
    for wrong in ("maxmoves", "maxmoves some", "avoid", "avoid b", "avoid b Z9 1", "allow A9 1"):
        gtp.answer("")  # ends the analysis before
        assert bad(gtp, f"kata-analyze b 50 {wrong}")


def test_a_move_with_its_analysis_is_one_pass_of_the_network(
    gtp: GoProtocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = []
    predict = gtp.engine._predict
    monkeypatch.setattr(gtp.engine, "_predict", lambda *place: passes.append(place) or predict(*place))
    for colour in "bwbw":
        good(gtp, f"lz-genmove_analyze {colour} 10")
    assert len(passes) == 4
    good(gtp, "undo")
    assert gtp.answer("lz-analyze w").count("info move D9 ") == 1


# What these programs send from their start to their first analyses, and what they must get.
SABAKI = """
name
version
protocol_version
list_commands
boardsize 9
clear_board
komi 6.5
set_free_handicap C3 G7
play W E5
analyze B 50
protocol_version
genmove_analyze B 50
"""
LIZZIE = """
1 name
2 version
3 boardsize 9
4 komi 7.5
5 lz-analyze 10
6 name
7 fixed_handicap 2
8 play W E5
9 lz-analyze 10 avoid b D5,E6 30 avoid w D5,E6 30
10 undo
11 play W C5
12 lz-genmove_analyze B 10
13 time_settings 0 5 1
14 genmove W
15 quit
"""


@pytest.mark.parametrize(("lines", "analyses"), [(SABAKI, 2), (LIZZIE, 3)])
def test_programs_with_a_board_get_what_they_read(gtp: GoProtocol, lines: str, analyses: int) -> None:
    out = io.BytesIO()
    gtp.serve(io.BytesIO(lines.lstrip().encode()), out)
    text = out.getvalue().decode()
    assert text.endswith("\n\n")
    responses = text.removesuffix("\n\n").split("\n\n")
    commands = lines.split("\n")[1:-1]
    assert len(responses) == len(commands)
    for command, response in zip(commands, responses, strict=True):
        number = command.split()[0] if command[0].isdigit() else ""
        assert re.match(rf"={number}(\s|$)", response), (command, response)
        for line in response.split("\n"):
            if line.startswith("info"):
                analyses -= 1
                assert all(int(move["winrate"]) > 0 for move in moves_of(line))
    assert analyses == 0


def test_boards_of_other_sizes_are_played_with_the_same_weights(gtp: GoProtocol) -> None:
    for size in (5, 13, 19, 9):
        good(gtp, f"boardsize {size}")
        assert len(gtp.engine.probabilities(gtp.game, 0)) == size**2
        assert good(gtp, "genmove b") == f"A{size}"  # the corner, which the network likes on 9×9
        assert good(gtp, "showboard").startswith(f"{size} ")


def test_gogui_draws_the_policy(gtp: GoProtocol) -> None:
    (kind, _, command) = good(gtp, "gogui-analyze_commands").split("/")
    assert kind == "gfx"
    lines = good(gtp, command.replace("%m", "black")).split("\n")
    colours = [line.split() for line in lines if line.startswith("COLOR")]
    assert [words[2] for words in colours[:2]] == ["A9", "B9"]
    assert all(re.fullmatch("#[0-9a-f]{6}", words[1]) for words in colours)
    dark = [sum(bytes.fromhex(words[1][1:])) for words in colours]
    assert dark == sorted(dark)
    assert lines[-2].startswith("LABEL A9 10 B9 9")
    assert lines[-1].startswith("TEXT A9 9.5%")


def test_it_serves_until_quit_or_the_end_of_the_lines(gtp: GoProtocol) -> None:
    out = io.BytesIO()
    gtp.serve(io.BytesIO(b"name\n1 quit\nname\n"), out)
    assert out.getvalue() == b"= test\n\n=1\n\n"
    gtp.ended, out = False, io.BytesIO()
    gtp.serve(io.BytesIO(b"analyze b\n"), out)
    assert out.getvalue().endswith(b"\n\n")


def test_a_line_of_a_million_signs_costs_no_more_than_its_length(gtp: GoProtocol) -> None:
    start = time.thread_time()
    for line in (f"play{' ' * 10**6}b e5", "x" * 10**6, "9" * 10**6, f"play b {'9' * 10**6}", "b " * 10**6):
        gtp.answer(line)
    assert time.thread_time() - start < 3
    assert gtp.game.moves == [2 * 40]


def mutated(line: str, chance: random.Random) -> bytes:
    data = bytearray(line.encode())
    for _ in range(chance.choice([0, 0, 1, 2, 5])):
        place = chance.randrange(len(data) + 1)
        data[place : place + chance.randrange(3)] = chance.randbytes(chance.randrange(4))
    return bytes(data).replace(b"\n", b" ")


def random_line(chance: random.Random) -> bytes:
    if chance.random() < 0.1:
        return chance.randbytes(chance.randrange(60)).replace(b"\n", b" ")
    argument = ["b", "w", "white", "A1", "pass", "e5", "J9", "-1", "0", "2", "9", "1e400", "nan", "%s"]
    argument += ["/etc/passwd", "99999999999", "resign", "é棋", "maxmoves", "avoid", "allow"]
    argument.append("x" * 5000)
    points = point_names(9)
    words = [chance.choice([*SPECIFIED, *ANALYSES, "policy", "gogui-analyze_commands"] + 4 * ["play"])]
    if words == ["play"] and chance.random() < 0.8:
        words += [chance.choice("bw"), chance.choice(points)]
    words += chance.choices(argument, k=chance.randrange(4))
    if chance.random() < 0.2:
        words.insert(0, str(chance.randrange(10**6)))
    return mutated(" ".join(words), chance)


@pytest.mark.parametrize("lines", [500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_arbitrary_lines_break_nothing(gtp: GoProtocol, caplog: pytest.LogCaptureFixture, lines: int) -> None:
    caplog.set_level(logging.ERROR)
    seed = 0
    print(f"seed {seed}, {lines:,} lines")  # noqa: T201  # pytest shows it with a failure
    chance = random.Random(seed)
    refused = 0
    for _ in range(lines):
        line = random_line(chance)
        out, start = io.BytesIO(), time.monotonic()
        gtp.ended = False
        gtp.serve(io.BytesIO(line), out)
        assert time.monotonic() - start < 20, line
        answer = out.getvalue().decode().removeprefix("\n")  # the newline ends an analysis
        assert "internal error" not in answer, (line, caplog.text)
        if answer.startswith("{"):  # to a line that begins so, see queries.py
            assert "error" in json.loads(answer), line
            continue
        assert not answer or ANSWER.fullmatch(answer), (line, answer)
        refused += answer.startswith("?")
    assert 0.2 * lines < refused < 0.9 * lines  # valid and invalid commands both occur
    assert legal_points(gtp.game, 0).any()
    good(gtp, "boardsize 9")
    assert good(gtp, "genmove b") == "A9"

"""Records of one SGF file: regular, unusual and broken files."""

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sgfmill import sgf as sgfmill_sgf
from sgfmill.sgf_moves import get_setup_and_moves

from domains.go.board.game import first_illegal
from domains.go.records.sgf import UNKNOWN, Record, UnusableError, rank, read_sgf
from shared.config.project import PROJECT

PASS = 19 * 19


def one(text: str | bytes) -> Record:
    (game,) = read_sgf(text if isinstance(text, bytes) else text.encode())
    assert isinstance(game, Record), game
    return game


def unusable(text: str | bytes) -> UnusableError:
    *_, game = read_sgf(text if isinstance(text, bytes) else text.encode())
    assert isinstance(game, UnusableError)
    return game


def code(name: str, colour: int, size: int = 19) -> int:
    column, row = (ord(letter) - ord("a") for letter in name)
    return 2 * (row * size + column) + colour


def test_a_regular_game() -> None:
    game = one("(;GM[1]FF[4]SZ[19]PB[x]BR[6d]PW[y]WR[3k]RE[W+R]DT[2001-02-03];B[aa];W[sa];B[as];W[];B[tt])")
    assert game.moves == [code("aa", 0), code("sa", 1), code("as", 0), 2 * PASS + 1, 2 * PASS]
    assert game.moves[:3] == [0, 2 * 18 + 1, 2 * 18 * 19]
    assert (game.size, game.setup, game.handicap, game.ranks) == (19, [], 0, (6, -2))
    assert (game.result, game.date, game.stopped) == ("W+R", "2001-02-03", "")


def test_files_written_by_sgfmill_are_read_as_sgfmill_reads_them() -> None:
    rng = random.Random(1)
    for size in (5, 9, 13, 19):
        written = sgfmill_sgf.Sgf_game(size)
        points = [(row, col) for row in range(size) for col in range(size)]
        rng.shuffle(points)
        written.get_root().set_setup_stones(points[:5], points[5:8])
        for turn, move in enumerate([*points[8:20], None]):
            written.extend_main_sequence().set_move("wb"[turn % 2], move)
        game = one(written.serialise())
        board, moves = get_setup_and_moves(written)
        assert game.moves == [
            2 * (size * size if move is None else (size - 1 - move[0]) * size + move[1]) + "bw".index(colour)
            for colour, move in moves
        ]
        assert {
            (c, (size - 1 - (p // size), p % size)) for c, p in ((x & 1, x >> 1) for x in game.setup)
        } == {("bw".index(colour), point) for colour, point in board.list_occupied_points()}


def test_the_first_variation_is_the_game() -> None:
    game = one("(;SZ[9];B[aa](;W[bb];B[cc](;W[dd])(;W[ee]))(;W[ff];B[gg]))")
    assert game.moves == [code(name, turn % 2, 9) for turn, name in enumerate(["aa", "bb", "cc", "dd"])]


def test_white_space_junk_comments_and_old_names() -> None:
    game = one(
        "Dear reader (here is it):\n\n( \n;\nSiZe[9]C[a \\] ;B[zz\\]]\n; Black\n[aa]\n;White [bb] )\n bye"
    )
    assert game.moves == [code("aa", 0, 9), code("bb", 1, 9)]


def test_collections() -> None:
    games = list(read_sgf(b"(;SZ[9];B[aa])\n(;GM[2];B[e2])(;SZ[13];B[bb])(;SZ[9];B[cc"))
    assert [getattr(g, "size", None) for g in games] == [9, None, 13, None]
    assert [getattr(g, "reason", None) for g in games] == [None, "not Go", None, "unreadable"]


@pytest.mark.parametrize("size", [5, 9, 13, 19])
def test_sizes(size: int) -> None:
    last = chr(ord("a") + size - 1)
    for text in (f"SZ[{size}]", f"SZ[ {size} ]", f"SZ[{size}:{size}]"):
        game = one(f"(;{text};B[{last}{last}];W[tt])")
        assert (game.size, game.moves) == (size, [2 * (size * size - 1), 2 * size * size + 1])
    if size < 19:
        beyond = chr(ord(last) + 1)
        game = one(f"(;SZ[{size}];B[aa];W[{beyond}a];B[bb])")
        assert (len(game.moves), game.stopped, game.stopped_at) == (1, "unreadable move", f"W[{beyond}a]")


def test_the_default_size_is_19() -> None:
    assert one("(;B[ss])").size == 19


@pytest.mark.parametrize("size", ["21", "4", "9:13", "19:18"])
def test_boards_that_the_rules_cannot_hold(size: str) -> None:
    assert unusable(f"(;SZ[{size}];B[aa])").reason == "board size"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"This is a letter, (not a game); really.",
        bytes(range(256)) * 20,
        b"\x89PNG\r\n\x1a\n(;\x00\x01",
        b"(;SZ[19];B[aa];W[b",
        b"(;SZ[19];B[aa];W[bb]",
        b"(;SZ[19];B[aa](;W[bb];B[cc])(;W[dd]",
        b"(;SZ[nineteen];B[aa])",
        b"(;SZ[19];[aa])",
    ],
)
def test_a_text_that_is_no_record_is_refused(text: bytes) -> None:
    assert unusable(text).reason == "unreadable"


def test_handicap_stones_as_setup_as_moves_and_by_the_number_alone() -> None:
    setup = [code("pd", 0), code("dp", 0)]
    game = one("(;HA[2]AB[dp][pd];W[dd])")
    assert (game.setup, game.moves, game.handicap) == (setup, [code("dd", 1)], 2)
    game = one("(;AB[dp];AB[pd];W[dd])")  # in two nodes, no number
    assert (game.setup, game.moves, game.handicap) == (setup, [code("dd", 1)], 2)
    game = one("(;HA[2];B[dp];B[pd];W[dd];B[cc])")
    assert (game.setup, game.moves, game.handicap) == (setup, [code("dd", 1), code("cc", 0)], 2)
    game = one("(;HA[3];W[dd])")
    assert (game.setup, game.handicap) == ([], 3)
    assert one("(;B[dp];W[dd];B[pd])").handicap == 0
    assert len(one("(" + ";B[aa]" * 12 + ")").moves) == 12  # not handicap, but an odd record


def test_setup_lists_rectangles_and_removals() -> None:
    game = one("(;SZ[9]AB[aa:bb][dd]AW[ee]AE[];)".replace("AE[]", ""))
    assert game.setup == [
        code(p, c, 9) for p, c in [("aa", 0), ("ba", 0), ("ab", 0), ("bb", 0), ("dd", 0), ("ee", 1)]
    ]
    game = one("(;SZ[9]AB[aa][bb]AW[cc];AE[bb]AB[cc];W[dd])")  # a later node changes what lies there
    assert game.setup == [code("aa", 0, 9), code("cc", 0, 9)]


@pytest.mark.parametrize(
    "stones", ["AB[dd]AW[dd]", "AB[cc:ee]AW[dd]", "AB[zz]", "AB[]AW[dz]", "AB[tt]", "AB[a]", "AB[aa:zz]"]
)
def test_impossible_setups_are_refused(stones: str) -> None:
    assert unusable(f"(;{stones};B[aa])").reason == "illegal setup"


def test_a_game_ends_where_stones_are_put_on_the_board() -> None:
    game = one("(;B[aa];W[bb];AB[cc];B[dd])")
    assert (len(game.moves), game.stopped) == (2, "setup after the first move")


@pytest.mark.parametrize("move", ["B[aaa]", "B[a]", "B[AZ]", "B[cc][dd]", "B[é]", "B"])
def test_a_game_ends_at_an_unreadable_move(move: str) -> None:
    game = one(f"(;B[aa];W[bb];{move};W[dd])")
    assert (len(game.moves), game.stopped) == (2, "unreadable move")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[
            ("6d", 6),
            ("9p", 18),
            ("1p", 10),
            ("1k", 0),
            ("3 kyu", -2),
            (" 5 Dan ama", 5),
            ("9p, Honinbo", 18),
            ("9段", 9),  # as Fox writes it; P for professionals
            ("18级", -17),
            ("P6段", 15),
        ],
        *[
            ("30k", -29),
            ("?", UNKNOWN),
            ("", UNKNOWN),
            ("insei", UNKNOWN),
            ("d6", UNKNOWN),
            ("P10k", UNKNOWN),
        ],
    ],
)
def test_ranks(text: str, number: int) -> None:
    assert rank(text) == number


@pytest.mark.parametrize(
    "declared", ["UTF-8", "GBK", "Big5", "Shift_JIS", "latin-1", "hex", "no\\]such", "zlib", None]
)
@pytest.mark.parametrize("written", ["utf-8", "gbk", "big5", "shift_jis", "utf-16"])
def test_no_encoding_loses_a_move(declared: str | None, written: str) -> None:
    named = f"CA[{declared}]" if declared else ""
    game = one(f"(;{named}PB[王一]PW[本因坊];B[aa];W[bb]C[白];B[cc])".encode(written))
    assert game.moves == [code("aa", 0), code("bb", 1), code("cc", 0)]


@pytest.mark.parametrize(
    ("written", "name", "sign"),
    [("shift_jis", "十表", b"\\"), ("gbk", "漒誠", b"\\"), ("big5", "功", b"\\"), ("big5", "因", b"]")],
)
def test_characters_that_hold_the_signs_of_sgf(written: str, name: str, sign: bytes) -> None:
    assert sign in name.encode(written)
    game = one(f"(;PB[{name}]BR[9p]PW[{name}]WR[3d];B[aa]C[{name}];W[bb])".encode(written))
    assert (game.moves, game.ranks) == ([code("aa", 0), code("bb", 1)], (18, 3))
    game = one("(;PB[José]BR[9p]PW[Ögé]WR[3d];B[aa]C[é];W[bb])".encode("latin-1"))
    assert (game.moves, game.ranks) == ([code("aa", 0), code("bb", 1)], (18, 3))


@pytest.mark.parametrize("deep", [10_000, 50_000])
def test_nested_variations_neither_crash_nor_hang(deep: int) -> None:
    began = time.process_time()
    nested = one("(;SZ[19]" + "(;B[aa];W[bb]" * deep + ")" * (deep + 1))
    assert nested.moves[:2] == [code("aa", 0), code("bb", 1)]
    assert first_illegal(19, np.empty(0, np.int16), np.array(nested.moves, np.int16)) == 2
    beside = one("(;SZ[19];B[aa]" + "(;W[bb];B[cc])" * deep + ")")
    assert len(beside.moves) == 3
    assert time.process_time() - began < 10


# Variants of the format that servers and programs write.
@pytest.mark.parametrize(
    ("root", "komi"),
    [
        *[("KM[6.5]", 6.5), ("KM[6,5]", 6.5), ("KM[ 7.50 ]", 7.5), ("KM[-3]", -3.0), ("KM[+.5]", 0.5)],
        *[("KM[0]", 0.0), ("KoMi[5.5]", 5.5), ("KM[180.5]", 180.5)],
        *[("KM[375]AP[foxwq]", 7.5), ("KM[325]AP[GNU Go:3.8]AP[foxwq]", 6.5), ("KM[650]AP[foxwq]", 6.5)],
        *[("KM[750]AP[foxwq]", 7.5), ("KM[50]HA[2]AP[foxwq]", 0.5), ("KM[0]AP[foxwq]", 0.0)],
        *[("KM[375]", 7.5), ("KM[750]AP[SGFC:2.0]", 7.5), ("KM[275]", 5.5), ("KM[350]", 7.0)],
        *[("KM[3.75]", 7.5), ("KM[3.25]", 6.5), ("KM[-375]", -7.5), ("KM[6.5]AP[foxwq]", 6.5)],
        *[("KM[190]", None), ("KM[-190]", None), ("KM[9999]", 99.99), ("KM[99999]", None), ("", None)],
        *[("KM[]", None), ("KM[nan]", None), ("KM[inf]", None), ("KM[1e3]", None), ("KM[６.５]", None)],
        *[("KM[-]", None), ("KM[.]", None), ("KM[six]", None), ("SZ[9]KM[41]", None), ("SZ[9]KM[40]", 40.0)],
    ],
)
def test_komi(root: str, komi: float | None) -> None:
    assert one(f"(;GM[1]{root};B[aa])").komi == komi


@pytest.mark.parametrize(
    "text",
    [
        *["(;AB[]AW[];B[aa];W[bb])", "(;AB[]AE[ ];B[aa];W[bb])", "(;AB[];B[aa];AW[];W[bb];AE[\n])"],
        *["(;B[AA];W[Bb])", "(;B[ aa ];W[b\nb])", "(;GM[1]\r\nSZ[19]\r\n;B[aa]\r\n;W[bb]\r\n)\r\n"],
        *["\ufeff(;B[aa];W[bb])", "(;CA[gb2312]B[aa];W[bb])", "(;FF[3]SZ[19:19];B[aa];W[bb];)"],
        *["(;SZ[19x19];B[aa];W[bb])", "(\nTE[2018]\nKO[7.5]\nRE[]\n;B[aa];W[bb])", "(;(;B[aa](;W[bb])))"],
        *["(;FF[1]GaMe[1]SiZe[19]PlayerBlack[x];Black[aa];White[bb])", "(;PL[Black]HA[0];B[aa];W[bb])"],
    ],
)
def test_one_game_in_many_spellings(text: str) -> None:
    game = one(text)
    assert (game.setup, game.moves, game.to_play) == ([], [code("aa", 0), code("bb", 1)], 0)
    assert (game.stopped, game.handicap) == ("", 0)


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        *[("(;)", 0), ("(;B[aa])", 1), ("(;B[aa];W[bb])", 0), ("(;PL[W])", 1), ("(;PL[white])", 1)],
        *[("(;AB[aa]AW[bb])", 0), ("(;AB[aa]AW[bb]PL[W])", 1), ("(;AB[aa])", 1), ("(;AB[aa]PL[B])", 0)],
        *[("(;AB[aa];PL[B])", 0), ("(;PL[W];W[aa])", 0), ("(;PL[?]AW[aa])", 0), ("(;W[aa];PL[W])", 1)],
    ],
)
def test_whose_turn_it_is_at_the_end(text: str, colour: int) -> None:
    assert one(text).to_play == colour


def test_rectangles_from_any_corner() -> None:
    square = [code(name, 0) for name in ("aa", "ba", "ab", "bb")]
    for text in ("aa:bb", "bb:aa", "ba:ab", "ab:ba", " AA : bb "):
        assert one(f"(;AB[{text}])").setup == square


# Contents that fill a file of 16 MB, and the result for its only game.
FLOODS = {
    "rectangles": (b"AB", b"[aa:ss]", b"", "ok"),
    "nodes of rectangles": (b"", b";AB[aa:ss]AW[];AE[aa:ss]", b"", "ok"),
    "moves": (b"", b";B[aa];W[bb]", b"", "too long"),
    "comments": (b"", b"C[x]", b"", "ok"),
    "a comment": (b"C[", b"x", b"]", "ok"),
    "escapes": (b"C[", b"\\]", b"]", "ok"),
    "variations": (b"", b"(;B[aa])", b"", "ok"),
    "openings": (b"", b"(;B[aa]", b"", "truncated or broken"),
    "Chinese": (b"C[\xb0\xd7]", b";B[aa];W[bb]", b"", "too long"),
    "Chinese comments": (b"", b"C[\xb0\xd7]", b"", "ok"),
    "games": (b")", b"(;B[aa])", b"(;", "more than 100,000 games"),
    "junk": (b"", b"x(;", b"", "truncated or broken"),
}


def flood(name: str, size: int) -> bytes:
    first, repeated, last, _ = FLOODS[name]
    return b"(;SZ[19]" + first + repeated * ((size - 40) // len(repeated)) + last + b";PL[W])"


def outcome(data: bytes) -> str:
    *_, last = read_sgf(data)
    return str(last) if isinstance(last, UnusableError) else last.stopped or "ok"


@pytest.mark.parametrize("name", FLOODS)
def test_floods_are_read_or_refused(name: str) -> None:
    assert FLOODS[name][3] in outcome(flood(name, 2**20))


MEASURE = """
import re, sys, time
from tests.domains.go.records.test_sgf import flood
from domains.go.records import read_records
from pathlib import Path
folder = Path(sys.argv[1])
for name in sys.argv[2:]:
    (folder / "flood.sgf").write_bytes(flood(name, 16 * 2**20))
    began = time.process_time()
    read_records(folder / "flood.sgf", folder)
    # The maximum of resource.getrusage would include that of the parent process.
    peak = re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]
    print(time.process_time() - began, peak)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", FLOODS)
def test_sixteen_million_bytes_take_seconds_and_less_than_a_gibibyte(name: str, tmp_path: Path) -> None:
    words = [sys.executable, "-c", MEASURE, str(tmp_path), name]
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seconds, kilobytes = map(float, done.stdout.split())
    assert seconds < 20
    assert kilobytes < 2**20


def test_many_openings_take_linear_time() -> None:
    began = time.process_time()
    for text in (
        b"(;" * 500_000,
        b"(;[" * 300_000,
        b"(" + b" " * 10**6,
        b"(;B[" + b"\\" * 10**6,
        b"(;)" * 40_000,
    ):
        list(read_sgf(text))
    assert time.process_time() - began < 20

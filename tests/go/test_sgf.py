"""One SGF file as records: what real files do, and what broken ones do."""

import random
import time

import numpy as np
import pytest
from sgfmill import sgf as sgfmill_sgf
from sgfmill.sgf_moves import get_setup_and_moves

from domains.go.rules import first_illegal
from domains.go.sgf import UNKNOWN, Record, UnusableError, rank, read_sgf

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


def test_a_game_as_it_is_meant_to_be() -> None:
    game = one("(;GM[1]FF[4]SZ[19]PB[x]BR[6d]PW[y]WR[3k]RE[W+R]DT[2001-02-03];B[aa];W[sa];B[as];W[];B[tt])")
    assert game.moves == [code("aa", 0), code("sa", 1), code("as", 0), 2 * PASS + 1, 2 * PASS]
    assert game.moves[:3] == [0, 2 * 18 + 1, 2 * 18 * 19]
    assert (game.size, game.setup, game.handicap, game.ranks) == (19, [], 0, (6, -2))
    assert (game.result, game.date, game.stopped) == ("W+R", "2001-02-03", "")


def test_sgfmill_reads_the_same_from_what_it_writes() -> None:
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
        assert (len(game.moves), game.stopped, game.found) == (1, "unreadable move", f"W[{beyond}a]")


def test_a_size_not_told_is_19() -> None:
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
def test_what_is_no_record_says_so(text: bytes) -> None:
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
    "stones", ["AB[dd]AW[dd]", "AB[cc:ee]AW[dd]", "AB[zz]", "AB[]", "AB[tt]", "AB[a]", "AB[aa:zz]"]
)
def test_setups_that_cannot_be(stones: str) -> None:
    assert unusable(f"(;{stones};B[aa])").reason == "illegal setup"


def test_a_game_ends_where_stones_are_put_on_the_board() -> None:
    game = one("(;B[aa];W[bb];AB[cc];B[dd])")
    assert (len(game.moves), game.stopped) == (2, "setup after the first move")


@pytest.mark.parametrize("move", ["B[aaa]", "B[a]", "B[AA]", "B[cc][dd]", "B[é]"])
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
        ],
        *[
            ("30k", -29),
            ("?", UNKNOWN),
            ("", UNKNOWN),
            ("insei", UNKNOWN),
            ("d6", UNKNOWN),
            ("６段", UNKNOWN),
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
    assert first_illegal(19, np.empty(0, np.int16), np.array(nested.moves, np.int16), False) == 2
    beside = one("(;SZ[19];B[aa]" + "(;W[bb];B[cc])" * deep + ")")
    assert len(beside.moves) == 3
    assert time.process_time() - began < 10


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

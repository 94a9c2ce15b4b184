"""Damaged SGF files, from their bytes to planes: read or refused quickly; games that are used are legal."""

from pathlib import Path

import numpy as np
import pytest

from domains.go.board.game import Game
from domains.go.board.planes import ALPHAGO, batch_planes
from domains.go.records.read import read_records
from domains.go.records.select import read_games
from domains.go.records.sgf import Record, UnusableError, read_sgf
from shared.errors import UserError
from tests.domains.go.board.reference import legal_points
from tests.fuzzing import fuzz

FILES = [
    b"(;GM[1]FF[4]CA[UTF-8]SZ[9]PB[a]PW[b]BR[6d]WR[9p]KM[6.5]RE[B+R];B[ee];W[ce]C[x\\]y];B[cc];W[dd];B[dc];W[ec])",
    b"(;SZ[19]HA[2]AB[dp][pd]AW[qq];W[dd](;B[pp];W[];B[tt])(;B[qp]LB[aa:1][bb:2];W[cc](;B[dc])(;B[cd])))",
    b"(;SZ[5]AB[aa:cc];AE[bb];W[bb];B[dd];W[ee];B[ed];W[de])(;SZ[13];B[aa];W[ba];B[mm];W[ab])",
    "(;SZ[9]CA[GBK]PB[漒一]PW[因坊];B[aa];W[ab];B[ba];W[bb])".encode("gbk", "replace"),
    b"(;GM[1]SZ[19]KM[375]HA[0]AP[GNU Go:3.8]AP[foxwq]BR[9\xe6\xae\xb5];B[pd];W[dd];B[PP];W[dp])",
    b"(;SZ[7]AB[aa][bb]AW[cc]PL[W]C[problem])",
    "(;SZ[9];B[ee];W[ed];B[dd];W[ec])".encode("utf-16"),
]
PIECES = [
    *(b"[", b"]", b"(", b")", b";", b"\\", b":", b"B[", b"W[zz]", b"AB[aa]", b"AB[]", b"PL[W]", b"(;" * 50),
    *(
        b"SZ[0]",
        b"SZ[99999999999]",
        b"SZ[19:19]",
        b"HA[-1]",
        b"KM[nan]",
        b"KM[375]",
        b"GM[2]",
        b"B;",
        b"ab[]",
    ),
    *(
        b"AE[aa:ss]",
        b"AB[ss:aa]",
        b"BR[999d]",
        b"BR[P9p]",
        b"\n\t ",
        b"tt",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
    ),
    *(b"CA[utf-7]", b"CA[\\", b";B[]" * 30, b";B[aa];W[bb];B[ba];W[ab]", b";W[aa];W[ac]"),
]
MANY = pytest.param(10_000, marks=pytest.mark.slow)
MANY_LONG = pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.long])


@pytest.mark.parametrize("cases", [500, MANY])
def test_the_parser_gives_records_or_reasons(cases: int) -> None:
    unusable = 0

    def read(data: bytes) -> None:
        nonlocal unusable
        for game in read_sgf(data):
            assert isinstance(game, Record | UnusableError)
            unusable += isinstance(game, UnusableError)

    assert fuzz(FILES, read, (), cases=cases, seed=1, pieces=PIECES)["read"] == cases
    assert 0.05 * cases < unusable < 0.95 * cases  # damage makes some games unusable, not all


@pytest.mark.parametrize("cases", [300, MANY_LONG])
def test_games_that_are_used_are_legal_and_have_planes(cases: int, tmp_path: Path) -> None:
    path, used = tmp_path / "damaged.sgf", 0

    def read(data: bytes) -> None:
        nonlocal used
        path.write_bytes(data)
        columns = read_records(path, tmp_path).columns
        for size in np.unique(columns["size"]).tolist() or [19]:
            whole = read_games(path, size=size, min_moves=0, learn=False, cache=tmp_path)
            games = whole.with_next()
            for g in range(len(games.size)):
                used += 1
                board = Game(
                    size, whole.setup_of(g).tolist(), whole.moves_of(g).tolist()
                )  # raises if illegal
                ply = np.diff(games.move_start)[g : g + 1] - 1
                planes, legal, _ = batch_planes(games, np.array([g]), ply, np.zeros(1), ALPHAGO)
                np.testing.assert_array_equal(planes[0, :3].argmax(0) == 2, board.stones == 0)
                np.testing.assert_array_equal(legal[0], legal_points(board, int(games.to_play[g])))

    fuzz(FILES, read, UserError, cases=cases, seed=2, pieces=PIECES)
    assert used > cases / 4


def test_strict_errors_name_the_place(tmp_path: Path) -> None:
    path = tmp_path / "damaged.sgf"
    path.write_bytes(FILES[0][:-1])
    with pytest.raises(UserError, match=r"damaged\.sgf: unreadable: .*strict"):
        read_games(path, strict=True, cache=tmp_path)

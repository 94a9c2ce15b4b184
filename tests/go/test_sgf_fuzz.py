"""Mutated SGF files: each is read, counted or refused, soon; and what is used obeys the rules."""

import random
import time
import zipfile
from pathlib import Path

import pytest

from domains.go.games import read_games
from domains.go.rules import Board
from domains.go.sgf import Record, UnusableError, read_sgf
from shared.errors import UserError

SEEDS = [
    b"(;GM[1]FF[4]CA[UTF-8]SZ[9]PB[a]PW[b]BR[6d]WR[9p]KM[6.5]RE[B+R];B[ee];W[ce]C[x\\]y];B[cc];W[dd];B[dc];W[ec])",
    b"(;SZ[19]HA[2]AB[dp][pd]AW[qq];W[dd](;B[pp];W[];B[tt])(;B[qp]LB[aa:1][bb:2];W[cc](;B[dc])(;B[cd])))",
    b"(;SZ[5]AB[aa:cc];AE[bb];W[bb];B[dd];W[ee];B[ed];W[de])(;SZ[13];B[aa];W[ba];B[mm];W[ab])",
    "(;SZ[9]CA[GBK]PB[漒一]PW[因坊];B[aa];W[ab];B[ba];W[bb])".encode("gbk", "replace"),
]
PIECES = [
    b"[",
    b"]",
    b"(",
    b")",
    b";",
    b"\\",
    b":",
    b"B[",
    b"W[zz]",
    b"AB[aa]",
    b"SZ[0]",
    b"SZ[99999999999]",
    b"HA[-1]",
]
PIECES += [
    b"\0",
    b"\xff\xfe",
    b"CA[utf-7]",
    b"CA[\\",
    b"GM[2]",
    b"AE[aa:ss]",
    b"BR[999d]",
    b"(;" * 50,
    b"\n\t ",
    b"tt",
]


def mutant(seed: int) -> bytes:
    rng = random.Random(seed)
    data = bytearray(rng.choice(SEEDS))
    for _ in range(rng.randint(1, 6)):
        i, j = sorted(rng.randrange(len(data) + 1) for _ in range(2))
        match rng.randrange(6):
            case 0:
                data[i : i + 1] = bytes([rng.randrange(256)])
            case 1:
                data[i:j] = b""
            case 2:
                data[i:i] = data[i:j]
            case 3:
                data[i:i] = rng.choice(PIECES)
            case 4:
                data = data[:i]
            case 5:
                data[i:j] = bytes(reversed(data[i:j]))
    return bytes(data)


def test_five_thousand_mutants_neither_crash_nor_hang(tmp_path: Path) -> None:
    slowest, unusable = 0.0, 0
    with zipfile.ZipFile(tmp_path / "mutants.zip", "w") as archive:
        for seed in range(5_000):
            data = mutant(seed)
            began = time.process_time()
            read = list(read_sgf(data))
            slowest = max(slowest, time.process_time() - began)
            assert all(isinstance(game, Record | UnusableError) for game in read)
            unusable += sum(isinstance(game, UnusableError) for game in read)
            archive.writestr(f"{seed}.sgf", data)
    assert slowest < 1
    assert 500 < unusable < 4_500  # the mutations bite, and not always

    for size in (5, 9, 13, 19):
        games = read_games(tmp_path / "mutants.zip", size=size, cache=tmp_path, progress=False)
        for g in range(len(games.size)):
            board = Board(size)
            board.setup(games.setup[games.setup_start[g] : games.setup_start[g + 1]].tolist())
            for code in games.moves[games.move_start[g] : games.move_start[g + 1]].tolist():
                board.play(code)  # raises if it is illegal
    with pytest.raises(UserError, match=r"mutants\.zip!\d+\.sgf: .*strict"):
        read_games(tmp_path / "mutants.zip", strict=True, cache=tmp_path, progress=False)

"""Parsed games in one file: the same games as the archives', and nothing else is read from it."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from domains.go.records.packed import pack
from domains.go.records.select import read_games
from shared.config.cli import compose
from shared.errors import UserError
from shared.files import arrays as stored
from shared.training import Draw
from tests.domains.go.records.test_games import draw, text, write

Arrays = dict[str, np.ndarray]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVOLUTIONS_CACHE", str(tmp_path / "cache"))


def folders(place: Path) -> list[str]:
    first = [text(draw(seed, 40), "PB[Anna]PW[B. 2]BR[6d]WR[1k]RE[B+3.5]DT[2001-01-01]") for seed in range(4)]
    other = [text(draw(9, 30), "HA[2]AB[bb][dd]", first=1), text(draw(8, 20, 9), "SZ[9]"), "(;GM[1];B[zz])"]
    return [str(write(place / "a", *first)), str(write(place / "b", *other, first[0]))]


def packed(place: Path) -> Path:
    file = place / "games.npz"
    pack(compose("pack", [f"path=[{','.join(folders(place))}]", f"output={file}"]))
    return file


def test_the_games_are_those_of_the_archives(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    file = packed(tmp_path)
    printed = capsys.readouterr().out
    assert "a: 4 games" in printed
    assert "unreadable move" in printed
    assert printed.endswith(f"games: {file}\n")
    for options in ({}, {"min_rank": "6d", "max_handicap": 0}, {"size": 9}, {"player": "anna"}):
        ours, theirs = (read_games(path, **options) for path in (file, folders(tmp_path)))  # type: ignore[arg-type]
        for name, column in vars(theirs).items():
            if name != "summary":
                assert np.array_equal(column, vars(ours)[name]), name
    again = tmp_path / "again.npz"
    pack(compose("pack", [f"path={file}", f"output={again}"]))
    assert again.read_bytes() == file.read_bytes()


def test_a_run_goes_on_with_either(tmp_path: Path) -> None:
    from domains.go.data import GoData

    config = compose(
        "train", ["domain=go", "data=go/sgf", "data.path=x", "data.fractions={val: .3, test: .3}"]
    )
    settings: dict[str, Any] = {name: value for name, value in config.data.items() if name != "_target_"}
    paths: list[Any] = [str(packed(tmp_path)), folders(tmp_path)]
    ours, theirs = (GoData(seed=0, **settings | {"path": path, "planes": ["stone colour"]}) for path in paths)
    for data in (ours, theirs):
        data.setup()
    assert ours.fingerprint == theirs.fingerprint
    first = Draw(np.arange(10), 1)
    for name, values in theirs.train_set[first].items():
        assert np.array_equal(values, ours.train_set[first][name]), name


def test_an_output_that_is_there_stays(tmp_path: Path) -> None:
    file = packed(tmp_path)
    for words, reason in (
        ([f"output={file}"], "output: must be a new file, got .*overwrite=true"),
        ([f"output={tmp_path}/x.txt"], "output: must be a file that ends in .npz"),
        ([f"output={tmp_path}/none/x.npz"], "output: must be a file that can be written"),
    ):
        with pytest.raises(UserError, match=reason):
            pack(compose("pack", [f"path={tmp_path / 'a'}", *words]))


def changed(**columns: Callable[[np.ndarray], Any]) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {
        name: np.asarray(columns.get(name, lambda column: column)(column)) for name, column in arrays.items()
    }


def occupied(moves: np.ndarray) -> np.ndarray:
    moves = moves.copy()
    moves[5] = moves[3]
    return moves


def wrapping(lengths: np.ndarray) -> np.ndarray:
    """Their sum is right, but only because it exceeds 64 bits."""
    lengths = lengths.copy()
    lengths[:2] += 2**63 - 1
    lengths[2] += 2
    return lengths


HOSTILE: dict[str, tuple[Callable[[Arrays], Arrays], str]] = {
    "a stone on a stone": (changed(moves=occupied), "game 1: must be legal, got one of which move 6"),
    "off the board": (changed(moves=lambda codes: codes - 2000), "game 1: must be legal"),
    "no group": (
        changed(size=lambda column: column * 0 + 200),
        "size: must be .* from 5 to 19, got 200",
    ),
    "one game": (
        changed(to_play=lambda column: column[:1]),
        "to_play: must have one value .* the 8",
    ),
    "negative": (changed(moves_length=lambda column: -column), "moves_length: must be numbers from 0"),
    "too long": (changed(moves_length=lambda column: column + 1), "moves_length: must be .* in all, got"),
    "beyond 64 bits": (changed(moves_length=wrapping), "moves_length: must be numbers from 0 to 10,000"),
    "names": (changed(name=lambda column: column[:-8]), "name: must have one value for each of the 8"),
    "players": (changed(player=lambda column: column[:-5]), "player: must be the names of black and white"),
    "hashes": (
        changed(identity=lambda column: column + np.uint64(1)),
        "game 1: must have the hashes",
    ),
    "text": (changed(date=lambda column: (column.view(np.uint32) + 2**31).view("U16")), "date: must be text"),
    "old form": (changed(form=lambda column: column[:-1]), "form: must be games-.*scripts/pack.py"),
    "a pickle": (changed(name=lambda column: np.array([{}], object)), "name: must be uint8"),
    "floats": (
        changed(moves=lambda column: column.astype(float)),
        "moves: must be int16 of 1 axes",
    ),
    "another array": (lambda arrays: arrays | {"x": arrays["size"]}, "must hold the arrays .*, got others"),
    "of an earlier version": (
        lambda arrays: {k: v for k, v in arrays.items() if k != "player"},
        "got others; if an earlier version wrote it, write it anew from the SGF files with scripts/pack.py",
    ),
    "ranks": (changed(rank=lambda column: column[:, :1]), "rank: must have two columns"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_no_reader_makes_is_refused(case: str, tmp_path: Path) -> None:
    file = packed(tmp_path)
    change, reason = HOSTILE[case]
    with np.load(file) as arrays:
        contents = dict(arrays)
    np.savez(file, **change(contents))  # type: ignore[arg-type]
    with pytest.raises(UserError, match=reason) as raised:
        read_games(file)
    assert str(raised.value).startswith(f"{file}: ")
    assert "\n" not in str(raised.value)


def rewrite(file: Path, name: str, data: bytes) -> None:
    """Replace one entry."""
    with zipfile.ZipFile(file) as old:
        entries = {entry: old.read(entry) for entry in old.namelist()}
    with zipfile.ZipFile(file, "w") as new:
        for entry, contents in entries.items():
            new.writestr(entry, data if entry == f"{name}.npy" else contents)


def test_broken_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = packed(tmp_path)
    whole = file.read_bytes()
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"shape": (10**13,), "fortran_order": False, "descr": "<i2"})
    rewrite(file, "moves", header.getvalue())
    lying = file.read_bytes()
    rewrite(file, "moves", b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 9000)
    nested = file.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    for data in (b"", b"games", whole[:-40], whole[: len(whole) // 2], bytes(flipped), lying, nested):
        file.write_bytes(data)
        with pytest.raises(UserError, match=r"games.npz: ") as raised:
            read_games(file)
        assert "\n" not in str(raised.value)
    file.write_bytes(whole)
    monkeypatch.setattr(stored, "LIMIT", 2000)
    with pytest.raises(UserError, match="must have at most 2,000 bytes of arrays"):
        read_games(file)
    with pytest.raises(UserError, match="no such file"):
        read_games(tmp_path / "none.npz")

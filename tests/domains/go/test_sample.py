"""The bundled dataset is as its README describes it."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from domains.go.records.games import GameRecords
from domains.go.records.select import read_games
from scripts.samples.go import main

SAMPLE = Path(__file__).parents[3] / "domains/go/sample/games.tar.xz"


@pytest.fixture(scope="module")
def games(tmp_path_factory: pytest.TempPathFactory) -> GameRecords:
    return read_games(SAMPLE, strict=True, cache=tmp_path_factory.mktemp("cache"))


def test_all_games_are_legal_and_no_two_alike(games: GameRecords) -> None:
    with tarfile.open(SAMPLE) as archive:
        files = len(archive.getnames())
    assert len(games.size) == files >= 300  # strict refuses odd records; no duplicate was skipped
    assert len(np.unique(games.opening)) == files
    assert SAMPLE.stat().st_size < 2_000_000


def test_games_are_whole_and_of_several_kinds(games: GameRecords) -> None:
    assert np.median(np.diff(games.move_start)) > 150
    assert (games.handicap > 0).any()
    assert {result[0] for result in games.result} >= {"B", "W"}
    assert any(result.endswith("+R") for result in games.result)


def test_each_split_has_positions(games: GameRecords) -> None:
    splits = games.splits(val=0.1, test=0.15)
    assert all(len(games.positions(splits == name)[0]) > 3000 for name in ("train", "val", "test"))


def test_the_archive_is_packed_the_same_everywhere() -> None:
    with tarfile.open(SAMPLE) as archive:
        entries = archive.getmembers()
    assert [entry.name for entry in entries] == [f"{number:04d}.sgf" for number in range(len(entries))]
    assert {(entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname) for entry in entries} == {
        (0, 0, 0, "", "")
    }


@pytest.mark.gnugo
def test_the_script_plays_missing_games_and_packs_all(tmp_path: Path) -> None:
    words = ["--games", "2", "--work", str(tmp_path), "--archive", str(tmp_path / "made.tar.xz")]
    with tarfile.open(SAMPLE) as bundled:
        file = bundled.extractfile("0000.sgf")
        assert file is not None
        (tmp_path / "0000.sgf").write_bytes(file.read())
    main(words)
    with tarfile.open(tmp_path / "made.tar.xz") as made, tarfile.open(SAMPLE) as bundled:
        for name in ("0000.sgf", "0001.sgf"):
            files = made.extractfile(name), bundled.extractfile(name)
            assert files[0].read() == files[1].read()


def test_the_script_packs_games_that_are_there(tmp_path: Path) -> None:
    with tarfile.open(SAMPLE) as bundled:
        for name in ("0000.sgf", "0001.sgf"):
            (tmp_path / name).write_bytes(bundled.extractfile(name).read())
    main(["--games", "2", "--work", str(tmp_path), "--archive", str(tmp_path / "made.tar.xz")])
    with tarfile.open(tmp_path / "made.tar.xz") as made:
        assert made.getnames() == ["0000.sgf", "0001.sgf"]

"""Positions by themselves: the planes of a replay, and of a board with stones taken away."""

from pathlib import Path

import numpy as np
import pytest

from domains.go.board.games import Games
from domains.go.board.planes import ALPHAGO, batch_planes
from domains.go.board.position import Position, position_planes
from domains.go.records.select import read_games
from shared.config.project import PROJECT

# Black's last but one move takes the stone at E5, and white may not take back at once.
KO = b"(;GM[1]FF[4]SZ[9];B[de];W[ge];B[ed];W[fd];B[ef];W[ff];B[aa];W[ee];B[fe];W[ia];B[ii])"


@pytest.fixture(scope="module")
def games() -> Games:
    return read_games(PROJECT / "domains/go/sample/games.tar.xz")


def planes_of(games: Games, game: np.ndarray, ply: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return batch_planes(games, game, ply, np.zeros(len(game), np.uint8), ALPHAGO)[:2]


def test_planes_are_those_of_the_replay(games: Games) -> None:
    random = np.random.default_rng(0)
    game = random.integers(len(games.size), size=150)
    ply = (random.random(150) * np.diff(games.move_start)[game]).astype(int)
    direct = position_planes([Position.of(games, *place) for place in zip(game, ply, strict=True)], ALPHAGO)
    for ours, replayed in zip(direct, planes_of(games, game, ply), strict=True):
        assert np.array_equal(ours, replayed)


def test_ko_is_kept_and_goes_with_the_stone_that_took_it(tmp_path: Path) -> None:
    path = tmp_path / "ko.sgf"
    path.write_bytes(KO)
    games = read_games(path, size=9, min_moves=1, cache=tmp_path)
    kos = [(ply, Position.of(games, 0, ply)) for ply in range(11)]
    [(ply, taken)] = [(ply, each) for ply, each in kos if each.ko is not None]
    planes, legal = position_planes([taken], ALPHAGO)
    replayed = planes_of(games, np.array([0]), np.array([ply]))
    assert np.array_equal(planes, replayed[0])
    assert np.array_equal(legal, replayed[1])
    assert taken.ko == 40
    assert not legal[0, 40]
    everything = np.ones((9, 9), bool)
    everything.flat[taken.last] = False
    assert taken.kept(everything).ko is None
    elsewhere = np.ones((9, 9), bool)
    elsewhere[0, 0] = False
    assert taken.kept(elsewhere).ko == taken.ko


def test_taking_a_stone_away_changes_its_neighbours_planes(games: Games) -> None:
    position = Position.of(games, 3, 60)
    point = tuple(np.argwhere(position.stones)[10])
    mask = np.ones((19, 19), bool)
    mask[point] = False
    without = position.kept(mask)
    assert without.stones[point] == 0
    assert (without.stones != position.stones).sum() == 1
    (before, after), _ = position_planes([position, without], ALPHAGO)
    assert (before != after).any((1, 2)).sum() > 2  # more than the stone's own planes
    assert after[2][point] == 1  # empty


def test_strings_without_liberties_are_refused(games: Games) -> None:
    position = Position.of(games, 0, 0)
    full = Position(np.ones((19, 19), np.int8), position.born, 0, 0)
    with pytest.raises(ValueError, match="without liberties"):
        position_planes([full], ALPHAGO)

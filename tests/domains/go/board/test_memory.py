"""Planes, legal moves and engine moves do not depend on what the memory of a state held before."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from domains.go.board.game import Game, first_illegal
from domains.go.board.games import Games
from domains.go.board.planes import ALPHAGO, batch_planes, game_planes
from domains.go.board.position import Position, position_planes
from domains.go.board.state import new_state
from domains.go.engine.engine import Engine
from domains.go.engine.network import Policy
from domains.go.records.select import read_games
from shared.commands.train import train
from shared.config.cli import compose
from shared.config.project import plain
from shared.network.build import build_network
from shared.runs.run import Run
from tests.commands import TINY, epochs_of
from tests.domains.go.board.checked_memory import corner_eyes
from tests.domains.go.board.reference import games_of, legal_points

FILLS = (0, 1, 2, 3, -1, 420, 2**62, -(2**63))
SAMPLE = Path(__file__).parents[4] / "domains/go/sample/games.tar.xz"

Fill = Callable[[int], None]


@pytest.fixture
def fill(monkeypatch: pytest.MonkeyPatch) -> Fill:
    """Sets the value that fills every uninitialised array of NumPy."""

    def filled(value: int) -> None:
        def empty(shape: Any, dtype: Any = float, order: Any = "C") -> np.ndarray:
            return np.full(shape, np.array(value).astype(dtype), dtype, order)

        monkeypatch.setattr(np, "empty", empty)

    return filled


@pytest.fixture(scope="module")
def games(tmp_path_factory: pytest.TempPathFactory) -> Games:
    return read_games(SAMPLE, cache=tmp_path_factory.mktemp("cache"))


def test_a_state_is_memory_that_the_tests_fill(fill: Fill) -> None:
    fill(7)
    assert (new_state(19) == 7).all()


@pytest.mark.parametrize("size", range(5, 20))
@pytest.mark.parametrize("colour", [0, 1])
def test_an_eye_in_each_corner_is_true(size: int, colour: int, fill: Fill) -> None:
    stones = corner_eyes(size, colour)
    games = games_of(size, (stones, [2 * size * size + colour]))
    for value in FILLS:
        fill(value)
        sensible = game_planes(games, 0, ["sensibleness"])[0, 0]
        assert not sensible[[0, 0, -1, -1], [0, -1, 0, -1]].any(), value
        assert sensible.sum() == size * size - len(stones) - 4


def test_planes_and_legal_moves_of_games(games: Games, fill: Fill) -> None:
    random = np.random.default_rng(0)
    length = np.diff(games.move_start)
    game = random.integers(len(length), size=400)
    ply = (random.random(400) * length[game]).astype(int)
    ply[:200] = length[game[:200]] - 1  # the ends, where eyes are
    alone = [Position.of(games, *place) for place in zip(game[::10], ply[::10], strict=True)]
    by_fill = []
    for value in FILLS:
        fill(value)
        replayed = batch_planes(games, game, ply, np.zeros(400, np.uint8), ALPHAGO)
        by_fill.append([*replayed, *position_planes(alone, ALPHAGO)])
    for arrays in by_fill[1:]:
        for one, other in zip(by_fill[0], arrays, strict=True):
            np.testing.assert_array_equal(one, other)


def test_boards_and_records(games: Games, fill: Fill) -> None:
    by_fill = []
    for value in FILLS:
        fill(value)
        results: list[Any] = []
        for g in range(0, len(games.size), 60):
            setup = games.setup_of(g)
            moves = games.moves_of(g)
            results.append(first_illegal(19, setup, np.append(moves, moves[:9])))
            board = Game(19, setup.tolist(), moves.tolist())
            twin = copy.deepcopy(board)
            results += [board.stones.tobytes(), twin.stones.tobytes(), board.ko(0), board.ko(1)]
            results += [
                legal_points(own, colour, True).tobytes() for own in (board, twin) for colour in (0, 1)
            ]
        by_fill.append(results)
    assert all(results == by_fill[0] for results in by_fill)


def test_the_engine_s_moves(games: Games, fill: Fill) -> None:
    config = compose("train", ["domain=go", "model.filters=2", "model.depth=2"])
    network = build_network(plain(config.model)["layers"], 48, (19, 19), 361)
    engine = Engine(Policy(network, ALPHAGO, 1), temperature=0.0, sensible=True, superko=True, seed=0)
    ends = []
    for g in range(0, len(games.size), 60):
        setup = games.setup_of(g).tolist()
        ends.append((setup, games.moves_of(g).tolist()))
    by_fill = []
    for value in FILLS:
        fill(value)
        by_fill.append([engine.choose(Game(19, *end), colour, 7.5) for end in ends for colour in (0, 1)])
    assert all(moves == by_fill[0] for moves in by_fill)


@pytest.mark.slow
def test_trainings(tmp_path: Path, fill: Fill) -> None:
    by_fill = []
    for value in (0, 1, 2, 3):
        fill(value)
        words = [*TINY, "data.epoch_size=2048", "trainer.max_epochs=1", "test=false", f"runs={tmp_path}"]
        run = Run.open(train(compose("train", words))["run"])
        by_fill.append([run.checkpoint("last")["state_dict"], epochs_of(run.folder)])
    for weights, metrics in by_fill[1:]:
        assert all(torch.equal(weights[name], weight) for name, weight in by_fill[0][0].items())
        assert metrics == by_fill[0][1]

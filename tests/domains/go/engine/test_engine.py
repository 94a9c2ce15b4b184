"""The moves that are played are legal and sensible, and the engine passes when the game is decided."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgfmill.boards import Board as Diagram

from domains.go.board.game import Game, area_score
from domains.go.engine.engine import Engine
from domains.go.engine.network import Policy
from tests.domains.go.board.reference import drawn, setup_of
from tests.domains.go.engine.runs import make_run

BLACK, WHITE = 0, 1
PASS = 81


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """One that likes the points in their order, whatever the position."""
    logits = -0.1 * np.arange(81, dtype=np.float32)
    return Policy.load(make_run(tmp_path_factory.mktemp("runs"), logits=logits), 1)


def engine(policy: Policy, **options: object) -> Engine:
    usual: dict = {"temperature": 0.0, "sensible": True, "superko": True, "seed": 0}
    return Engine(policy, **usual | options)


def game_of(diagram: str) -> Game:
    rows = diagram.split()
    whole = "\n".join(" ".join(row.ljust(9, ".")) for row in rows + ["." * 9] * (9 - len(rows)))
    position, _ = drawn(whole)
    return Game(9, setup_of(position))


def test_the_most_probable_legal_move_is_played(policy: Policy) -> None:
    game = Game(9)
    assert engine(policy).choose(game, BLACK, 0) == 0
    game.play(0)
    assert engine(policy).choose(game, WHITE, 0) == 1
    likely = engine(policy).probabilities(game, WHITE)
    assert likely[0] == 0
    assert likely.sum() == pytest.approx(1)
    assert likely[1] / likely[11] == pytest.approx(np.exp(1), rel=1e-4)


def test_it_fills_no_eye_of_its_own_but_one_of_the_other(policy: Policy) -> None:
    alive = game_of(".X.XO XXXXO OOOOO")
    assert engine(policy).choose(alive, BLACK, 0) == 5
    assert engine(policy, sensible=False).choose(alive, BLACK, 0) == 0
    caught = game_of(".XO XXO OO.")
    assert engine(policy).choose(caught, WHITE, 0) == 0


FULL = "XX.XXXXXX XXXXXXX.X XXXXXXXXX OOOOOOOOO O.OOOOOOO OOOOOOOOO OOOOOOO.O OOOOOOOOO OOOOOOOOO"


def test_it_passes_where_nothing_is_left(policy: Policy) -> None:
    game = game_of(FULL)
    for colour in (BLACK, WHITE):
        assert engine(policy).choose(game, colour, 0) == PASS
    assert not engine(policy).probabilities(game, BLACK).any()
    assert engine(policy, sensible=False).choose(game, BLACK, 0) != PASS


def test_superko_binds_its_own_moves_alone(policy: Policy) -> None:
    game = game_of(".OX OX.")
    game.play(2 * 0 + BLACK)  # takes the ko
    assert (
        engine(policy, superko=False).choose(game, WHITE, 0) == 3
    )  # retaking at once is illegal without superko, too
    for colour in (WHITE, BLACK):
        game.play(2 * PASS + colour)
    assert engine(policy).choose(game, WHITE, 0) == 3
    assert engine(policy, superko=False).choose(game, WHITE, 0) == 1
    game.play(2 * 1 + WHITE)  # the opponent's repetition is accepted


def test_a_decided_game_ends_after_the_other_s_pass(policy: Policy) -> None:
    halves = "X" * 9 + " " + "X" * 9
    game = game_of(f"......... {halves} {'O' * 9} ......... .........")
    game.play(2 * PASS + WHITE)
    assert area_score(game.stones) == (27, 54, 0)
    assert engine(policy).choose(game, BLACK, 0) == PASS
    open_game = game_of("X........ ........O")
    open_game.play(2 * PASS + WHITE)
    assert engine(policy).choose(open_game, BLACK, 0) == 1
    own_pass = game_of(f"......... {halves} {'O' * 9} ......... .........")
    own_pass.play(2 * PASS + BLACK)
    assert engine(policy).choose(own_pass, BLACK, 0) == 0


def test_it_resigns_a_long_game_that_no_open_point_can_turn(policy: Policy) -> None:
    halves = "X" * 9 + " " + "X" * 9
    game = game_of(f"......... {halves} {'O' * 9} ......... .........")  # 27 to 54 points, and no open one
    assert not engine(policy, resign=20).resigns(game, BLACK, 0)  # at its beginning
    for ply in range(40):
        game.play(2 * PASS + ply % 2)
    assert engine(policy, resign=20).resigns(game, BLACK, 0)
    assert engine(policy, resign=20).resigns(game, BLACK, 7.5)
    assert not engine(policy, resign=27).resigns(game, BLACK, 0)
    assert not engine(policy, resign=20).resigns(game, BLACK, -7.5)
    assert not engine(policy, resign=0).resigns(game, WHITE, 0)
    assert engine(policy, resign=0).resigns(game, WHITE, -28)
    assert not engine(policy).resigns(game, BLACK, 300)
    open_game = game_of(f"......... {halves} {'O' * 9} ......... ........X")
    for ply in range(40):
        open_game.play(2 * PASS + ply % 2)
    assert not engine(policy, resign=0).resigns(open_game, BLACK, 0)  # 28 to 36, and 17 open


def test_a_temperature_draws_moves_with_the_policy_s_probabilities(policy: Policy) -> None:
    game = Game(9)
    player = engine(policy, temperature=0.5, seed=3)
    drawn_points = [player.choose(game, BLACK, 0) for _ in range(400)]
    expected = engine(policy).probabilities(game, BLACK) ** 2
    expected /= expected.sum()
    assert (np.array(drawn_points) == 0).mean() == pytest.approx(expected[0], abs=0.06)
    again = engine(policy, temperature=0.5, seed=3)
    assert [again.choose(game, BLACK, 0) for _ in range(20)] == drawn_points[:20]
    assert {engine(policy, temperature=1e-3).choose(game, BLACK, 0) for _ in range(3)} == {0}


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_area_is_that_of_sgfmill(seed: int) -> None:
    random = np.random.default_rng(seed)
    stones = random.choice([0, 1, 2], size=(9, 9), p=[0.3, 0.35, 0.35]).astype(np.int8)
    diagram = Diagram(9)
    for (row, column), stone in np.ndenumerate(stones):
        diagram.board[8 - row][column] = (None, "b", "w")[stone]
    counted = area_score(stones)
    assert sum(counted) == 81
    assert counted.lead(0.5) == diagram.area_score() - 0.5


def test_a_whole_game_is_legal_to_its_end(tmp_path: Path) -> None:
    player = engine(Policy.load(make_run(tmp_path), 1), temperature=1.0)
    game = Game(9)
    past = [game.stones.tobytes()]
    while not game.ended():
        colour = len(game.moves) % 2
        point = player.choose(game, colour, 7.5)
        game.play(2 * point + colour)  # raises where it is illegal
        if point != PASS:
            assert game.stones.tobytes() not in past
            past.append(game.stones.tobytes())
        assert len(game.moves) < 600
    assert len(game.moves) > 60

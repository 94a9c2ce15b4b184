import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.go.board.game import Game
from domains.go.board.ladder import BUDGET_PER_READ, _works, ladder_works
from domains.go.board.state import BUDGET, HEAD, cell_of, count_liberties, next_liberty
from tests.domains.go.board.reference import (
    BLACK,
    WHITE,
    Position,
    catches,
    drawn,
    legal_points,
    saves,
    setup_of,
)

# Black attacks the white stone at (2, 2); `a` starts the ladder, `b` lets it out.
LADDER = """
    . . . . . . . . . . . . . . . . . . .
    . . X X . . . . . . . . . . . . . . .
    . X O b . . . . . . . . . . . . . . .
    . X a . . . . . . . . . . . . . . . .
    . . . . . . . . . . . . . . . . . . .
    . . . . . . . . . . . . . . . . . . .
    . . . . . . . . . . . . . . . . . . .
    . . . . . . . . . . . . . . . . . . .
    . . . . . . . . . . . . . . . . . . .
    . . . . . . . . . . . . . . . . . . .
    . . . . . . . . . . . . . . . . . . .
    . . . . . . . . . . . . . . . . . . .
    . . . . . . . . . . . . . . . . . . .
    . . . . . . . . . . . . . . . . . . .
    . . . . . . . . . . . . . . . . . . .
    . . . . . . . . . . . . . . . . . . .
    . . . . . . . . . . . . . . . . . . .
    . . . . . . . . . . . . . . . . . . .
    . . . . . . . . . . . . . . . . . . .
"""


def state_of(position):
    return Game(position.size, setup_of(position)).state


def cell(position, point):
    return cell_of(point[0] * position.size + point[1], position.size)


def captures(position, prey, point):
    return ladder_works(
        state_of(position), cell(position, prey), cell(position, point), 3 - position.colour[prey]
    )


def escapes(position, prey, point):
    return ladder_works(
        state_of(position), cell(position, prey), cell(position, point), position.colour[prey]
    )


def test_a_ladder_runs_from_corner_to_corner():
    position, at = drawn(LADDER)
    assert captures(position, (2, 2), at["a"])
    assert captures(position, (2, 2), at["b"])  # the shape is symmetric: both ways reach the far corner
    s = state_of(position)
    ladder_works(s, cell(position, (2, 2)), cell(position, at["a"]), BLACK)
    assert BUDGET_PER_READ - s[BUDGET] > 25  # ataris alone; with the answers far more than 50 plies


@pytest.mark.parametrize("step", range(5, 18))
def test_a_breaker_anywhere_on_its_way_stops_it(step):
    position, at = drawn(LADDER)
    position.colour[step, step] = WHITE
    assert not captures(position, (2, 2), at["a"])
    assert not captures(position, (2, 2), at["b"])
    position.colour[step, step] = BLACK
    assert captures(position, (2, 2), at["a"])


def test_a_breaker_beside_its_way_does_nothing():
    position, at = drawn(LADDER)
    position.colour[10, 3] = WHITE
    assert captures(position, (2, 2), at["a"])


def test_only_one_of_the_two_ataris_works():
    position, at = drawn("""
        . . a . . . .
        . X O b . . .
        . . X . . . .
        . . . . . . .
        . . . . . . .
        . . . . . . .
        . . . . . . .
    """)
    assert captures(position, (1, 2), at["b"])  # against the edge
    assert not captures(position, (1, 2), at["a"])  # into the open


def test_the_prey_gets_out_by_capturing_a_pursuer():
    position, at = drawn("""
        . . O O . . . . .
        . O X X O . . . .
        . X O b c . . . .
        . X a . . . . . .
        . . . . . . . . .
        . . . . . . . . .
        . . . . . . . . .
        . . . . . . . . .
        . . . . . . . . .
    """)
    assert not captures(position, (2, 2), at["a"])  # white extends at b, which takes two
    assert not captures(position, (2, 2), at["b"])  # white takes three at c, away from the prey's own liberty
    position.colour[1, 4] = 0
    assert captures(position, (2, 2), at["b"])


def test_no_string_is_caught_on_condition_of_a_ko():
    position, at = drawn("""
        a O b . .
        O X c . .
        X O . . .
        X . . . X
        . . . . .
    """)
    assert not captures(position, (0, 1), at["a"])  # takes a ko, white retakes
    assert not captures(position, (0, 1), at["b"])  # white captures at c
    position.colour[at["c"]] = BLACK
    assert captures(position, (0, 1), at["b"])


def test_escape_needs_a_breaker():
    position, at = drawn("""
        . . . . . . . . .
        . . X X . . . . .
        . X O a . . . . .
        . . X . . . . . .
        . . . . . . . . .
        . . . . . . . . .
        . . . . . . b . .
        . . . . . . . . .
        . . . . . . . . .
    """)
    assert not escapes(position, (2, 2), at["a"])
    position.colour[at["b"]] = WHITE
    assert escapes(position, (2, 2), at["a"])


def test_escape_by_capturing():
    position, at = drawn("""
        . . c . . . .
        . O X O . . .
        . X O X . . .
        . X a X . . .
        . . . . . . .
        . . X . . . .
        . . . . . . .
    """)
    assert not escapes(position, (2, 2), at["a"])  # in atari again
    assert escapes(position, (2, 2), at["c"])


def test_the_budget_bounds_a_hostile_position():
    position, at = drawn("""
        . X . . O X a X . X O . X . . . X O O
        . . . . . . . O . . . . . . . . . . .
        O . . . . . . . . . . . . . . . . O X
        . . . . . . . . . . . . . . . . . . .
        O X . . . . . . . . . . . . . . O X O
        . . . . . . . . . . . . . . . . X O .
        O . . . . . . . . . . . . . . . . O O
        X O . . . . . . . . . . . . . . . . X
        X . . . . . . . . . . . . . . . . X O
        . . . . . . . . . . . . . . . . . . O
        . . . . . . . . . . . . . . . . . X O
        X O . . . . . . . . . . . . . . . . X
        . . . . . . . . . . . . . . . . . . X
        X . . . . . . . . . . . . . . . . . O
        . . . . . . . . . . . . . . . . . . O
        X O . . . . . . . . . . . . . . . X .
        O . . X O X . . . . . . . . . . . O X
        X . . . X . . . . . . . . . . . . X .
        X . X X O O . O . . . . X . . . . X .
    """)
    assert not captures(position, (0, 7), at["a"])
    s = state_of(position)
    before = s[:BUDGET].copy()
    start = time.process_time()
    ladder_works(s, cell(position, (0, 7)), cell(position, at["a"]), WHITE)
    assert time.process_time() - start < 5
    s[BUDGET] = 10_000
    assert not _works(s, cell(position, (0, 7)), cell(position, at["a"]), WHITE)
    assert s[BUDGET] < 0  # it ran out
    np.testing.assert_array_equal(s[:BUDGET], before)


def random_position(size, seed, moves):
    """A position after random legal moves on a board strewn with stones."""
    rng = np.random.default_rng(seed)
    position = Position(size)
    for t in range(moves):
        free = [p for p, c in position.colour.items() if position.legal(p, 1 + t % 2)]
        if free:
            position.play(free[rng.integers(len(free))], 1 + t % 2)
    return position


@settings(max_examples=150, deadline=None)
@given(size=st.integers(5, 9), seed=st.integers(0, 2**32), fill=st.floats(0.1, 0.9))
def test_reading_equals_the_reference(size, seed, fill):
    """Every string of two liberties and of one, on boards small enough to try everything in plain Python."""
    position = random_position(size, seed, int(size * size * fill))
    position.ko = None  # the setup has none
    s = state_of(position)
    for point, colour in position.colour.items():
        if colour == 0:
            continue
        liberties = position.string(point)[1]
        if len(liberties) == 2:
            got = {
                p: ladder_works(s, cell(position, point), cell(position, p), 3 - colour) for p in liberties
            }
            expected = {p: catches(position, point, p) for p in liberties}
            assert any(got.values()) == any(expected.values()), (point, position.stones())
            for p in liberties:  # a ko taken on the way never catches more, and is no catching move itself
                after = position.copy()
                after.play(p, 3 - colour)
                assert got[p] == (expected[p] and after.ko is None), (point, p, position.stones())
        for liberty in liberties if len(liberties) == 1 else ():
            if position.legal(liberty, colour):
                got = ladder_works(s, cell(position, point), cell(position, liberty), colour)
                assert got == saves(position, point, liberty), (point, liberty, position.stones())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), density=st.floats(0.1, 0.95))
def test_reading_leaves_the_board_as_it_was_and_ends(seed, density):
    rng = np.random.default_rng(seed)
    board = Game(19)
    for t in range(int(361 * density)):
        legal = np.flatnonzero(legal_points(board, t % 2))
        if len(legal):
            board.play(2 * int(rng.choice(legal)) + t % 2)
    s = board.state
    before = s[:BUDGET].copy()
    start = time.process_time()
    for stone in range(361):
        c = cell_of(stone, 19)
        if s[c] in (BLACK, WHITE) and s[HEAD + c] == c and count_liberties(s, c) == 2:
            ladder_works(s, c, next_liberty(s, c, 0), 3 - s[c])
    assert time.process_time() - start < 5
    np.testing.assert_array_equal(s[:BUDGET], before)

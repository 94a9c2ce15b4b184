import copy
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.go.board.game import Game, first_illegal
from domains.go.board.state import (
    HEAD,
    LOG,
    LOG_START,
    SIZE,
    cell_of,
    is_legal,
    next_liberty,
    play,
    point_of,
    preview,
    undo,
)
from shared.errors import UserError
from tests.domains.go.board.reference import BLACK, WHITE, Position, drawn, legal_points, setup_of, sgf_games

B, W = 0, 1


def code(size, point, colour):
    return 2 * (point[0] * size + point[1]) + colour


def board_of(diagram):
    position, marks = drawn(diagram)
    board = Game(position.size, setup_of(position))
    return board, {sign: r * position.size + c for sign, (r, c) in marks.items()}


def test_capture_of_several_strings_at_once():
    board, at = board_of("""
        O a O X .
        X . X . .
        . . . . .
        . . O . .
        . . . . .
    """)
    board.play(2 * at["a"] + B)
    assert board.stones[0].tolist() == [0, BLACK, 0, BLACK, 0]
    assert board.stones[3, 2] == WHITE


def test_suicide_is_illegal_unless_it_captures():
    board, at = board_of("""
        a O . . .
        O . . . .
        . . . X .
        . . X O X
        . . . O b
    """)
    assert not legal_points(board, B)[at["a"]]  # one stone
    assert legal_points(board, W)[at["a"]]
    board, at = board_of("""
        X a O . .
        O O X . .
        X X X . .
        . . . . .
        . . . . .
    """)
    assert legal_points(board, B)[at["a"]] == legal_points(board, W)[at["a"]]  # both capture
    board, at = board_of("""
        X a O . .
        O O . . .
        . . . . .
        . . . . .
        . . . . .
    """)
    assert not legal_points(board, B)[at["a"]]  # suicide of two stones
    with pytest.raises(UserError, match="move B B5 is illegal"):
        board.play(2 * at["a"] + B)


KO_SHAPE = """
    . X O . .
    X O a O .
    . X O . .
    . . . . .
    . . . . b
"""


def test_simple_ko_binds_the_opponent_for_one_turn():
    board, at = board_of(KO_SHAPE)
    taken = 1 * 5 + 1
    board.play(2 * at["a"] + B)
    assert board.ko(W) == taken
    assert board.ko(B) is None
    assert not legal_points(board, W)[taken]
    assert legal_points(board, B)[taken]  # filling the ko is no retaking
    passed = copy.deepcopy(board)
    passed.play(2 * 25 + W)
    assert passed.ko(W) is None
    assert legal_points(passed, W)[taken]
    board.play(2 * at["b"] + W)
    board.play(2 * (at["b"] - 1) + B)
    board.play(2 * taken + W)
    assert board.ko(B) == at["a"]


def test_taking_two_stones_is_no_ko():
    board, at = board_of("""
        X X O . .
        a O X . .
        O X . . .
        . . . . .
        . . . . .
    """)
    board.play(2 * at["a"] + W)  # takes two; black may throw in at once
    assert board.ko(B) is None


def test_copies_are_independent():
    board, at = board_of(KO_SHAPE)
    twin = copy.deepcopy(board)
    twin.play(2 * at["a"] + B)
    assert board.stones[1, 1] == WHITE
    assert board.ko(W) is None
    assert twin.stones[1, 1] == 0


@pytest.mark.parametrize(
    "setup",
    [[0, 0], [0, 1], [2 * 1 + W, 2 * 5 + W, 0], [2 * 25], [-1]],
    ids=["twice", "both colours", "no liberty", "a pass", "off the board"],
)
def test_illegal_setup(setup):
    assert first_illegal(5, np.array(setup, np.int16), np.array([], np.int16)) == -1
    with pytest.raises(UserError, match="illegal setup"):
        Game(5, setup)


def test_first_illegal_names_the_move():
    none = np.array([], np.int16)
    on_stone = np.array([2 * 3, 2 * 25 + W, 2 * 3 + W], np.int16)  # the pass between is legal
    assert first_illegal(5, none, on_stone) == 2
    assert first_illegal(5, none, on_stone[:2]) == 2
    assert first_illegal(5, none, np.array([2 * 26], np.int16)) == 0
    assert first_illegal(5, none, np.array([-2], np.int16)) == 0
    setup = np.array(setup_of(drawn(KO_SHAPE)[0]), np.int16)
    retakes = np.array([2 * 7 + B, 2 * 6 + W], np.int16)
    assert first_illegal(5, setup, retakes) == 1


def test_same_colour_may_move_twice():
    assert first_illegal(5, np.array([], np.int16), np.array([0, 2, 4], np.int16)) == 3


def test_positional_superko_forbids_sending_two_returning_one():
    position, marks = drawn("""
        b X a X .
        O O X . .
        . . . . .
        . . . . .
        . . . . .
    """)
    setup = np.array(setup_of(position), np.int16)
    moves = [code(5, marks["b"], B), code(5, marks["a"], W), code(5, (0, 1), B)]  # back to the first position
    assert first_illegal(5, setup, np.array(moves, np.int16)) == 3  # legal under simple ko
    board = Game(5, setup.tolist())
    assert not board.repeats(moves[0])
    board.play(moves[0])
    assert not board.repeats(moves[1])
    board.play(moves[1])
    assert board.repeats(moves[2])
    board.play(moves[2])  # repeats leaves the board as it was


@pytest.mark.parametrize("size", [4, 20])
def test_sizes(size):
    with pytest.raises(UserError, match="board size: must be a whole number from 5 to 19"):
        Game(size)
    with pytest.raises(UserError, match=f"board size: .*got {size}"):
        first_illegal(size, np.array([], np.int16), np.array([], np.int16))


def random_play(size, seed, moves, superko=False):
    """(reference, board, legal moves as played) along a game of random legal moves, now and then a pass."""
    rng = np.random.default_rng(seed)
    position, board = Position(size), Game(size)
    for t in range(moves):
        colour = int(rng.integers(2)) if rng.random() < 0.1 else t % 2
        yield position, board, colour
        legal = np.flatnonzero(legal_points(board, colour, superko))
        if len(legal) == 0 or rng.random() < 0.02:
            position.pass_()
            board.play(2 * size * size + colour)
            continue
        point = int(rng.choice(legal))
        assert position.play(divmod(point, size), colour + 1) is not None
        board.play(2 * point + colour)


def cell_string(board, point):
    """Size and liberties that the compiled state holds for the string on a point."""
    s = board.state
    head = s[HEAD + cell_of(point, board.size)]
    liberties, cell = set(), 0
    while (cell := next_liberty(s, head, cell)) != 0:
        liberties.add(divmod(point_of(cell, board.size), board.size))
    return s[SIZE + head], liberties


@settings(max_examples=30, deadline=None)
@given(size=st.sampled_from([5, 6, 7, 9, 13, 19]), seed=st.integers(0, 2**32), superko=st.booleans())
def test_random_play_equals_the_reference(size, seed, superko):
    length = 120 if size < 9 else 60
    for position, board, colour in random_play(size, seed, length, superko):
        np.testing.assert_array_equal(board.stones, position.stones())
        kos = [None, None]
        if position.ko is not None:
            (row, column), forbidden = position.ko
            kos[forbidden - 1] = row * size + column
        assert [board.ko(B), board.ko(W)] == kos
        expected = [position.legal(p, colour + 1, superko) for p in position.colour]
        np.testing.assert_array_equal(legal_points(board, colour, superko), expected)
        for i, p in enumerate(position.colour):
            if position.colour[p] != 0:
                stones, liberties = position.string(p)
                assert cell_string(board, i) == (len(stones), liberties)


@settings(max_examples=30, deadline=None)
@given(size=st.integers(5, 19), seed=st.integers(0, 2**32))
def test_preview_equals_playing(size, seed):
    """``preview`` predicts each move, and ``undo`` takes a line of moves back to the last bit."""
    for position, board, colour in random_play(size, seed, 200):
        if len(position.past) % 20:
            continue
        s = board.state
        for i, p in enumerate(position.colour):
            if position.colour[p] != 0:
                continue
            after = position.copy()
            captured = after.play(p, colour + 1)
            predicted = preview(s, cell_of(i, size), colour + 1)
            if captured is None:
                assert predicted[2] == 0
            else:
                stones, liberties = after.string(p)
                assert predicted == (len(captured), len(stones), len(liberties))
        s[LOG] = LOG_START
        before = s[:LOG_START].copy()
        rng = np.random.default_rng(seed)
        for t in range(100):
            cell = cell_of(int(rng.integers(size * size)), size)
            if is_legal(s, cell, 1 + t % 2):
                play(s, cell, 1 + t % 2)
        undo(s, LOG_START)
        np.testing.assert_array_equal(s[:LOG_START], before)


DATA = os.environ.get("CONVOLUTIONS_DATA")


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif(DATA is None, reason="CONVOLUTIONS_DATA does not name the folder of real data")
def test_real_games_move_by_move_against_sgfmill():
    from sgfmill import boards

    size, games, played = 19, 0, 0
    number = {None: 0, "b": BLACK, "w": WHITE}
    for game in sgf_games(Path(DATA) / "go" / "kgs.tar.xz", 2000):
        games += 1
        black, white, empty = game.get_root().get_setup_stones()
        theirs = boards.Board(size)
        theirs.apply_setup(black, white, empty)
        at = lambda row, column: 2 * ((size - 1 - row) * size + column)  # noqa: E731  sgfmill's row 0 is below
        ours = Game(size, [at(*p) for p in black] + [at(*p) + 1 for p in white])
        for node in game.get_main_sequence()[1:]:
            colour, move = node.get_move()
            if move is None:
                if colour is not None:
                    ours.play(2 * size * size + (colour == "w"))
                continue
            ko = theirs.play(*move, colour)
            ours.play(at(*move) + (colour == "w"))
            assert ours.ko(int(colour == "b")) == (None if ko is None else at(*ko) // 2)
            expected = np.array([number[stone] for row in theirs.board[::-1] for stone in row])
            assert np.array_equal(ours.stones.ravel(), expected)
            played += 1
    assert games == 2000
    assert played > 300_000

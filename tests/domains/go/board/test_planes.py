import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domains.go.board.compiled import STAMP
from domains.go.board.planes import ALPHAGO, GROUPS, batch_planes, first_planes, game_planes
from domains.go.board.points import symmetries
from shared.errors import UserError
from tests.domains.go.board.reference import BLACK, Position, catches, drawn, games_of, saves, setup_of

B, W = 0, 1


def slices(groups=ALPHAGO):
    """Group → slice of the planes."""
    first = first_planes(groups)
    return {name: slice(first[i], first[i] + GROUPS[name]) for i, name in enumerate(GROUPS) if name in groups}


def planes_of(diagram, to_move=B):
    """Group → planes of a drawn position, and its marks."""
    position, at = drawn(diagram)
    size = position.size
    games = games_of(size, (setup_of(position), [2 * size * size + to_move]))
    planes = game_planes(games, 0, ALPHAGO)[0]
    return {name: planes[where] for name, where in slices().items()}, at


def numbers(group):
    """The integers that a group of one-hot planes stands for, 0 where none is set; no point has two."""
    assert group.sum(0).max(initial=0) <= 1
    return np.where(group.any(0), group.argmax(0) + 1, 0)


def points(plane):
    return {(int(r), int(c)) for r, c in np.argwhere(plane)}


def random_record(size, seed, length, handicap=0):
    """(setup, moves) of random legal play, with passes and now and then a colour twice; and its positions."""
    rng = np.random.default_rng(seed)
    position = Position(size)
    born = {}
    setup, moves, positions = [], [], []
    for _ in range(handicap):
        point = divmod(int(rng.integers(size * size)), size)
        if position.colour[point] == 0 and position.legal(point, BLACK):
            position.colour[point] = BLACK
            setup.append(2 * (point[0] * size + point[1]) + B)
    position = Position(size)
    for code in setup:
        position.colour[divmod(code // 2, size)] = BLACK
    for t in range(length):
        colour = t % 2 if rng.random() < 0.9 else int(rng.integers(2))
        free = [p for p in position.colour if position.legal(p, colour + 1)]
        positions.append((position.copy(), dict(born), colour))
        if not free or rng.random() < 0.05:
            position.pass_()
            moves.append(2 * size * size + colour)
            continue
        point = free[rng.integers(len(free))]
        for taken in position.play(point, colour + 1):
            born.pop(taken, None)
        born[point] = t
        moves.append(2 * (point[0] * size + point[1]) + colour)
    return setup, moves, positions


def test_48_planes_in_the_papers_order():
    assert sum(GROUPS[name] for name in ALPHAGO) == 48
    assert [GROUPS[name] for name in ALPHAGO] == [3, 1, 8, 8, 8, 8, 8, 1, 1, 1, 1]


def test_ones_and_zeros_and_difference():
    groups, _ = planes_of("X O . . .\n" + ". . . . .\n" * 4)
    assert groups["ones"].all()
    assert not groups["zeros"].any()
    position, _ = drawn("X O . . .\n" + ". . . . .\n" * 4)
    games = games_of(5, (setup_of(position), [50 + W]))
    assert game_planes(games, 0, ["difference"])[0, 0, 0].tolist() == [-1, 1, 0, 0, 0]


@settings(max_examples=25, deadline=None)
@given(size=st.sampled_from([5, 6, 9, 13, 19]), seed=st.integers(0, 2**32), handicap=st.sampled_from([0, 5]))
def test_all_planes_equal_the_reference(size, seed, handicap):
    setup, moves, positions = random_record(size, seed, 90 if size < 10 else 40, handicap)
    games = games_of(size, (setup, moves))
    every = game_planes(games, 0, ALPHAGO)
    _, legal, target = batch_planes(
        games, np.zeros(len(moves)), np.arange(len(moves)), np.zeros(len(moves)), ["zeros"]
    )
    np.testing.assert_array_equal(target, np.array(moves) // 2)
    for t in range(0, len(moves), 7):
        position, born, colour = positions[t]
        planes = {name: every[t, where] for name, where in slices().items()}
        np.testing.assert_array_equal(legal[t].reshape(size, size), reference_legal(position, colour + 1))
        expected = reference_planes(position, born, t, colour + 1)
        for name, want in expected.items():
            np.testing.assert_array_equal(
                planes[name], want, err_msg=f"{name} at ply {t}\n{position.stones()}"
            )


def reference_legal(position, own):
    return np.array([position.legal(p, own) for p in position.colour]).reshape(position.size, position.size)


def reference_planes(position, born, ply, own):
    """The groups by flood fill and by playing every move on a copy."""
    size = position.size
    planes = {name: np.zeros((GROUPS[name], size, size), np.int8) for name in ALPHAGO}
    planes["ones"][:] = 1

    def one_hot(name, point, number):
        if number > 0:
            planes[name][(min(number, 8) - 1, *point)] = 1

    for p, colour in position.colour.items():
        planes["stone colour"][({own: 0, 3 - own: 1, 0: 2}[colour], *p)] = 1
        if colour != 0:
            stones, liberties = position.string(p)
            one_hot("turns since", p, ply - born[p] if p in born else 8)
            one_hot("liberties", p, len(liberties))
            if colour != own and len(liberties) == 2:
                for q in liberties:
                    after = position.copy()
                    taken = after.play(q, own)
                    if taken is not None and after.ko is None and catches(position, p, q):
                        planes["ladder capture"][(0, *q)] = 1
            if colour == own and len(liberties) == 1:
                hostile = {
                    q for stone in stones for q in position.around(stone) if position.colour[q] == 3 - own
                }
                rescues = set(liberties).union(
                    *(position.string(q)[1] for q in hostile if len(position.string(q)[1]) == 1)
                )
                for q in rescues:
                    if position.legal(q, own) and saves(position, p, q):
                        planes["ladder escape"][(0, *q)] = 1
        elif position.legal(p, own):
            after = position.copy()
            one_hot("capture size", p, len(after.play(p, own)))
            stones, liberties = after.string(p)
            one_hot("liberties after move", p, len(liberties))
            one_hot("self-atari size", p, len(stones) if len(liberties) == 1 else 0)
            planes["sensibleness"][(0, *p)] = not true_eye(position, p, own)
    return planes


def true_eye(position, point, own):
    r, c = point
    diagonals = [(r + i, c + j) for i in (-1, 1) for j in (-1, 1)]
    on_board = [p for p in diagonals if p in position.colour]
    hostile = sum(position.colour[p] == 3 - own for p in on_board)
    return all(position.colour[p] == own for p in position.around(point)) and hostile <= (len(on_board) == 4)


def test_a_subset_of_the_groups_is_cut_from_the_whole():
    setup, moves, _ = random_record(9, 7, 60)
    games = games_of(9, (setup, moves))
    whole = game_planes(games, 0, tuple(GROUPS))
    for name, where in slices(tuple(GROUPS)).items():
        np.testing.assert_array_equal(game_planes(games, 0, [name]), whole[:, where])
    some = ["sensibleness", "liberties", "stone colour"]
    joined = np.concatenate([whole[:, slices(tuple(GROUPS))[name]] for name in some], axis=1)
    np.testing.assert_array_equal(game_planes(games, 0, some), joined)


def test_positions_are_drawn_in_any_order():
    records = [random_record(7, seed, 40)[:2] for seed in range(3)]
    games = games_of(7, *records)
    rng = np.random.default_rng(0)
    game, ply = rng.integers(3, size=100), rng.integers(40, size=100)
    planes, legal, target = batch_planes(games, game, ply, np.zeros(100, np.uint8), ALPHAGO)
    by_game = [game_planes(games, g, ALPHAGO) for g in range(3)]
    for n in range(100):
        np.testing.assert_array_equal(planes[n], by_game[game[n]][ply[n]])
        assert target[n] == records[game[n]][1][ply[n]] // 2
        assert target[n] == 49 or legal[n, target[n]]


def transformed(codes, size, k):
    to = symmetries(size)[k]
    return [2 * int(to[c // 2]) + c % 2 for c in codes]


def test_symmetries_are_the_eight_of_the_square():
    table = symmetries(5)
    assert len({tuple(row) for row in table}) == 8
    assert (table[:, 25] == 25).all()  # a pass
    for k in range(8):
        board = np.arange(25).reshape(5, 5)
        seen = board[:: -1 if k & 2 else 1, :: -1 if k & 1 else 1]
        moved = np.empty(25, int)
        moved[table[k][:-1]] = board.ravel()
        np.testing.assert_array_equal(moved.reshape(5, 5), seen.T if k & 4 else seen)


@settings(max_examples=10, deadline=None)
@given(size=st.sampled_from([5, 9, 19]), seed=st.integers(0, 2**32), k=st.integers(0, 7))
@example(size=19, seed=1740, k=2)  # its longest ladder takes more than 10,000 moves to read
def test_planes_of_the_transformed_game_are_the_transformed_planes(size, seed, k):
    setup, moves, _ = random_record(size, seed, 60, handicap=3)
    games = games_of(size, (setup, moves), (transformed(setup, size, k), transformed(moves, size, k)))
    zero, ply = np.zeros(len(moves)), np.arange(len(moves))
    seen = batch_planes(games, zero, ply, zero + k, tuple(GROUPS))
    moved = batch_planes(games, zero + 1, ply, zero, tuple(GROUPS))
    for got, expected in zip(seen, moved, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_liberties_are_not_off_by_one():
    groups, _ = planes_of("""
        X . . . .
        . . . . .
        . . O O .
        . . . . .
        . . . . .
    """)
    liberties = numbers(groups["liberties"])
    assert liberties[0, 0] == 2
    assert liberties[2, 2] == liberties[2, 3] == 6
    assert groups["liberties"][1, 0, 0] == 1  # the second plane says two
    assert liberties[1, 1] == 0


def test_eight_liberties_and_more_share_a_plane():
    groups, _ = planes_of("""
        . . . . . . .
        . X X X X X .
        . . . . . . .
        O O O . . . .
        . . . . . . .
        . . . . . . .
        . . . . . . .
    """)
    assert numbers(groups["liberties"])[1, 1] == 8
    assert numbers(groups["liberties"])[3, 0] == 7


def test_turns_since():
    """Each stone has exactly one plane: 1 for the last move, setup stones 8, and passes are turns."""
    moves = [0 + B, 2 * 24 + W, 50 + B, 2 * 4 + W, 2 * 20 + B]
    games = games_of(5, ([2 * 12 + B], moves))
    ages = numbers(game_planes(games, 0, ["turns since"])[4])
    assert ages.ravel()[[0, 24, 4, 12, 20]].tolist() == [4, 3, 1, 8, 0]


def test_turns_since_outlasts_a_long_game_and_a_recapture():
    setup = [2 * p + c for p, c in ((1, B), (5, B), (11, B), (2, W), (6, W), (8, W), (12, W))]
    moves = [2 * 7 + B, 2 * 24 + W, 2 * 20 + B, 2 * 6 + W, 2 * 22 + B]  # take a ko, exchange, retake
    games = games_of(5, (setup, moves))
    every = [numbers(planes) for planes in game_planes(games, 0, ["turns since"])]
    assert every[1].ravel()[7] == 1
    assert every[1].ravel()[6] == 0
    assert every[4].ravel()[6] == 1  # not the age of the stone that lay there before
    assert every[4].ravel()[7] == 0
    assert every[4].ravel()[1] == 8


def test_handicap_stones_are_old_from_the_first_move():
    games = games_of(9, ([2 * 20, 2 * 60], [2 * 162 + W]))
    planes = game_planes(games, 0, ["turns since"])[0]
    assert points(planes[7]) == {divmod(20, 9), divmod(60, 9)}
    assert planes[:7].sum() == 0


def test_capture_size():
    groups, at = planes_of("""
        O O a O X
        X X . X .
        . . . . .
        . . X X .
        X X O O b
    """)
    size = numbers(groups["capture size"])
    assert size[at["a"]] == 3  # two strings
    assert size[at["b"]] == 2
    assert (size > 0).sum() == 2


def test_eight_captured_stones_and_more_share_a_plane():
    groups, at = planes_of("""
        O O O O O O O O a
        O X X X X X X X .
        X . . . . . . . .
        . . . . . . . . .
        . . . . . . . . .
        . . . . . . . . .
        . . . . . . . . .
        . . . . . . . . .
        . . . . . . . . .
    """)
    assert points(groups["capture size"][7]) == {at["a"]}
    assert groups["capture size"].sum() == 1


def test_self_atari_size():
    groups, at = planes_of("""
        a O . . .
        . . . . .
        . . . O O
        . . O X b
        . . d O c
    """)
    size = numbers(groups["self-atari size"])
    assert {sign: size[point] for sign, point in at.items()} == {"a": 1, "b": 2, "c": 1, "d": 1}
    assert (size > 0).sum() == 4


def test_liberties_after_move_count_captured_stones():
    groups, at = planes_of("""
        O a . . .
        X . . . .
        . . X b X
        . . . . .
        . . . . .
    """)
    after = numbers(groups["liberties after move"])
    assert after[at["a"]] == 3  # the stone it takes leaves a liberty
    assert after[at["b"]] == 7
    assert numbers(groups["capture size"])[at["a"]] == 1
    assert after[0, 0] == 0  # a stone lies there


def test_sensibleness_is_legal_and_fills_no_true_eye():
    diagram = """
        a X . X b X .
        X X . X X X .
        . X O . . . .
        X c X . O O .
        . X O O . O .
        . . . d O O O
        . . . O e O f
    """
    groups, at = planes_of(diagram, to_move=B)
    sensible = groups["sensibleness"][0]
    assert not sensible[at["a"]]  # eye in the corner
    assert not sensible[at["b"]]  # eye on the edge
    assert sensible[at["c"]]  # two of its diagonals are white: a false eye
    assert not sensible[at["e"]]  # suicide is not sensible
    assert not sensible[at["f"]]
    assert not sensible[0, 1]  # occupied
    white, _ = planes_of(diagram, to_move=W)
    assert not white["sensibleness"][0][4, 4]
    assert white["sensibleness"][0][at["a"]] == 0  # suicide for white


def test_ko_is_not_legal_nor_sensible():
    position, _ = drawn("""
        . X O . .
        X O . O .
        . X O . .
        . . . . .
        . . . . .
    """)
    games = games_of(5, (setup_of(position), [2 * 7 + B, 50 + W, 50 + B, 50 + W]))
    planes, legal, _ = batch_planes(games, np.zeros(3), np.array([1, 3, 2]), np.zeros(3), ALPHAGO)
    assert legal[:, 6].tolist() == [False, True, True]  # white, white after two passes, black fills
    assert planes[0, slices()["sensibleness"], 1, 1] == 0
    assert planes[0, slices()["capture size"], 1, 1].sum() == 0


LADDER = (
    """
    . . . . . . . . . . . . . . . . . . .
    . . X X . . . . . . . . . . . . . . .
    . X O b . . . . . . . . . . . . . . .
    . X a . . . . . . . . . . . . . . . .
"""
    + 15 * ("    " + ". " * 19 + "\n")
)


def test_ladder_capture_from_corner_to_corner():
    groups, at = planes_of(LADDER)
    assert points(groups["ladder capture"][0]) == {at["a"], at["b"]}
    assert not groups["ladder escape"].any()
    seen_by_white, _ = planes_of(LADDER, to_move=W)
    assert not seen_by_white["ladder capture"].any()
    rows = LADDER.strip().splitlines()
    rows[13] = ". " * 13 + "O" + " ." * 5
    broken, _ = planes_of("\n".join(rows))
    assert points(broken["stone colour"][1]) == {(2, 2), (13, 13)}
    assert not broken["ladder capture"].any()


def test_ladder_escape_is_set():
    diagram = """
        . . . . . . . . .
        . . X X . . . . .
        . X O a . . . . .
        . . X . . . . . .
        . . . . . . . . .
        . . . . . . . . .
        . . . . . . %s . .
        . . . . . . . . .
        . . . . . . . . .
    """
    escaping, at = planes_of(diagram % "O", to_move=W)
    assert points(escaping["ladder escape"][0]) == {at["a"]}
    doomed, _ = planes_of(diagram % ".", to_move=W)
    assert not doomed["ladder escape"].any()


def test_no_plane_overwrites_another():
    """On one board with all features, every group equals the group alone, and stays in its range."""
    setup, moves, _ = random_record(9, 3, 70, handicap=4)
    whole = game_planes(games_of(9, (setup, moves)), 0, ALPHAGO)
    assert set(np.unique(whole)) == {0, 1}
    stones = whole[:, :2].sum(1)
    np.testing.assert_array_equal(whole[:, slices()["stone colour"]].sum(1), 1)
    np.testing.assert_array_equal(whole[:, slices()["turns since"]].sum(1), stones)
    np.testing.assert_array_equal(whole[:, slices()["liberties"]].sum(1), stones)
    for name in ("capture size", "self-atari size", "liberties after move", "sensibleness", "ladder escape"):
        assert (whole[:, slices()[name]].sum(1) <= 1 - stones).all()


def test_errors():
    games = games_of(5, ([], [0, 3]))
    with pytest.raises(UserError, match=r"'liberty'.*did you mean 'liberties'"):
        game_planes(games, 0, ["liberty"])
    with pytest.raises(UserError, match="twice"):
        game_planes(games, 0, ["ones", "ones"])
    for game, ply, symmetry in ((1, 0, 0), (-1, 0, 0), (0, 2, 0), (0, -1, 0), (0, 0, 8)):
        with pytest.raises(IndexError):
            batch_planes(games, np.array([game]), np.array([ply]), np.array([symmetry]), ["ones"])


def test_stored_code_is_dropped_when_any_source_changes():
    from domains.go.board import game, ladder, planes, state

    for module in (state, game, ladder, planes):
        dispatchers = [f for f in vars(module).values() if hasattr(f, "py_func")]
        assert dispatchers
        assert all(f._cache._cache_file._source_stamp == STAMP for f in dispatchers)

"""Go in plain Python, slow and simple: the reference for compiled rules, planes and ladders."""

import tarfile

import numpy as np
from sgfmill import sgf

from domains.go.board.games import Games
from domains.go.board.state import cell_of, is_legal

BLACK, WHITE = 1, 2  # colours here as on ``Game.stones``; a code's colour is one less


class Position:
    """A square of colours; points are (row, column), row 0 on top."""

    def __init__(self, size):
        self.size = size
        self.colour = {(r, c): 0 for r in range(size) for c in range(size)}
        self.ko = None  # (point, colour) that simple ko forbids
        self.past = [self.key()]

    def copy(self):
        twin = Position.__new__(Position)
        twin.size, twin.colour, twin.ko, twin.past = self.size, dict(self.colour), self.ko, list(self.past)
        return twin

    def key(self):
        return tuple(self.colour.values())

    def around(self, point):
        r, c = point
        return [p for p in ((r - 1, c), (r, c - 1), (r, c + 1), (r + 1, c)) if p in self.colour]

    def string(self, point):
        """Stones and liberties of the string on a point, by flood fill."""
        stones, open_, liberties = {point}, [point], set()
        while open_:
            for p in self.around(open_.pop()):
                if self.colour[p] == 0:
                    liberties.add(p)
                elif self.colour[p] == self.colour[point] and p not in stones:
                    stones.add(p)
                    open_.append(p)
        return stones, liberties

    def play(self, point, colour):
        """Play, ko or not; returns the captured stones, None for suicide, which is not played."""
        assert self.colour[point] == 0
        before = dict(self.colour)
        self.colour[point] = colour
        captured = set()
        for p in self.around(point):
            if self.colour[p] == 3 - colour and not self.string(p)[1]:
                captured |= self.string(p)[0]
                for q in self.string(p)[0]:
                    self.colour[q] = 0
        stones, liberties = self.string(point)
        if not liberties:
            self.colour = before
            return None
        self.ko = None
        if len(captured) == 1 and len(stones) == 1 and liberties == captured:
            self.ko = (next(iter(captured)), 3 - colour)
        self.past.append(self.key())
        return captured

    def pass_(self):
        self.ko = None

    def legal(self, point, colour, superko=False):
        if self.colour[point] != 0 or self.ko == (point, colour):
            return False
        after = self.copy()
        if after.play(point, colour) is None:
            return False
        return not (superko and after.key() in self.past)

    def stones(self):
        return np.array(list(self.colour.values()), np.int8).reshape(self.size, self.size)


def catches(position, prey, point, threats=True, before=()):
    """Whether an atari at a point catches the string on ``prey`` (two liberties), with no short cut taken.

    The attacker obeys simple ko; the prey's side does so only where it is without ko threats. Going round in
    circles saves the prey.
    """
    own = position.colour[prey]
    attacked = position.copy()
    if position.ko == (point, 3 - own) or attacked.play(point, 3 - own) is None or attacked.key() in before:
        return False
    stones, liberties = attacked.string(prey)
    answers = set(liberties)
    for p in {q for stone in stones for q in attacked.around(stone) if attacked.colour[q] == 3 - own}:
        if len(attacked.string(p)[1]) == 1:
            answers |= attacked.string(p)[1]
    return not any(saves(attacked, prey, answer, threats, (*before, attacked.key())) for answer in answers)


def saves(position, prey, point, threats=True, before=()):
    """Whether a move of the prey's own side at a point saves it from atari."""
    answered = position.copy()
    if not threats and position.ko == (point, position.colour[prey]):
        return False
    if answered.play(point, position.colour[prey]) is None:
        return False
    liberties = answered.string(prey)[1]
    if len(liberties) == 2:
        return not any(catches(answered, prey, p, threats, before) for p in liberties)
    return len(liberties) > 2


def drawn(diagram):
    """Position from a drawing: X black, O white, . empty; other signs mark empty points."""
    rows = [line.split() for line in diagram.strip().splitlines()]
    position = Position(len(rows))
    marks = {}
    for r, row in enumerate(rows):
        assert len(row) == len(rows), row
        for c, sign in enumerate(row):
            position.colour[r, c] = {"X": BLACK, "O": WHITE}.get(sign, 0)
            if sign not in ".XO":
                marks[sign] = (r, c)
    position.past = [position.key()]
    return position, marks


def setup_of(position):
    return [
        2 * (r * position.size + c) + colour - 1 for (r, c), colour in position.colour.items() if colour != 0
    ]


def games_of(size, *records):
    """Games from (setup codes, move codes) pairs."""
    setups, moves = zip(*records, strict=True)
    core = {"size": np.full(len(records), size, np.uint8)}
    for name, lists in (("setup", setups), ("move", moves)):
        core[f"{name}_start"] = np.cumsum([0, *map(len, lists)]).astype(np.int64)
        core["setup" if name == "setup" else "moves"] = np.array([c for one in lists for c in one], np.int16)
    return Games(**core)


def sgf_games(archive, count):
    """Up to ``count`` 19×19 games of an archive, spread evenly over it."""
    with tarfile.open(archive) as tar:
        members = [m for m in tar.getmembers() if m.name.endswith(".sgf")]
        taken = 0
        for member in members[:: max(1, len(members) // (count + count // 20))]:
            game = sgf.Sgf_game.from_bytes(tar.extractfile(member).read())
            if game.get_size() == 19 and taken < count:
                taken += 1
                yield game


def record_of(game):
    """(setup, moves) codes of an sgfmill game."""
    size = game.get_size()

    def code(point, colour):  # sgfmill's row 0 is at the bottom
        return 2 * (size * size if point is None else (size - 1 - point[0]) * size + point[1]) + colour

    black, white, _ = game.get_root().get_setup_stones()
    moves = [node.get_move() for node in game.get_main_sequence()[1:]]
    return (
        [code(p, 0) for p in black] + [code(p, 1) for p in white],
        [code(point, int(colour == "w")) for colour, point in moves if colour is not None],
    )


def legal_points(board, colour, superko=False):
    """(size * size,) the points where a colour (0 black, 1 white) may play on the product's board."""
    legal = np.zeros(board.size**2, bool)
    for point in range(board.size**2):
        if is_legal(board.state, cell_of(point, board.size), 1 + colour):
            legal[point] = not (superko and board.repeats(2 * point + colour))
    return legal

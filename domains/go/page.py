"""Go on the page: a board to play on, the policy over its points, and games as SGF files."""

from functools import cached_property
from itertools import islice
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import numpy as np

from domains.go.board import (
    Game,
    Position,
    area_score,
    encode_move,
    first_illegal,
    fixed_handicap,
    move_colour,
    move_point,
    parse_point,
    point_name,
    position_planes,
)
from domains.go.engine import Engine, Policy, groups_of
from domains.go.explain import GoDomain
from domains.go.module import GoPolicy
from domains.go.predict import GamePredictions, policy, rows_of, wrong_size
from domains.go.records import FILE_LIMIT, UnusableError, read_sgf, write_sgf
from shared.app import Grid, Page, Predicted, Share, Top, View, file_of, numbers
from shared.config import Seed
from shared.errors import Limit, UserError, named, require_int
from shared.explain import Example
from shared.network import Network

COLOURS = ("black", "white")
MOVES, GAMES = 2000, 1000  # of a game on the page, and of a file
SIZES = (9, 13, 19)  # of boards

Colour = Literal["black", "white"]
Move = tuple[Colour, str]  # a point's name, or pass


class GameInput(TypedDict):
    """A game: its stones before the first move, or a fixed handicap instead, and its moves."""

    size: int
    setup: NotRequired[list[Move]]
    handicap: NotRequired[Annotated[int, Limit(0, 9, whole=True)]]
    moves: NotRequired[list[Move]]
    komi: NotRequired[Annotated[float, Limit(-400, 400)]]
    next: NotRequired[Colour | None]


class GoInput(TypedDict):
    """A position: that after the last move of a game."""

    game: GameInput


class Score(TypedDict):
    """The area with all stones alive."""

    black: int
    white: int
    open: int
    komi: float
    result: str


class PredictedMove(Predicted):
    """The row of the move to come, the position, and the policy over its points."""

    game: GameInput
    number: int
    colour: str
    captures: dict[str, int]
    legal: Grid
    policy: Grid
    over: bool
    score: Score


class Played(PredictedMove):
    """The position after the network's move."""

    move: str
    captured: int


class Loaded(PredictedMove):
    """The position after the last move of a file's game."""

    games: int
    result: str


class Saved(TypedDict):
    """A game as the text of an SGF file."""

    sgf: str


class GoPage(Page):
    """A position is that of a game, whose moves come with each request: nothing is kept between two."""

    actions = ("play", "load", "save")
    samples = (".sgf",)
    module: GoPolicy
    adapter: GoDomain

    @cached_property
    def boards(self) -> dict[int, GoPolicy]:
        """The network on its own board, and on those of SIZES that its layers fit."""
        return self.module.on_boards(SIZES)

    def facts(self) -> dict[str, Any]:
        """The size of its own board, and all that it plays on."""
        return {"size": self._size, "sizes": sorted(self.boards)}

    def offline(self) -> dict[str, Any]:
        """Also its groups of planes."""
        return {**self.facts(), "planes": self.module.contract()["planes"]}

    def predict(self, input: GoInput, top: Top = 10, unsure: Share = 0.8) -> PredictedMove:
        """The policy for the move to come."""
        game, sent = self._game(input["game"]), input["game"]
        return self._position(game, sent, top, unsure)

    def play(
        self,
        game: GameInput,
        temperature: Annotated[float, Limit(0, 10)] = 0.0,
        symmetries: int = 8,
        seed: Seed | None = None,
    ) -> Played:
        """A move of the network as ``gtp.py`` plays it, for the colour to move."""
        board = self._game(game)
        if board.ended():
            raise UserError("game: must go on, got one that two passes have ended")
        module = self.boards[board.size]
        assert isinstance(module.network, Network)
        groups = groups_of({key: module.hparams[key] for key in ("model", "planes", "extent", "classes")})
        engine = Engine(
            Policy(module.network, groups, symmetries),
            temperature=temperature,
            sensible=True,
            superko=True,
            seed=seed,
        )
        colour, before = _to_play(board, game), _stones(board)
        point = engine.choose(board, colour, game.get("komi", 0.0))
        board.play(encode_move(point, colour))
        return {
            **self._position(board, game | {"next": None}),
            "move": point_name(point, board.size),
            "captured": int(before[1 - colour] - _stones(board)[1 - colour]),
        }

    def load(self, file: str, name: str = "game.sgf", number: int = 0) -> Loaded:
        """A game of an SGF file, up to an illegal move."""
        name, data = file_of({"file": file, "name": name}, FILE_LIMIT)
        games = list(islice(read_sgf(data), GAMES))
        require_int("number", number, 0, len(games) - 1)
        record, notes = games[number], []
        if isinstance(record, UnusableError):
            raise UserError(f"{name}: {record}")
        if record.size not in self.boards:
            raise wrong_size(name, record.size, self._size)
        setup, moves = np.array(record.setup, np.int16), np.array(record.moves, np.int16)
        legal = first_illegal(record.size, setup, moves)
        if legal < 0:
            raise UserError(f"{name}: illegal setup: setup stones without liberties")
        to_play = record.to_play
        if legal < len(moves):
            notes.append(f"{name}: move {legal + 1} is illegal; the game is shown up to it")
            to_play = int(move_colour(record.moves[legal]))
        elif record.stopped:
            notes.append(f"{name}: {record.stopped}: {record.stopped_at} at move {legal + 1}")
        sent: GameInput = {
            "size": record.size,
            "setup": _named(record.setup, record.size),
            "moves": _named(record.moves[:legal], record.size),
            "komi": record.komi or 0.0,
        }
        board = self._game(sent)
        if to_play != _to_play(board, sent):
            sent["next"] = COLOURS[to_play]  # type: ignore[typeddict-item]
        position = self._position(board, sent)
        position["notes"] += notes
        return {**position, "games": len(games), "result": record.result}

    def save(self, game: GameInput) -> Saved:
        """The game with its score if two passes have ended it."""
        board, komi = self._game(game), game.get("komi", 0.0)
        facts: dict[str, Any] = {"KM": komi}
        if board.setup:
            facts["HA"] = len(board.setup)
        if board.ended():
            facts["RE"] = area_score(board.stones).result(komi)
        if not board.moves and _to_play(board, game) != int(bool(board.setup)):
            facts["PL"] = "bw"[_to_play(board, game)]
        return {"sgf": write_sgf(board, facts).decode()}

    def example(self, input: GoInput) -> Example:
        """The position as the layers take it."""
        board, own = self._game(input["game"]), self._size
        if board.size != own:
            must = f"must be on the network's own board of {own}×{own} to be explained"
            raise UserError(f"game: {must}, got {board.size}×{board.size}")
        move = encode_move(board.pass_point, _to_play(board, input["game"]))
        return self.adapter.on(Position.after(board, move), f"move {len(board.moves) + 1}")

    def view(self, example: Example) -> View:
        """The board; of planes that are no position's, their mean."""
        if example.source is None:
            return super().view(example)
        return board_view(example.source)

    @property
    def channels(self) -> list[str]:
        """The planes."""
        return self.adapter.plane_names

    @property
    def _size(self) -> int:
        return int(self.module.hparams["extent"][0])

    def _game(self, sent: GameInput) -> Game:
        size, moves = sent["size"], sent.get("moves", [])
        if size not in self.boards:
            raise wrong_size("game", size, self._size)
        if len(moves) > MOVES:
            raise UserError(f"game.moves: must be at most {MOVES:,}, got {len(moves):,}")
        setup, handicap = sent.get("setup", []), sent.get("handicap", 0)
        stones = [_code(stone, size, "setup") for stone in setup]
        if handicap and not setup:
            points = fixed_handicap(size, handicap)
            if points is None:
                most = [n for n in range(2, 10) if fixed_handicap(size, n)]
                legal = f"0 or from 2 to {most[-1]}" if most else "0"
                raise UserError(f"game.handicap: must be {legal} on a board of {size}×{size}, got {handicap}")
            stones = [encode_move(point, 0) for point in points]
        if any(move_point(code) == size**2 for code in stones):
            raise UserError("game.setup: must be stones on points, got pass")
        played = [_code(move, size, "moves") for move in moves]
        with named("game"):
            return Game(size, stones, played)

    def _position(self, board: Game, sent: GameInput, top: int = 10, unsure: float = 0.8) -> PredictedMove:
        """The answer for the position that a game has reached."""
        colour, size, komi = _to_play(board, sent), board.size, sent.get("komi", 0.0)
        module = self.boards[size]
        position = Position.after(board, encode_move(board.pass_point, colour))
        groups = list(dict.fromkeys(self.adapter.planes))
        planes, legal = position_planes([position], groups)
        over = board.ended()
        rows: list[dict[str, Any]] = []
        shares = np.zeros((1, size**2))
        if legal.any() and not over:
            answered, shares = policy(module, planes, legal)
            ply, unplayed = np.array([len(board.moves)]), np.array([board.pass_point])
            rank, unknown = np.array([0]), np.array([np.nan])
            one = GamePredictions("game", 0, ply, unplayed, shares, rank, unknown, answered)
            rows = list(rows_of(one, np.array([colour], np.int16), module.classes, top, unsure))
        area, lost = area_score(board.stones), _stones(board, played=True) - _stones(board)
        setup = _named(board.setup, size)
        return {
            "rows": rows,
            "view": board_view(position),
            "notes": [],
            "game": {
                "size": size,
                "setup": setup,
                "handicap": sent.get("handicap", 0),
                "moves": _named(board.moves, size),
                "komi": komi,
                "next": sent.get("next"),
            },
            "number": len(board.moves) + 1,
            "colour": COLOURS[colour],
            "captures": {"black": int(lost[1]), "white": int(lost[0])},
            "legal": legal.reshape(size, size).astype(int).tolist(),
            "policy": numbers(shares.reshape(size, size)),
            "over": over,
            "score": {
                "black": area.black,
                "white": area.white,
                "open": area.open,
                "komi": komi,
                "result": area.result(komi),
            },
        }


def board_view(position: Position) -> View:
    """The stones of a position, the last move and the ko."""
    size = len(position.stones)

    def place(point: int | None) -> list[int] | None:
        return None if point is None else list(divmod(point, size))

    return {
        "kind": "board",
        "size": size,
        "stones": position.stones.tolist(),
        "colour": COLOURS[position.colour],
        "last": place(position.last),
        "ko": place(position.ko),
        "played": place(position.played),
    }


def _to_play(board: Game, sent: GameInput) -> int:
    """The colour of the move to come."""
    if colour := sent.get("next"):
        return COLOURS.index(colour)
    if board.moves:
        return 1 - int(move_colour(board.moves[-1]))
    return int(bool(board.setup) and all(move_colour(code) == 0 for code in board.setup))


def _stones(board: Game, played: bool = False) -> np.ndarray:
    """The stones of black and of white on the board, or all that were put and played there."""
    if not played:
        return np.bincount(board.stones.ravel(), minlength=3)[1:]
    codes = [code for code in (*board.setup, *board.moves) if move_point(code) != board.pass_point]
    return np.bincount([move_colour(code) for code in codes], minlength=2)


def _code(move: Move, size: int, key: str) -> int:
    colour, name = move
    point = parse_point(name[:8], size)
    if point is None:
        raise UserError(f"game.{key}: must be points such as A1, or pass, got {name[:8]!r}")
    return int(encode_move(point, COLOURS.index(colour)))


def _named(codes: list[int], size: int) -> list[Move]:
    return [(COLOURS[move_colour(code)], point_name(move_point(code), size)) for code in codes]  # type: ignore[misc]

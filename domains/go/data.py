"""Positions of game records as batches of planes, computed as they are drawn."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from domains.go.board import GROUPS, LARGEST, batch_planes, move_point, plane_groups, point_names
from domains.go.records import GameRecords, read_games
from shared.errors import require_choice, require_int
from shared.training import DataModule, Draw, Fractions, check_fractions


class GoDataset:
    """Positions, each with the move that was played in it; no plane is stored.

    A batch holds ``x`` int8 (N, P, size, size), ``y`` the point that was played, ``legal`` bool
    (N, points), ``ply`` the number of the move, and ``item``. One that trains has only ``y``, ``item`` and
    ``x``, packed where all planes are zeros and ones: the bits of a position, uint8 (N, bytes).
    """

    def __init__(
        self, games: GameRecords, game: np.ndarray, ply: np.ndarray, planes: Sequence[str], symmetries: bool
    ):
        self.games, self.game, self.ply = games, game, ply
        self.planes, self.symmetries = planes, symmetries

    def __len__(self) -> int:
        return len(self.game)

    @property
    def held(self) -> np.ndarray:
        """By the moves of the game, and which of them follows."""
        return self.games.identity[self.game] ^ (self.ply.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))

    @property
    def y(self) -> np.ndarray:
        """The point that was played."""
        return move_point(self.games.move_at(self.game, self.ply))

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        items = draw.items
        symmetry: Any = 0
        if self.symmetries and draw.seed is not None:
            symmetry = np.random.default_rng(draw.seed).integers(8, size=len(items), dtype=np.uint8)
        x, legal, y = batch_planes(self.games, self.game[items], self.ply[items], symmetry, self.planes)
        if draw.seed is not None:  # an eighth of the bytes on their way to the device
            bits = x if "difference" in self.planes else np.packbits(x.reshape(len(x), -1), axis=1)
            return {"x": bits, "y": y, "item": items}
        return {"x": x, "y": y, "legal": legal, "ply": self.ply[items], "item": items}


class GoData(DataModule):
    """Games of files, folders or archives of SGF, split by game.

    ``conf/data/go/sgf.yaml`` documents each argument.
    """

    balanceable = False  # the classes are the points of the board
    train_set: GoDataset
    val_set: GoDataset
    test_set: GoDataset

    def __init__(
        self,
        *,
        path: str | list[str],
        planes: str | Sequence[str],
        size: int,
        max_handicap: int | None,
        min_rank: str | None,
        player: str | list[str] | None = None,
        min_moves: int,
        strict: bool,
        fractions: Fractions,
        val_size: int | None,
        test_size: int | None,
        symmetries: bool,
        cache: str | None,
        test_symmetries: int = 1,
        **loading: Any,
    ):
        super().__init__(**loading)
        require_choice("data.test_symmetries", test_symmetries, (1, 8))
        self.views = test_symmetries
        self.groups_of_planes = plane_groups(planes)
        self.planes = sum(GROUPS[name] for name in self.groups_of_planes)
        require_int("data.size", size, 2, LARGEST)
        self.extent = (size, size)
        self.classes = point_names(size)
        self.path = path
        self.reading: dict[str, Any] = {
            "size": size, "max_handicap": max_handicap, "min_rank": min_rank, "player": player,
            "min_moves": min_moves,
            "strict": strict, "cache": Path(cache) if cache else None,
        }  # fmt: skip
        check_fractions(fractions)
        self.fractions, self.symmetries = fractions, symmetries
        self.sizes = {"train": None, "val": val_size, "test": test_size}

    def setup(self, stage: str | None = None) -> None:
        """Read and split the games.

        Raises:
            UserError: The path holds no usable games.
        """
        if hasattr(self, "train_set"):
            return
        games = read_games(self.path, **self.reading)
        split = games.splits(**self.fractions)
        datasets = {name: self._positions(games, split == name, most) for name, most in self.sizes.items()}
        self.train_set, self.val_set, self.test_set = datasets.values()
        counts = [
            f"{len(dataset):,} {name} of {np.unique(dataset.game).size:,} games"
            for name, dataset in datasets.items()
        ]
        self.summary = f"{games.summary}\npositions: {', '.join(counts)}"

    def _positions(self, games: GameRecords, chosen: np.ndarray, most: int | None) -> GoDataset:
        game, ply = games.positions(chosen)
        if most is not None and most < len(game):
            # the same for every seed
            items = np.sort(np.random.default_rng(0).choice(len(game), most, replace=False))
            game, ply = game[items], ply[items]
        return GoDataset(games, game, ply, self.groups_of_planes, self.symmetries)

    def groups(self, items: np.ndarray) -> np.ndarray:
        """Positions of one game resemble each other."""
        return self.test_set.game[items]

    def baselines(self, items: np.ndarray) -> dict[str, np.ndarray]:
        """Uniform over the legal moves, and the legal point played most often in training."""
        counts = np.bincount(self.train_set.y, minlength=len(self.classes))
        test = self.test_set
        _, legal, y = batch_planes(test.games, test.game[items], test.ply[items], 0, ())
        ranked = np.where(legal, counts, -1)
        return {
            "uniform over legal moves": 1 / legal.sum(1),
            "most frequent point": ranked.argmax(1) == y,
        }

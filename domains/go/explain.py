"""Explanations of a policy's predictions."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor

from domains.go.board import GROUPS, Position, plane_groups, point_name, position_planes
from domains.go.drawing import draw_board, heat_on_wood
from domains.go.predict import read
from shared.explain import Example, Input, InputAdapter, Inputs, Masks, Planted, Target, draw_bar, draw_signed
from shared.results import RELEVANCE
from shared.training import Dataset

# 1, 4: own stones; 2, 5: the opponent's; 4, 5: the evidence, and the same with a decoy in its place.
FLOWER = np.array([[0, 0, 4, 0, 0], [0, 4, 5, 4, 1], [0, 2, 0, 2, 0], [1, 1, 2, 1, 0], [0, 0, 0, 1, 0]])
WITHERED = np.array([[0, 1, 0, 0, 0], [0, 1, 2, 1, 1], [0, 2, 0, 2, 0], [1, 1, 2, 1, 0], [0, 0, 0, 1, 0]])
SEARCHED = 1000  # training positions among which the nearest one is sought


class GoDomain(InputAdapter):
    """Positions; a stone is taken away from the board, and all planes are computed anew."""

    filling = "an empty point, all planes recomputed"
    epsilon, epsilon_unit = 0.02, "of a plane's range, between positions that exist"
    cell = (3.5, 3.9)
    filters = 8
    decoys = 1  # the most that a map without knowledge finds is a half: two of four stones at the corners
    drawn = "Of a board that no game has, blue points are rather own stones, red ones the opponent's."

    @cached_property
    def planes(self) -> list[str]:
        """The group of each plane that the network reads."""
        groups = plane_groups(self.module.hparams["model"]["planes"])
        return [group for group in groups for _ in range(GROUPS[group])]

    @property
    def plane_names(self) -> list[str]:
        """The name of each plane."""
        names = []
        for group in dict.fromkeys(self.planes):
            number = GROUPS[group]
            numbered = [f"{group} {n + 1}" for n in range(number)] if number > 1 else [group]
            names += ["own", "opp.", "empty"] if group == "stone colour" else numbered
        return names

    def read(self, source: Path, move: int | None = None) -> list[Example]:
        """The position before a move of each game of a path; None: before the last."""
        games, chosen = read(source, [int(self.module.hparams["extent"][0])], move)
        positions = [Position.of(games, n, int(plies[-1])) for n, (_, plies) in enumerate(chosen)]
        return [
            self.on(position, f"{name}, move {plies[-1] + 1}", position.played)
            for position, (name, plies) in zip(positions, chosen, strict=True)
        ]

    def on(self, position: Position, named: str, label: int | None = None) -> Example:
        """A position as an input."""
        return Example(self._planes([position])[0], named, label, position)

    def _planes(self, positions: Sequence[Position]) -> Inputs:
        planes = position_planes(positions, list(dict.fromkeys(self.planes)))[0]
        return torch.from_numpy(planes).to(next(self.network.parameters()).dtype)

    def describe(self, dataset: Dataset, item: int) -> tuple[str, Position]:
        """The file's name and the number of the move."""
        games, game, ply = dataset.games, int(dataset.game[item]), int(dataset.ply[item])  # type: ignore[attr-defined]
        return f"{games.name[game]}, move {ply + 1}", Position.of(games, game, ply)

    @cached_property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """0 and 1; -1 for the opponent's stones in ``difference``; constant planes stay as they are."""
        low = [{"ones": 1.0, "difference": -1.0}.get(group, 0.0) for group in self.planes]
        high = [float(group != "zeros") for group in self.planes]
        return torch.tensor(low)[:, None, None], torch.tensor(high)[:, None, None]

    def regions(self, example: Example) -> dict[str, Masks]:
        """Single stones."""
        stones = self.places(example)
        masks = torch.zeros(int(stones.sum()), *stones.shape, dtype=torch.bool)
        masks[:, stones] = torch.eye(len(masks), dtype=torch.bool)
        return {"stones": masks}

    def places(self, example: Example) -> Tensor:
        """Points with a stone."""
        return torch.from_numpy(example.source.stones != 0)

    def keep(self, example: Example, masks: Masks) -> Inputs:
        """The position with no stones but those of each mask."""
        return self._planes([example.source.kept(mask.numpy()) for mask in masks])

    def blank(self, example: Example) -> Input:
        """The empty board; for what no position stands behind, empty planes."""
        if example.source is not None:
            return self._planes([example.source.kept(np.zeros_like(example.source.stones, bool))])[0]
        return torch.zeros_like(example.x).clamp(*self.bounds)

    def nearest(self, x: Input) -> Example:
        """The training position whose planes differ least."""
        dataset = self.data.train_set
        apart = [
            (distance, item)
            for items, planes, _, _ in self.batches(dataset, SEARCHED)
            for distance, item in zip((planes - x).square().sum((1, 2, 3)).tolist(), items, strict=True)
        ]
        return self.example(dataset, int(min(apart)[1]))

    def show(self, axes: Axes, example: Example, heat: np.ndarray | None = None) -> None:
        """The board; of planes that are no position's, own stones in blue and the opponent's in red."""
        position, x = example.source, example.x
        if position is not None:
            draw_board(axes, position.stones, heat, last=position.last, chosen=position.played)
            return
        stones = x.mean(0)
        if "difference" in self.planes:
            stones = x[self.planes.index("difference")]
        if "stone colour" in self.planes:
            own = self.planes.index("stone colour")
            stones = x[own] - x[own + 1]
        draw_board(axes, np.zeros(stones.shape, np.int8), stones.numpy(), limit=1.0)

    def map_figure(
        self, example: Example, maps: dict[str, np.ndarray], target: Target, unit: str, scale: float = 1.0
    ) -> Figure:
        """The move that is explained is ringed, not the one that was played."""
        position = replace(example.source, played=target.unit if target.layer is None else None)
        return super().map_figure(replace(example, source=position), maps, target, unit, scale)

    def colours(self, values: np.ndarray) -> np.ndarray:
        """As on the board."""
        return heat_on_wood(values, 1.0)

    def show_filter(self, axes: Axes, weight: Tensor, layer: str) -> None:
        """All planes of a filter side by side, about white: blue above zero, orange below."""
        gap = weight.size(2) + 1
        apart = np.pad(weight.numpy(), ((0, 0), (0, 0), (0, 1)), constant_values=np.nan)
        draw_signed(axes, np.hstack(list(apart))[:, :-1], float(weight.abs().max()), aspect="auto")
        axes.set_xticks([gap * (n + 0.5) - 1 for n in range(len(weight))], self.plane_names, fontsize=9)
        axes.set(yticks=[])
        axes.tick_params(length=0, labelbottom=False)
        axes.spines[:].set_visible(False)

    def filter_figure(self, weight: Tensor, chosen: list[int], layer: str) -> Figure:
        """A line a filter, a column a plane."""
        tall = 2.3 + 0.45 * len(chosen)
        figure = Figure(figsize=(12, tall))
        room = {"left": 0.04, "right": 0.995, "top": 1 - 1.65 / tall, "bottom": 0.6 / tall}
        grid = figure.subplots(len(chosen), 1, squeeze=False, gridspec_kw={**room, "hspace": 0.25})[:, 0]
        for axes, number in zip(grid, chosen, strict=True):
            self.show_filter(axes, weight[number], layer)
            axes.set_ylabel(f"{number}", fontsize=9, rotation=0, ha="right", va="center")
        grid[0].tick_params(labeltop=True, labelrotation=90, pad=1)
        bar = figure.add_axes((0.04, 0.4 / tall, 0.3, 0.12 / tall))
        draw_bar(bar, RELEVANCE(np.linspace(0, 1, 256)), ("−1", "1"), self.filter_unit)
        return figure

    def plant(self, random: np.random.Generator) -> Planted:
        """A real board with four stones of the opponent around a point; the move there takes one of them.

        That one is in atari; the three others, the decoys, have a liberty more: the own stone behind each
        stands one point aside. Evidence and decoys are as close to the move.
        """
        dataset = self.data.val_set
        for _ in range(1000):
            position = self.example(dataset, int(random.integers(len(dataset)))).source
            empty = ~sliding_window_view(position.stones != 0, FLOWER.shape).any((2, 3))
            if not empty.any():
                continue
            row, column = random.choice(np.argwhere(empty))
            flips, turns, born = random.integers(2), int(random.integers(4)), position.born.copy()
            square = slice(row, row + len(FLOWER)), slice(column, column + len(FLOWER))
            born[square] = position.ply - 2 - random.integers(6, size=FLOWER.shape)
            taking = int((row + 2) * len(born) + column + 2)
            name, examples = f"atari, taken at {point_name(taking, len(born))}", []
            with suppress(ValueError):  # a real stone has lost its last liberty
                for kind in (FLOWER, WITHERED):
                    turned = np.rot90(kind[:, ::-1] if flips else kind, turns)
                    stones = position.stones.copy()
                    colours = [0, 1 + position.colour, 2 - position.colour]
                    stones[square] = np.choose(turned % 3, colours)
                    planted = replace(position, stones=stones, born=born, played=taking)
                    examples.append(self.on(planted, name, taking))
                    if kind is FLOWER:
                        evidence = torch.zeros(stones.shape, dtype=torch.bool)
                        evidence[square] = torch.from_numpy((turned >= 3).copy())
                return Planted(examples[0], examples[1], evidence, taking)
        raise ValueError("no empty square on a thousand boards")

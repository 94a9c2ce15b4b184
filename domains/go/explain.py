"""Explanations of a policy's predictions."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from domains.go.board import GROUPS, Position, first_planes, plane_groups, point_name, position_planes
from domains.go.drawing import draw_board
from domains.go.predict import labels_of, plies_of, read
from shared.explain import HEAD, Box, Example, InputAdapter, Masks, Planted, Target
from shared.files import where
from shared.results import ORANGE, RELEVANCE
from shared.training import Dataset

SEARCHED = 1000  # training positions among which the nearest one is sought
DRAWN = 8  # filters, of which each fills a line of planes


class GoDomain(InputAdapter):
    """Positions; a stone is taken away from the board, and all planes are computed anew."""

    filling = "an empty point, all planes recomputed"
    epsilon, epsilon_unit = 0.02, "of a plane's range, between positions that exist"
    cell = (3.1, 3.4)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of planes that the network reads."""
        return plane_groups(self.module.hparams["model"]["planes"])

    def read(self, source: Path | None, move: int | None = None) -> list[Example]:
        """The position before a move of each game of a path; None: before the last."""
        assert source is not None  # the command checks it
        games = read(source, int(self.module.hparams["extent"][0]))
        examples = []
        for game, label in enumerate(labels_of(games)):
            ply = int(plies_of(games, game, move, where(source, label))[-1])
            examples.append(self.on(Position.of(games, game, ply), f"{label}, move {ply + 1}"))
        return examples

    def on(self, position: Position, named: str, label: int | None = None) -> Example:
        """A position as an input."""
        return Example(self._planes([position])[0], named, label, position)

    def _planes(self, positions: Sequence[Position]) -> Float[Tensor, "n planes a1 a2"]:
        weight = next(self.module.network.parameters())
        return torch.from_numpy(position_planes(positions, self.groups)[0]).to(weight.dtype)

    def describe(self, dataset: Dataset, item: int) -> tuple[str, Position]:
        """The file's name and the number of the move."""
        games, game, ply = dataset.games, int(dataset.game[item]), int(dataset.ply[item])  # type: ignore[attr-defined]
        return f"{games.name[game]}, move {ply + 1}", Position.of(games, game, ply)

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """0 and 1; -1 for the opponent's stones in ``difference``; constant planes stay as they are."""
        count = sum(GROUPS[name] for name in self.groups)
        low, high = torch.zeros(count, 1, 1), torch.ones(count, 1, 1)
        first = dict(zip(GROUPS, first_planes(self.groups), strict=True))
        for constant, value in (("ones", 1.0), ("zeros", 0.0)):
            if constant in self.groups:
                low[first[constant]] = high[first[constant]] = value
        if "difference" in self.groups:
            low[first["difference"]] = -1.0
        return low, high

    def regions(self, example: Example) -> dict[str, Masks]:
        """Single stones."""
        stones = self.places(example)
        masks = torch.zeros(int(stones.sum()), *stones.shape, dtype=torch.bool)
        masks[:, stones] = torch.eye(len(masks), dtype=torch.bool)
        return {"stones": masks}

    def places(self, example: Example) -> Tensor:
        """Points with a stone."""
        return torch.from_numpy(example.source.stones != 0)

    def keep(self, example: Example, masks: Masks) -> Float[Tensor, "n planes a1 a2"]:
        """The position with no stones but those of each mask."""
        return self._planes([example.source.kept(mask.numpy()) for mask in masks])

    def blank(self, example: Example) -> Float[Tensor, "planes a1 a2"]:
        """The empty board; for what no position stands behind, empty planes."""
        if example.source is not None:
            return self._planes([example.source.kept(np.zeros_like(example.source.stones, bool))])[0]
        low, high = self.bounds
        return torch.zeros_like(example.x).clamp(low.to(example.x), high.to(example.x))

    def nearest(self, x: Float[Tensor, "planes a1 a2"]) -> Example:
        """The training position whose planes differ least."""
        dataset = self.data.train_set
        least, item = torch.inf, 0
        for items, planes, _, _ in self.batches(dataset, self.items(dataset, SEARCHED)):
            apart = (planes - x).square().sum((1, 2, 3))
            if float(apart.min()) < least:
                least, item = float(apart.min()), int(items[int(apart.argmin())])
        return self.example(dataset, item)

    def show(
        self, axes: Axes, example: Example, heat: np.ndarray | None = None, box: Box | None = None
    ) -> None:
        """The board; of planes that are no position's, own stones in blue and the opponent's in red."""
        position: Position | None = example.source
        if position is None:
            draw_board(axes, np.zeros(example.x.shape[1:], np.int8), self._stones(example.x), limit=1.0)
        else:
            draw_board(axes, position.stones, heat, last=position.last, chosen=position.played)
        if box is not None:
            rows, columns = box
            corner = (columns.start - 0.5, rows.start - 0.5)
            axes.add_patch(
                Rectangle(
                    corner, len(columns), len(rows), fill=False, edgecolor=ORANGE, linewidth=2, zorder=7
                )
            )

    def map_figure(self, example: Example, heat: np.ndarray, target: Target) -> Figure:
        """The move that is explained is ringed, not the one that was played."""
        chosen = target.unit if target.layer is None else None
        return super().map_figure(
            replace(example, source=replace(example.source, played=chosen)), heat, target
        )

    def _stones(self, x: Float[Tensor, "planes a1 a2"]) -> np.ndarray:
        first = dict(zip(GROUPS, first_planes(self.groups), strict=True))
        if "stone colour" in self.groups:
            own = first["stone colour"]
            return (x[own] - x[own + 1]).numpy()
        return (x[first["difference"]] if "difference" in self.groups else x.mean(0)).numpy()

    def show_filter(self, axes: Axes, weight: Tensor, layer: str) -> None:
        """All planes of a filter side by side, about white: blue above zero, orange below."""
        gap = weight.size(2) + 1
        strip = np.full((weight.size(1), gap * len(weight) - 1), np.nan)
        for plane, each in enumerate(weight.numpy()):
            strip[:, gap * plane : gap * plane + gap - 1] = each
        most = float(weight.abs().max()) or 1.0
        axes.imshow(strip, cmap=RELEVANCE, vmin=-most, vmax=most, interpolation="nearest", aspect="auto")
        axes.set(yticks=[])
        axes.set_xticks([gap * (n + 0.5) - 1 for n in range(len(weight))], self._plane_words(), fontsize=6)
        axes.tick_params(length=0, labelbottom=False)
        axes.spines[:].set_visible(False)

    def _plane_words(self) -> list[str]:
        """A short name of each plane."""
        words = []
        for group in self.groups:
            count = GROUPS[group]
            if group == "stone colour":
                words += ["own", "opp.", "empty"]
            else:
                words += [f"{group} {n + 1}" for n in range(count)] if count > 1 else [group]
        return words

    def filter_figure(
        self, weight: Float[Tensor, "filters planes k1 k2"], chosen: list[int], layer: str
    ) -> Figure:
        """A line a filter, a column a plane."""
        chosen = chosen[:DRAWN]
        tall = HEAD + 1.1 + 0.45 * len(chosen)
        figure = Figure(figsize=(12, tall), dpi=130)
        room = {"left": 0.04, "right": 0.995, "top": 1 - (HEAD + 1.0) / tall, "bottom": 0.05 / tall}
        grid = figure.subplots(len(chosen), 1, squeeze=False, gridspec_kw={**room, "hspace": 0.25})[:, 0]
        for axes, number in zip(grid, chosen, strict=True):
            self.show_filter(axes, weight[number], layer)
            axes.set_ylabel(f"{number}", fontsize=8, rotation=0, ha="right", va="center")
        grid[0].tick_params(labeltop=True, labelrotation=90, pad=1)
        return figure

    def plant(self, random: np.random.Generator) -> Planted:
        """A stone in atari on a real board, with three stones around it; the move that takes it."""
        dataset = self.data.val_set
        for _ in range(1000):
            position = self.example(dataset, int(random.integers(len(dataset)))).source
            size = len(position.stones)
            row, column = random.integers(2, size - 2, 2)
            around = position.stones[row - 2 : row + 3, column - 2 : column + 3]
            if around.any():
                continue
            stones, born = position.stones.copy(), position.born.copy()
            sides = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
            way_out = sides.pop(int(random.integers(4)))
            for point in [(row, column), *sides]:
                stones[point] = 1 + position.colour
                born[point] = position.ply - 2 - int(random.integers(6))
            stones[row, column] = 2 - position.colour
            evidence = torch.zeros(size, size, dtype=torch.bool)
            for r, c in [(row, column), *sides]:
                evidence[r, c] = True
            taking = int(way_out[0] * size + way_out[1])
            planted = replace(position, stones=stones, born=born, played=taking)
            return Planted(
                self.on(planted, f"atari, taken at {point_name(taking, size)}", taking), evidence, taking
            )
        raise ValueError("no room for an atari on a thousand boards")

"""The policy network: a position in, the probability of every point of the board out."""

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from domains.go.board import GROUPS, plane_groups, point_names
from domains.go.engine import ensemble, groups_of, resized
from shared.errors import UserError
from shared.network import with_weights
from shared.results import Score, score
from shared.training import Batch, Classifier

PHASES = {"1–60": (0, 60), "61–150": (60, 150), "151–": (150, 10_000)}  # numbers of moves, counted from 1


class GoPolicy(Classifier):
    """Predicts the move that a strong player makes (Silver et al. 2016, Methods)."""

    domain = "go"

    def __init__(self, **settings: Any):
        groups_of(settings)
        super().__init__(**settings)

    def on(self, size: int) -> "GoPolicy":
        """This network on a board of another size, as the engine plays there.

        Raises:
            UserError: its layers do not fit that size.
        """
        trained, board = tuple(self.hparams["extent"]), (size, size)
        if board == trained:
            return self
        settings = {**self.hparams, "extent": board, "classes": point_names(size)}
        settings["preprocessing"] = self.preprocessing
        module = with_weights(lambda: GoPolicy(**settings), resized(self.state_dict(), trained, board))
        module.views, module.record = self.views, self.record
        return module.eval()

    def on_boards(self, sizes: Iterable[int]) -> "dict[int, GoPolicy]":
        """This network on its own board, and on those of ``sizes`` that its layers fit, by size."""
        boards = {int(self.hparams["extent"][0]): self}
        for size in sizes:
            with suppress(UserError):
                boards[size] = self.on(size)
        return boards

    def preprocess(self, batch: Batch) -> tuple[Float[Tensor, "n planes size size"], None]:
        """Unpacks the bits of a batch that trains, on the device."""
        x = batch["x"]
        if x.dtype == torch.uint8:
            places = torch.arange(7, -1, -1, dtype=torch.uint8, device=x.device)
            shape = self.hparams["planes"], *self.hparams["extent"]
            bits = (x[:, :, None] >> places & 1).flatten(1)  # the last byte may have some too many
            x = bits[:, : math.prod(shape)].unflatten(1, shape)
        return x.to(self.dtype), None

    def logits(self, batch: Batch) -> Float[Tensor, "n classes"]:
        """With eight ``views``, the mean of the probabilities over the board's symmetries."""
        logits = super().logits
        return logits(batch) if self.views == 1 else ensemble(lambda x: logits({"x": x}), batch["x"])

    def properties(self, batch: Batch) -> dict[str, Float[Tensor, " n"]]:
        """The number of stones on the board, where the planes show it."""
        groups = plane_groups(self.hparams["model"]["planes"])
        if "stone colour" not in groups:
            return {}
        first = sum(GROUPS[name] for name in groups[: groups.index("stone colour")])
        return {"stones": batch["x"][:, first : first + 2].float().sum((1, 2, 3))}

    def made_batch(self, n: int, cells: int) -> Batch:
        """Planes of zeros and ones."""
        shape = (n, self.hparams["planes"], *self.hparams["extent"])
        return {"x": torch.randint(2, shape, generator=torch.Generator().manual_seed(n), dtype=torch.int8)}

    def contract(self) -> dict[str, Any]:
        """The planes in their order."""
        groups = groups_of({name: self.hparams[name] for name in ("model", "planes", "extent", "classes")})
        return {
            "x": "planes of a position, seen by the colour to play, in this order, which "
            "domains/go/board/planes.py defines; lines from the top, columns from the left",
            "planes": {name: GROUPS[name] for name in groups},
        }

    def test_columns(self, batch: Batch, logits: Float[Tensor, "n classes"]) -> dict[str, Tensor]:
        """Adds the number of the move and the probability that falls on illegal points."""
        illegal = (logits.softmax(1) * ~batch["legal"]).sum(1)
        return super().test_columns(batch, logits) | {"ply": batch["ply"], "illegal": illegal}

    def scores(self, columns: Mapping[str, np.ndarray], groups: np.ndarray) -> list[Score]:
        """Adds accuracy by phase of the game, and the mean probability on illegal points."""
        scores = super().scores(columns, groups)
        hit, ply = columns["label_rank"] == 0, columns["ply"]
        for phase, (first, end) in PHASES.items():
            within = (ply >= first) & (ply < end)
            scores.append(score(f"test/acc moves {phase}", hit[within], groups[within]))
        return [*scores, score("test/illegal", columns["illegal"], groups)]

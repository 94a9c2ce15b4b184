"""A trained policy network alone, applied to one position after the other.

Lightning's module around it takes seconds to import: who plays does without.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from domains.go.board import GROUPS, LARGEST, SMALLEST, plane_groups, point_names, symmetries
from shared.config import check_known
from shared.errors import UserError, named, require_int
from shared.network import Network, build_network, with_weights
from shared.runs import Run

PASSES = 0.25  # seconds of a move's passes, where the number of symmetries is not given


def ensemble(
    network: Callable[[Tensor], Tensor], x: Float[Tensor, "n planes size size"], count: int = 8
) -> Float[Tensor, "n points"]:
    """Logits whose softmax is the mean of the network's probabilities over the board's first N symmetries.

    See Silver et al. 2016, Methods, "Symmetries".
    """
    n, planes, size, _ = x.shape
    to = torch.from_numpy(symmetries(size)[:count, :-1]).to(x.device)  # (count, points)
    back = to.argsort(1)
    forms = x.flatten(2)[:, :, back].transpose(1, 2)  # (n, count, planes, points)
    logits = network(forms.reshape(count * n, planes, size, size)).view(n, count, -1)
    return logits.log_softmax(2).gather(2, to.expand(n, count, -1)).logsumexp(1)


class Settings(TypedDict):
    """The hyperparameters of a network that describe positions."""

    model: dict[str, Any]
    planes: int
    extent: tuple[int, int]
    classes: list[str]


def groups_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The groups of planes that a network with these hyperparameters reads.

    Raises:
        UserError: The settings are not those of a network on positions.
    """
    check_known(settings, Settings, "hyper_parameters")
    groups = plane_groups(settings["model"].get("planes"))
    planes, (rows, columns) = sum(GROUPS[name] for name in groups), settings["extent"]
    if not 1 <= rows == columns <= LARGEST:
        raise UserError(f"extent: must be that of a square board of at most {LARGEST}, got {rows}×{columns}")
    if planes != settings["planes"]:
        raise UserError(f"planes: must be {planes}, those of model.planes, got {settings['planes']}")
    if settings["classes"] != point_names(rows):
        raise UserError(f"classes: must be the {rows * columns} points of the board")
    return groups


class Policy:
    """A network with the groups of planes that it reads, on a board of one size.

    Args:
        network: from planes (n, planes, size, size) to logits (n, points).
        groups: of planes that it reads.
        symmetries: of the board to average over, 1 to 8; None: as many as PASSES has time for, timed now.
        run: where its weights are from, for boards of other sizes.

    Raises:
        UserError: ``symmetries`` is another number.
    """

    def __init__(
        self, network: Network, groups: tuple[str, ...], symmetries: int | None, run: Run | None = None
    ):
        self.network, self.groups, self.run = network.eval(), groups, run
        self.size = int(network.input_shape.axes[0].size or 0)
        self.symmetries = self._affordable() if symmetries is None else symmetries
        require_int("symmetries", self.symmetries, 1, 8)

    def _affordable(self) -> int:
        x = torch.zeros(1, *(self.network.input_shape.channels, self.size, self.size))
        times = []
        for _ in range(3):  # the first takes longer
            start = time.perf_counter()
            with torch.inference_mode():
                self.network(x)
            times.append(time.perf_counter() - start)
        return int(min(max(PASSES / min(times), 1), 8))

    @classmethod
    def load(cls, run: Run, symmetries: int | None, size: int | None = None) -> "Policy":
        """The policy of a run, as it was best on validation, on a board of ``size``; None: as it was trained.

        Weights are the same on every board; a bias for each point is interpolated.

        Raises:
            UserError: the run is none of Go, its checkpoint cannot be used, or the size does not fit.
        """
        if (domain := run.config.domain.name) != "go":
            raise UserError(f"{run.folder}: must be a run of the domain go, got one of {domain}")
        contents = run.checkpoint("best")
        settings, weights = contents["hyper_parameters"], contents["state_dict"]
        with named(run.checkpoint_file("best")):
            groups, layers, trained = groups_of(settings), settings["model"].get("layers"), settings["extent"]
            rows = columns = trained[0] if size is None else size
            own = {name.removeprefix("network."): weight for name, weight in weights.items()}
            network = with_weights(
                lambda: build_network(layers, settings["planes"], (rows, columns), rows * columns),
                resized(own, tuple(trained), (rows, columns)),
            )
        return cls(network, groups, symmetries, run)

    def on(self, size: int) -> "Policy":
        """The policy on a board of another size.

        Raises:
            UserError: its layers do not fit that size.
        """
        require_int("boardsize", size, SMALLEST, LARGEST)
        if size == self.size:
            return self
        assert self.run is not None
        return Policy.load(self.run, self.symmetries, size)

    def __call__(self, planes: Tensor) -> Float[Tensor, "n points"]:
        """Logits of planes (n, planes, size, size), averaged over the symmetries."""
        x = planes.float()
        with torch.inference_mode():
            return self.network(x) if self.symmetries == 1 else ensemble(self.network, x, self.symmetries)


def resized(
    weights: Mapping[str, Tensor], trained: tuple[int, ...], size: tuple[int, int]
) -> dict[str, Tensor]:
    """The weights of a network on another board: one bias (filters, rows, columns) is interpolated."""
    if trained == size:
        return dict(weights)
    return {
        name: F.interpolate(weight[None].float(), size, mode="bilinear", align_corners=True)[0]
        if weight.dim() == 3 and weight.shape[1:] == trained
        else weight
        for name, weight in weights.items()
    }

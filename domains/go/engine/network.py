"""A trained policy network alone, applied to one position after the other.

Lightning's module around it takes seconds to import: who plays does without.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

import torch
from jaxtyping import Float
from torch import Tensor

from domains.go.board import GROUPS, LARGEST, plane_groups, point_names, symmetries
from shared.config import check_known
from shared.errors import UserError, named, require_choice
from shared.network import Network, build_network, with_weights
from shared.runs import Run


def ensemble(
    network: Callable[[Tensor], Tensor], x: Float[Tensor, "n planes size size"]
) -> Float[Tensor, "n points"]:
    """Logits whose softmax is the mean of the network's probabilities over the board's eight symmetries.

    See Silver et al. 2016, Methods, "Symmetries".
    """
    n, planes, size, _ = x.shape
    to = torch.from_numpy(symmetries(size)[:, :-1]).to(x.device)  # (8, points)
    back = to.argsort(1)
    forms = x.flatten(2)[:, :, back].transpose(1, 2)  # (n, 8, planes, points)
    logits = network(forms.reshape(8 * n, planes, size, size)).view(n, 8, -1)
    return logits.log_softmax(2).gather(2, to.expand(n, 8, -1)).logsumexp(1)


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
    """A network with the groups of planes that it reads, on boards of one size.

    Args:
        network: from planes (n, planes, size, size) to logits (n, points).
        groups: of planes that it reads.
        symmetries: 1, or 8 to average over all symmetries of the board.

    Raises:
        UserError: ``symmetries`` is another number.
    """

    def __init__(self, network: Network, groups: tuple[str, ...], symmetries: int):
        require_choice("symmetries", symmetries, (1, 8))
        self.network, self.groups, self.symmetries = network.eval(), groups, symmetries
        self.size = int(network.input_shape.axes[0].size or 0)

    @classmethod
    def load(cls, run: Run, symmetries: int) -> "Policy":
        """The policy of a run, as it was best on validation.

        Raises:
            UserError: the run is none of Go, or its checkpoint cannot be used.
        """
        if (domain := run.config.domain.name) != "go":
            raise UserError(f"{run.folder}: must be a run of the domain go, got one of {domain}")
        contents = run.checkpoint("best")
        settings, weights = contents["hyper_parameters"], contents["state_dict"]
        with named(run.checkpoint_file("best")):
            groups, (rows, columns) = groups_of(settings), settings["extent"]
            layers = settings["model"].get("layers")
            network = with_weights(
                lambda: build_network(layers, settings["planes"], (rows, columns), len(settings["classes"])),
                {name.removeprefix("network."): weight for name, weight in weights.items()},
            )
        return cls(network, groups, symmetries)

    def __call__(self, planes: Tensor) -> Float[Tensor, "n points"]:
        """Logits of planes (n, planes, size, size), averaged over the symmetries if ``symmetries`` is 8."""
        x = planes.float()
        with torch.inference_mode():
            return ensemble(self.network, x) if self.symmetries == 8 else self.network(x)

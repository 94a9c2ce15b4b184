"""A trained policy network alone, asked for one position after the other.

Lightning's module around it takes seconds to import: who plays does without.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from domains.go.planes import plane_groups, symmetries
from shared.errors import UserError
from shared.network import Network, build_network
from shared.run import Run


def ensemble(
    network: Callable[[Tensor], Tensor], x: Float[Tensor, "n planes size size"]
) -> Float[Tensor, "n points"]:
    """Logits whose softmax is the mean of the network's probabilities over the board's eight symmetries.

    Each position is shown to the network turned and mirrored, and its answers are turned back before they are
    averaged (Silver et al. 2016, Methods, "Symmetries").
    """
    n, planes, size, _ = x.shape
    to = torch.from_numpy(symmetries(size)).to(x.device)  # (8, points): where each symmetry takes each point
    back = to.argsort(1)
    forms = x.flatten(2)[:, :, back].transpose(1, 2)  # (n, 8, planes, points)
    answers = network(forms.reshape(8 * n, planes, size, size)).view(n, 8, -1)
    return answers.log_softmax(2).gather(2, to.expand(n, 8, -1)).logsumexp(1)


class Policy:
    """A network with what it has to know of positions.

    Args:
        network: from planes (n, planes, size, size) to logits (n, points).
        groups: of planes that it reads.
        symmetries: 1, or 8 to average over all symmetries of the board.

    Raises:
        UserError: ``symmetries`` is another number.

    Attributes:
        size: of the board that it plays on.
    """

    def __init__(self, network: Network, groups: tuple[str, ...], symmetries: int):
        if symmetries not in (1, 8):
            raise UserError(f"symmetries={symmetries}: give 1, or 8 for the mean over all")
        self.network, self.groups, self.symmetries = network.eval(), groups, symmetries
        self.size = int(network.input_shape.axes[0].extent or 0)

    @classmethod
    def load(cls, run: Run, symmetries: int) -> "Policy":
        """The policy of a run, as it was best on validation.

        Raises:
            UserError: the run is none of Go, or its checkpoint cannot be used.
        """
        contents = run.checkpoint("best")
        if contents["domain"] != "go":
            raise UserError(f"{run.folder}: a run of domain {contents['domain']!r}; give one of Go")
        settings, weights = contents["hyper_parameters"], contents["state_dict"]
        extent = tuple(settings["extent"])
        network = build_network(
            settings["model"]["layers"], settings["planes"], extent, len(settings["classes"])
        )
        try:
            network.load_state_dict({name.removeprefix("network."): weights[name] for name in weights})
        except RuntimeError as error:
            raise UserError(f"{run.folder}: its weights do not fit its own network: {error}") from error
        return cls(network, plane_groups(settings["model"]["planes"]), symmetries)

    def __call__(self, planes: Tensor) -> Float[Tensor, "n points"]:
        """Logits of planes (n, planes, size, size), averaged over the symmetries where that is wanted."""
        x = planes.float()
        with torch.inference_mode():
            return ensemble(self.network, x) if self.symmetries == 8 else self.network(x)

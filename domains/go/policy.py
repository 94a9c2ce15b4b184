"""A trained policy network alone, asked for one position after the other.

Lightning's module around it takes seconds to import: who plays does without.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from domains.go.planes import plane_groups, symmetries
from shared.errors import UserError
from shared.network import build_network
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
        run: whose checkpoint is loaded, best on validation.
        symmetries: 1, or 8 to average over all symmetries of the board.

    Raises:
        UserError: the run is none of Go, its checkpoint cannot be used, or ``symmetries`` is another number.

    Attributes:
        size: of the board that it plays on.
        groups: of planes that the network reads.
        network: from planes (n, planes, size, size) to logits (n, points).
    """

    def __init__(self, run: Run, symmetries: int):
        if symmetries not in (1, 8):
            raise UserError(f"symmetries={symmetries}: give 1, or 8 for the average over all")
        contents = run.checkpoint("best")
        if contents["domain"] != "go":
            raise UserError(f"{run.folder}: a run of domain {contents['domain']!r}; give one of Go")
        settings = contents["hyper_parameters"]
        self.size = int(settings["extent"][0])
        self.groups = plane_groups(settings["model"]["planes"])
        self.network = build_network(
            settings["model"]["layers"], settings["planes"], (self.size, self.size), self.size**2
        )
        weights = contents["state_dict"]
        try:
            self.network.load_state_dict({name.removeprefix("network."): weights[name] for name in weights})
        except RuntimeError as error:
            raise UserError(f"{run.folder}: its weights do not fit its own network: {error}") from error
        self.network.eval()
        self.symmetries = symmetries

    def __call__(self, planes: Tensor) -> Float[Tensor, "n points"]:
        """Logits of planes (n, planes, size, size), averaged over the symmetries where that is wanted."""
        x = planes.float()
        with torch.inference_mode():
            return ensemble(self.network, x) if self.symmetries == 8 else self.network(x)

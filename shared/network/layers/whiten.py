"""Whitening: fixed first filters, made from the training data before training begins."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from shared.config import Count
from shared.network.layers.base import Lengths, Maps
from shared.network.layers.sliding import Sliding
from shared.network.shape import Shape

# Added to each variance of inputs about 1 in size, so that noise stays small: half of the components of JPEG
# pictures vary by less.
FLOOR = 1e-2


class Whiten(Sliding, name="whiten"):
    """Principal components of patches at every place, scaled to variance 1, and their negatives; then ReLU.

    Neighbouring cells of natural inputs are nearly alike, and what learns from them has to take them apart
    first. These filters do: their outputs are uncorrelated, and of variance 1 where the inputs vary at all
    (Krizhevsky 2009, appendix A; as a network's first layer, Page 2019 and Jordan 2024, section 3.2). They
    are fitted once and not trained: no parameters, and they travel in the checkpoint.
    """

    varies = False
    main = "kernel"
    fitted = True

    weight: Tensor  # (2 channels kernel², channels, kernel, kernel)

    def __init__(self, shape: Shape, *, kernel: Count):
        cells = shape.channels * kernel**2
        super().__init__(shape, 2 * cells, (kernel, kernel), (1, 1))
        self.register_buffer("weight", torch.empty(2 * cells, shape.channels, kernel, kernel))
        self._set(torch.eye(cells))

    def _set(self, components: Float[Tensor, "cells cells"]) -> None:
        half = components.view(len(components), *self.weight.shape[1:])
        self.weight.copy_(torch.cat([half, -half]))

    def fit(self, x: Maps) -> None:
        """Make the filters from training inputs: eigenvectors of their patches' moments, largest first."""
        side = self.weight.size(2)
        patches = x.float().unfold(2, side, 1).unfold(3, side, 1).permute(0, 2, 3, 1, 4, 5).flatten(0, 2)
        patches = patches.flatten(1)
        variance, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
        self._set((vectors / (variance + FLOOR).sqrt()).T.flip(0))

    def filters(self, shape: Shape) -> Float[Tensor, "filters channels k1 k2"]:
        return self.weight

    def forward(self, x: Maps, lengths: Lengths = None) -> Float[Tensor, "n more b1 b2"]:
        """The patches' components that are positive, and the amounts by which the others are negative."""
        return F.relu(F.conv2d(x, self.weight))

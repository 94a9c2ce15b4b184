"""Adversarial sentences: words are replaced until the prediction changes."""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from domains.text.reading import Vocabulary
from shared.training import Classifier

TRIED = 64  # substitutions, the best by the gradient, that the network evaluates


def substituted(
    module: Classifier,
    x: Float[Tensor, "channels positions embedding"],
    vectors: Float[Tensor, "tokens channels embedding"],
    kind: str,
    count: int,
    seed: int,
) -> tuple[list[int], list[int]]:
    """Positions and the numbers of the ``count`` words put there, each position once.

    Args:
        module: a trained ``TextClassifier``, whose prediction is to change.
        x: the sentence's vectors.
        vectors: of the vocabulary.
        kind: ``FGSM`` takes the largest gain by the gradient (Ebrahimi et al. 2018, section 3); ``PGD``
            lets the network evaluate the best of these, one word after the other; ``random`` draws.
        count: words.
        seed: of what is drawn.
    """
    special = len(Vocabulary.SPECIAL)
    if kind == "random":
        random = np.random.default_rng(seed)
        drawn = random.choice(x.size(1), count, replace=False)
        return drawn.tolist(), random.integers(special, len(vectors), count).tolist()
    with torch.no_grad():
        label = module.network(x[None]).argmax(1)

    def gains_of(x: Tensor) -> Float[Tensor, "positions tokens"]:
        """How much each substitution would add to the loss, were the network linear."""
        x = x[None].detach().requires_grad_()
        slope = torch.autograd.grad(F.cross_entropy(module.network(x), label), x)[0][0]
        gain = torch.einsum("cpe,vce->pv", slope, vectors) - (slope * x[0].detach()).sum((0, 2))[:, None]
        gain[:, :special] = -torch.inf
        return gain

    places: list[int] = []
    tokens: list[int] = []
    gains = gains_of(x)
    for _ in range(count):
        gains[places] = -torch.inf
        tried = gains.flatten().topk(1 if kind == "FGSM" else min(TRIED, gains.numel())).indices
        rows, ids = tried // len(vectors), tried % len(vectors)
        changed = x.repeat(len(tried), 1, 1, 1)
        changed[torch.arange(len(tried)), :, rows] = vectors[ids]
        with torch.no_grad():
            loss = F.cross_entropy(module.network(changed), label.expand(len(tried)), reduction="none")
        best = int(loss.argmax())
        places.append(int(rows[best]))
        tokens.append(int(ids[best]))
        x = changed[best]
        if kind == "PGD":
            gains = gains_of(x)
    return places, tokens

"""Occlusion: what the target's score loses when a region is taken away."""

import torch

from shared.config import progress
from shared.errors import UserError, require_choice
from shared.explain import Example, Explanation, InputAdapter, Method, Target

BATCH = 64  # inputs in one pass: memory stays bounded


@Method(
    "Occlusion",
    "map",
    "Blue places support {target}: without them its score falls, without orange or red ones it rises.",
    "The score of {target} is {value}; without the region that matters most it is {baseline} "
    "(before softmax).",
    unit="fall of the score without it",
)
@torch.no_grad()
def occlusion(
    adapter: InputAdapter, example: Example, target: Target, regions: str | None = None
) -> Explanation:
    """How far the score falls for each region (Zeiler & Fergus 2014, section 4.2).

    The regions are of a kind that the adapter has. A place has the mean of those that cover it.
    """
    kinds = adapter.regions(example)
    kind = regions or next(iter(kinds))
    require_choice("regions", kind, kinds)
    masks = kinds[kind]
    if not len(masks):
        raise UserError(f"occlusion: must have {kind} to take away, got none; leave it out")
    parts = progress(masks.split(BATCH), "occluding", disable=len(masks) < 4 * BATCH)
    scores = [target.score(adapter.network, adapter.keep(example, ~part)) for part in parts]
    value = target.score(adapter.network, example.x[None])
    falls = value - torch.cat(scores)
    total = torch.einsum("r,rij->ij", falls, masks.to(falls))
    covered = masks.sum(0)
    relevance = torch.where(covered > 0, total / covered.clamp(min=1), 0.0)
    meta = {"filled in": adapter.filling, "regions": f"{len(masks)} {kind}"}
    return Explanation(relevance[None], float(value), float(value - falls.max()), meta)

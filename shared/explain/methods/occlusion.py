"""Occlusion: what the target's score loses when a region is taken away."""

import torch

from shared.config import progress
from shared.errors import UserError, nearest
from shared.explain.adapter import InputAdapter, Masks
from shared.explain.explanation import Example, Explanation
from shared.explain.method import method
from shared.explain.units import Target
from shared.training import Classifier

BATCH = 64  # inputs in one pass: memory stays bounded


@method("Occlusion", "map", faithful=True)
def occlusion(
    model: Classifier, example: Example, target: Target, adapter: InputAdapter, regions: str | None = None
) -> Explanation:
    """How far the score falls for each region (Zeiler & Fergus 2014, section 4.2).

    Of regions that overlap, a place has the mean of those that cover it.

    Options:
        regions: the kind of regions, of those that the adapter has; None: its usual one.

    Raises:
        UserError: there is no such kind.
    """
    kinds = adapter.regions(example)
    kind = regions or next(iter(kinds))
    if kind not in kinds:
        raise UserError(f"regions: must be a kind of regions, got {kind}; {nearest(kind, list(kinds))}")
    masks = kinds[kind]
    with torch.no_grad():
        value = float(target.score(model.network, example.x[None]))
        falls = value - covered_scores(model, example, target, adapter, masks)
    covered = masks.sum(0)
    total = torch.einsum("r,rij->ij", falls.to(example.x), masks.to(example.x))
    relevance = torch.where(covered > 0, total / covered.clamp(min=1), 0.0)
    meta = {"filled in": adapter.filling, "regions": f"{len(masks)} {kind}"}
    return Explanation(relevance[None], value, float(value - falls.max()), meta)


@torch.no_grad()
def covered_scores(
    model: Classifier, example: Example, target: Target, adapter: InputAdapter, masks: Masks
) -> torch.Tensor:
    """(R,) the target's score with each mask's places taken away."""
    parts = masks.split(BATCH)
    shown = progress(parts, "occluding", disable=len(parts) < 4)
    return torch.cat([target.score(model.network, adapter.keep(example, ~part)) for part in shown])

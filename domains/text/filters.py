"""The tokens that a classifier's filters picked in a sentence: those at the maximum of each filter."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from domains.text.module import TextClassifier
from shared.network import Layer, Shape, clear
from shared.training import Batch


class Pick(NamedTuple):
    """The tokens that one filter picked in one sentence, and their effect on the prediction."""

    filter: str  # the layer's name and the filter's number in it, from 0
    first: int  # the tokens first … end - 1
    end: int
    weight: float  # its part of the likeliest class's lead over the next; negative if it opposes it


def read(module: TextClassifier, batch: Batch) -> list[list[Pick]]:
    """For each sentence its filters' picks, the strongest first.

    A pick's weight is the filter's maximum times the gradient of the lead (of the logits) by it: exactly its
    part where a linear layer follows. Filters are read that end in a maximum over all positions; a network
    without one, such as a mean of word vectors, picks nothing.
    """
    pooled: list[tuple[str, Shape, Tensor, Tensor, Tensor]] = []
    made: dict[Tensor, tuple[str, Shape]] = {}
    names = {layer: name for name, layer in module.network.named_modules() if isinstance(layer, Layer)}

    def note(layer: nn.Module, given: tuple, output: Tensor) -> None:
        assert isinstance(layer, Layer)
        if layer.pools in ("max", "both") and output.shape[2:] == (1, 1):
            maps, of = given
            if maps in made and made[maps][1].varying == 0:
                pooled.append((*made[maps], maps, of, output))
        made[output] = names[layer], layer.shape

    hooks = [layer.register_forward_hook(note) for layer in names]
    try:
        logits = module.logits(batch)
    finally:
        for hook in hooks:
            hook.remove()
    best = logits.topk(2, 1).values
    lead, outputs = (best[:, 0] - best[:, 1]).sum(), [output for *_, output in pooled]
    gradients = torch.autograd.grad(lead, outputs) if outputs else ()
    picks: list[list[Pick]] = [[] for _ in batch["x"]]
    for (name, shape, maps, of, output), gradient in zip(pooled, gradients, strict=True):
        _, filters, _, columns = maps.shape
        place = clear(maps.detach(), of, 0, 1, -torch.inf).flatten(2).argmax(2) // columns  # (n, filters)
        weight = (output * gradient).detach()[:, :filters, 0, 0]
        for n, number in weight.nonzero().tolist():
            rows, _ = shape.sees((int(place[n, number]), 0), (int(batch["lengths"][n]), columns))
            picks[n].append(Pick(f"{name}[{number}]", rows.start, rows.stop, float(weight[n, number])))
    for sentence in picks:
        sentence.sort(key=lambda pick: -pick.weight)
    return picks

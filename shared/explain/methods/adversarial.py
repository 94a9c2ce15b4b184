"""Adversarial inputs: changes within ε that change the prediction, and a random change of the same size."""

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from shared.explain.adapter import InputAdapter, Inputs
from shared.explain.explanation import Example, Explanation, Shown
from shared.explain.method import method
from shared.explain.units import Target
from shared.network import Network
from shared.results import percent
from shared.training import Classifier

STEPS = 20  # of projected gradient descent
KINDS = {"FGSM": "gradient sign", "PGD": "projected gradient descent", "random": "random signs"}


@method(
    "A small change that changes the prediction",
    "input",
    reading="small changes turn the prediction, random ones of the same size do not",
)
def adversarial(
    model: Classifier,
    example: Example,
    target: Target,
    adapter: InputAdapter,
    epsilon: float | None = None,
    seed: int = 0,
) -> Explanation:
    """The input changed by at most ε a value, so that the network gives up a class.

    By the gradient's sign (FGSM, Goodfellow et al. 2015, section 4), by projected gradient descent (PGD,
    Madry et al. 2018, section 2.1), and by random signs, which ought not to matter. Nothing leaves the
    adapter's range. ``value`` is the class's probability after PGD, ``baseline`` before.

    The target is the class that is to be given up.

    Options:
        epsilon: in the adapter's own unit; None: its usual one.
        seed: of random signs, and of PGD's start.
    """
    size = adapter.epsilon if epsilon is None else epsilon
    made = {kind: attacked(model, example, target, adapter, kind, size, seed) for kind in KINDS}
    with torch.no_grad():
        before = model.network(example.x[None]).softmax(1)[0]
        after = {kind: model.network(each.x[None]).softmax(1)[0] for kind, each in made.items()}
    shown = [Shown(example, _words("as it is", model, before, target))]
    shown += [Shown(each, _words(kind, model, after[kind], target)) for kind, each in made.items()]
    meta = {"epsilon": f"{size:g} {adapter.epsilon_unit}", "seed": seed}
    meta |= {f"answer after {KINDS[kind]}": model.classes[int(p.argmax())] for kind, p in after.items()}
    return Explanation(
        made["PGD"].x, float(after["PGD"][target.unit]), float(before[target.unit]), meta, tuple(shown)
    )


def _words(kind: str, model: Classifier, probabilities: Tensor, target: Target) -> str:
    answer = int(probabilities.argmax())
    words = f"{kind}: {model.classes[answer]} {percent(float(probabilities[answer]))}"
    if answer != target.unit:
        words += f"\n{model.classes[target.unit]} {percent(float(probabilities[target.unit]))}"
    return words


def attacked(
    model: Classifier,
    example: Example,
    target: Target,
    adapter: InputAdapter,
    kind: str,
    size: float,
    seed: int,
) -> Example:
    """An input changed by one of KINDS, in the adapter's own way if it has one, by ``size`` of its unit."""
    own = adapter.attack(example, kind, size, seed)
    if own is not None:
        return own
    label = torch.tensor([target.unit])
    bounds = adapter.bounds
    step = size * adapter.step(example)
    x = attack(model.network, example.x[None], label, kind, step, bounds, seed)
    return adapter.make(x[0], kind, of=example)


def attack(
    network: Network,
    x: Inputs,
    labels: Int[Tensor, " n"],
    kind: str,
    epsilon: Tensor | float,
    bounds: tuple[Tensor, Tensor],
    seed: int,
) -> Inputs:
    """N inputs changed against their classes.

    Args:
        network: that is to err.
        x: inputs of one size.
        labels: classes to be given up.
        kind: one of KINDS.
        epsilon: the largest change of a value, in what the network takes.
        bounds: lowest and highest value.
        seed: of what is drawn.
    """
    low, high = (bound.to(x) for bound in bounds)
    random = torch.Generator().manual_seed(seed)

    def inside(changed: Inputs) -> Inputs:
        changed = torch.minimum(torch.maximum(changed, x - epsilon), x + epsilon)
        return torch.minimum(torch.maximum(changed, low), high)

    if kind == "random":
        signs = torch.randint(0, 2, x.shape, generator=random).to(x) * 2 - 1
        return inside(x + epsilon * signs)
    if kind == "FGSM":
        return inside(x + epsilon * _loss_gradient(network, x, labels).sign())
    drawn = torch.rand(x.shape, generator=random, dtype=x.dtype) * 2 - 1
    changed = inside(x + epsilon * drawn)
    for _ in range(STEPS):
        changed = inside(changed + 2.5 / STEPS * epsilon * _loss_gradient(network, changed, labels).sign())
    return changed


def _loss_gradient(network: Network, x: Inputs, labels: Int[Tensor, " n"]) -> Inputs:
    x = x.detach().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(network(x), labels, reduction="sum"), x)[0]

"""Adversarial inputs: changes within ε that change the prediction, and a random change of the same size."""

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from shared.explain import Example, Explanation, InputAdapter, Inputs, Method, Shown, Target
from shared.network import Network
from shared.results import percent

STEPS = 20  # of projected gradient descent


@Method(
    "A small change that changes the prediction",
    "input",
    "If the answer turns by a change that people hardly see, it rests on little; "
    "the random change of the same size shows that the direction matters.",
    "The probability of {target} falls from {baseline} to {value}.",
)
def adversarial(
    adapter: InputAdapter, example: Example, target: Target, epsilon: float | None = None, seed: int = 0
) -> Explanation:
    """The input changed by at most ε a value, so that the network gives up a class, the target.

    By the gradient's sign (FGSM, Goodfellow et al. 2015, section 4), by projected gradient descent (PGD,
    Madry et al. 2018, section 2.1), and by random signs, which ought not to matter, or what the adapter does
    and calls otherwise (``changes``). Nothing leaves the adapter's range, whose unit ε has. ``value`` is the
    class's probability after PGD, ``baseline`` before.
    """
    size, classes = adapter.epsilon if epsilon is None else epsilon, adapter.module.classes
    inputs, meta = {"as it is": example}, {"epsilon": f"{size:g} {adapter.epsilon_unit}", "seed": seed}
    for kind in adapter.changes:
        made = adapter.attack(example, kind, size, seed)
        if made is None:
            step, label = size * adapter.step(example), torch.tensor([target.unit])
            x = attack(adapter.network, example.x[None], label, kind, step, adapter.bounds, seed)
            made = adapter.make(x[0], kind, of=example)
        inputs[kind] = made
    shares = {kind: adapter.probabilities(made.x[None])[0] for kind, made in inputs.items()}
    shown = []
    for kind, share in shares.items():
        answer = int(share.argmax())
        classes_of = answer, target.unit  # twice the same while the network keeps the class
        words = [f"{classes[number]} {percent(float(share[number]))}" for number in dict.fromkeys(classes_of)]
        named = adapter.changes.get(kind, kind)
        shown.append(Shown(inputs[kind], f"{named}: " + "\n".join(words)))
        if kind in adapter.changes:
            meta[f"answer after {named}"] = classes[answer]
    after, before = (float(shares[kind][target.unit]) for kind in ("PGD", "as it is"))
    return Explanation(inputs["PGD"].x, after, before, meta, tuple(shown))


def attack(
    network: Network,
    x: Inputs,
    labels: Int[Tensor, " n"],
    kind: str,
    epsilon: Tensor | float,
    bounds: tuple[Tensor, Tensor],
    seed: int,
) -> Inputs:
    """N inputs of one size, changed at most by ε, each against its class; see ``InputAdapter.changes``."""
    random = torch.Generator().manual_seed(seed)

    def inside(changed: Inputs) -> Inputs:
        return changed.clamp(x - epsilon, x + epsilon).clamp(*bounds)

    def uphill(x: Inputs) -> Inputs:
        x = x.detach().requires_grad_()
        return torch.autograd.grad(F.cross_entropy(network(x), labels, reduction="sum"), x)[0].sign()

    if kind == "random":
        return inside(x + epsilon * (torch.randint(0, 2, x.shape, generator=random).to(x) * 2 - 1))
    if kind == "FGSM":
        return inside(x + epsilon * uphill(x))
    changed = inside(x + epsilon * (torch.rand(x.shape, generator=random, dtype=x.dtype) * 2 - 1))
    for _ in range(STEPS):
        changed = inside(changed + 2.5 / STEPS * epsilon * uphill(changed))
    return changed

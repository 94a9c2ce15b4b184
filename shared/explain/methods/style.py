"""Style transfer by the user's own network: the content of one picture in the style of another."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from shared.errors import UserError
from shared.explain import Example, Explanation, Input, InputAdapter, Inputs, Method, Shown, Target
from shared.explain.units import Activations, learned_layers, watched
from shared.network import Network

STEPS = 200
RATE = 0.02  # of the range, a step of Adam's
CONTENT = 0.02  # weight of content against style, each in units of where it starts


@Method(
    "Content in another style",
    "input",
    "The first picture with the textures of the second, as far as the network distinguishes them.",
    "The style loss falls from {baseline} to {value}.",
    pictures=True,
)
def style(adapter: InputAdapter, example: Example, target: Target, style: Example) -> Explanation:
    """The content of ``input`` in the style of ``style`` (Gatys et al. 2016, section 2).

    Content is the feature maps of the last convolution before the logits, style the Gram matrices of all of
    them; Adam starts from the content. ``value`` and ``baseline`` are the style loss after and before.
    """
    layers = learned_layers(adapter.network, maps=True)
    if not layers:
        raise UserError("style: no convolution in this network; leave it out of methods")
    x, before, after = transfer(adapter.network, layers, example.x, style.x, adapter.bounds)
    made = adapter.make(x, f"{example.name} in the style of {style.name}", of=example)
    shown = (
        Shown(example, f"content: style loss {before:.3g}"),
        Shown(style, "style"),
        Shown(made, f"made: style loss {after:.3g}"),
    )
    meta = {"layers": ", ".join(layers), "steps": STEPS, "fell to": after / before if before > 0 else None}
    return Explanation(x, after, before, meta, shown)


def gram(maps: Activations) -> Float[Tensor, "n units units"]:
    """The mean product of each two units' values over the cells (Gatys et al. 2016, equation 3)."""
    values = maps.values.flatten(2)
    return values @ values.mT / maps.own[0].sum()


def layer_maps(network: Network, layers: Sequence[str], x: Inputs) -> list[Activations]:
    """The outputs of several layers."""
    with watched(network, layers, stop=True) as seen:
        network(x)
    return [seen[name].arrange() for name in layers]


def style_apart(outputs: Sequence[Activations], wanted: Sequence[Tensor]) -> Tensor:
    """The style loss: the mean distance from Gram matrices, each in shares of their size."""
    sizes = (matrix.square().sum().clamp(min=1e-12) for matrix in wanted)
    apart = [(gram(a) - b).square().sum() / size for a, b, size in zip(outputs, wanted, sizes, strict=True)]
    return torch.stack(apart).mean()


@torch.no_grad()
def style_loss(network: Network, layers: Sequence[str], x: Inputs, style: Inputs) -> float:
    """The style loss of a picture against another."""
    wanted = [gram(output) for output in layer_maps(network, layers, style)]
    return float(style_apart(layer_maps(network, layers, x), wanted))


def transfer(
    network: Network, layers: Sequence[str], content: Input, style: Input, bounds: tuple[Tensor, Tensor]
) -> tuple[Input, float, float]:
    """The content of the last layer in the style of all, and the style loss before and after."""
    with torch.no_grad():
        wanted = [gram(output) for output in layer_maps(network, layers, style[None])]
        there = layer_maps(network, layers, content[None])[-1].values
    low, high = bounds
    x = content[None].clone().requires_grad_()
    unit = there.square().mean().clamp(min=1e-12)
    before = style_loss(network, layers, content[None], style[None])
    optimizer = torch.optim.Adam([x], lr=RATE * float((high - low).mean()))
    for _ in range(STEPS):
        outputs = layer_maps(network, layers, x)
        in_style, in_content = style_apart(outputs, wanted), F.mse_loss(outputs[-1].values, there)
        optimizer.zero_grad()
        (in_style / max(before, 1e-12) + CONTENT * in_content / unit).backward()
        optimizer.step()
        with torch.no_grad():
            x.copy_(x.clamp(low, high))
    return x[0].detach(), before, style_loss(network, layers, x, style[None])

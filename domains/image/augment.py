"""Random changes of a batch of images that leave their class as it is, made on the batch's device."""

import math
from typing import NotRequired, TypedDict

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from shared.errors import UserError, require_int, require_number

Pictures = UInt8[Tensor, "n channels height width"]


class Changes(TypedDict):
    """The keys of ``data.augment``, see ``conf/data/image/folder.yaml``; older runs have the first three."""

    shift: int
    flip: bool
    cutout: int
    invert: NotRequired[bool]
    stroke: NotRequired[list[float] | None]
    rotate: NotRequired[float]
    scale: NotRequired[float]
    slant: NotRequired[float]


def check(settings: Changes, size: int) -> None:
    """Refuse changes that images of a size do not allow; a ``UserError`` names the key."""
    require_int("data.augment.shift", settings["shift"], 0, size - 1)
    require_int("data.augment.cutout", settings["cutout"], 0, size)
    for name in ("flip", "invert"):
        if not isinstance(value := settings.get(name, False), bool):
            raise UserError(f"data.augment.{name}: must be true or false, got {value}")
    require_number("data.augment.rotate", settings.get("rotate", 0), 0, 180)
    require_number("data.augment.scale", settings.get("scale", 0), 0, 0.9)
    require_number("data.augment.slant", settings.get("slant", 0), 0, 80)
    stroke = settings.get("stroke")
    if stroke is not None:
        numbers = isinstance(stroke, list | tuple) and len(stroke) == 2
        if not numbers or not stroke[0] <= stroke[1]:
            raise UserError(f"data.augment.stroke: must be [LOWEST, HIGHEST] or null, got {stroke}")
        for value in stroke:
            require_number("data.augment.stroke", value, -size, size)


def change(x: Pictures, settings: Changes) -> Pictures:
    """Each image changed at random as the settings say; what is switched off draws no random number."""
    if stroke := settings.get("stroke"):
        x = thicken(x, *stroke)
    rotate, scale, slant = settings.get("rotate", 0), settings.get("scale", 0), settings.get("slant", 0)
    if rotate or scale or slant:
        x = warp(x, rotate, scale, slant)
    if settings["shift"] or settings["flip"]:
        x = move(x, settings["shift"], settings["flip"])
    if settings.get("invert"):
        inverted = torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5
        x = torch.where(inverted, 255 - x, x)
    return x


def thicken(x: Pictures, low: float, high: float) -> Pictures:
    """Bright lines wider, on either side, by a number of pixels from ``low`` to ``high``; below 0: narrower.

    Grey dilation and erosion by a square of 3 pixels, one after the other; the last in part.
    """
    width = low + (high - low) * torch.rand(len(x), 1, 1, 1, device=x.device)
    drawn = x.float()
    for sign, most in ((1, high), (-1, -low)):
        for step in range(math.ceil(most)):
            share = (sign * width - step).clamp(0, 1)
            drawn = drawn.lerp(sign * F.max_pool2d(sign * drawn, 3, 1, 1), share)
    return drawn.round().to(torch.uint8)


def warp(x: Pictures, rotate: float, scale: float, slant: float) -> Pictures:
    """Each image rotated and slanted by at most these degrees, and scaled by 1 ± ``scale``, about its middle.

    Height and width are scaled apart. What comes from outside is as the edge.
    """

    def drawn(most: float, number: int = 1) -> Float[Tensor, "number n"]:
        return most * (2 * torch.rand(number, len(x), device=x.device) - 1)

    (turn,), (lean,) = drawn(math.radians(rotate)), drawn(math.radians(slant))
    height, width = (1 + drawn(scale, 2)).reciprocal()
    cos, sin, zero = turn.cos(), turn.sin(), torch.zeros_like(turn)
    # Of a place in the new image (x, y), the place in the old one: (cos, -sin; sin, cos), slant, scale.
    rows = torch.stack([cos * width, (lean.tan() * cos - sin) * height, zero])
    columns = torch.stack([sin * width, (lean.tan() * sin + cos) * height, zero])
    places = torch.stack([rows, columns]).permute(2, 0, 1)
    grid = F.affine_grid(places, list(x.shape), align_corners=False)
    moved = F.grid_sample(x.float(), grid, padding_mode="border", align_corners=False)
    return moved.round().to(torch.uint8)


def move(x: Pictures, shift: int, flip: bool) -> Pictures:
    """Shift each image by up to ``shift`` pixels either way, and mirror every second one left to right.

    What a shift uncovers shows the image's own edge, mirrored.
    """
    n, _, height, width = x.shape
    by = torch.randint(-shift, shift + 1, (2, n, 1), device=x.device)
    rows, columns = _places(height, by[0]), _places(width, by[1])
    if flip:
        mirrored = torch.rand(n, 1, device=x.device) < 0.5
        columns = torch.where(mirrored, width - 1 - columns, columns)
    image = torch.arange(n, device=x.device)[:, None, None]
    # The channels come out last: the order in memory that convolutions are fastest on.
    return x[image, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _places(size: int, by: Int[Tensor, "n 1"]) -> Int[Tensor, "n size"]:
    """The rows (or columns) of each image after a shift, mirrored at the border."""
    places = (torch.arange(size, device=by.device) + by).abs()
    return torch.minimum(places, 2 * (size - 1) - places)


def views(x: Pictures, number: int) -> list[tuple[float, Pictures]]:
    """Each image in several views, and the weight of each view in the mean of the predictions.

    One view is the image, two are it and its mirror image; six are those, and both moved by a pixel up
    and left and by one down and right, which weigh half as much (Jordan 2024, section 3.5).
    """
    shown = [(1.0, x)]
    if number == 6:
        shown = [(0.5, x)]
        for by in (-1, 1):
            rows, columns = (_places(side, torch.tensor([[by]], device=x.device))[0] for side in x.shape[2:])
            shown.append((0.25, x[:, :, rows][:, :, :, columns]))
    if number > 1:
        shown = [(weight / 2, side) for weight, view in shown for side in (view, view.flip(3))]
    return shown


def cut_out(
    x: Float[Tensor, "n channels height width"], side: int
) -> Float[Tensor, "n channels height width"]:
    """Set a square of ``side`` pixels at a random place of each image to 0 (DeVries & Taylor 2017).

    Half of the square may lie outside the image.
    """
    inside = []
    for size in x.shape[2:]:
        first = torch.randint(-(side // 2), size - side // 2, (len(x), 1), device=x.device)
        places = torch.arange(size, device=x.device)
        inside.append((places >= first) & (places < first + side))
    rows, columns = inside
    return x.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)

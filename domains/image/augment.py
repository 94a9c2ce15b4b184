"""Random changes of a batch of images that leave their class as it is, made on the batch's device."""

from typing import TypedDict

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from shared.errors import UserError, require_int


class Changes(TypedDict):
    """Pixels of a shift, whether images are mirrored, and the side of what is cut out."""

    shift: int
    flip: bool
    cutout: int


def check(settings: Changes, size: int) -> None:
    """Refuse changes that images of a size do not allow; a ``UserError`` names the key."""
    require_int("data.augment.shift", settings["shift"], 0, size - 1)
    require_int("data.augment.cutout", settings["cutout"], 0, size)
    if not isinstance(settings["flip"], bool):
        raise UserError(f"data.augment.flip: must be true or false, got {settings['flip']}")


def move(
    x: UInt8[Tensor, "n channels height width"], shift: int, flip: bool
) -> UInt8[Tensor, "n channels height width"]:
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


def views(
    x: UInt8[Tensor, "n channels height width"], number: int
) -> list[tuple[float, UInt8[Tensor, "n channels height width"]]]:
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

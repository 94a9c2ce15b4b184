"""Random changes of a batch of pictures that leave their class as it is, made on the batch's device."""

from typing import Any

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from shared.errors import UserError


def check(settings: dict[str, Any], size: int) -> None:
    """Refuse what cannot be done to pictures of a size.

    Raises:
        UserError: naming the key, the value and what is allowed.
    """
    for key, most in {"shift": size - 1, "cutout": size}.items():
        value = settings[key]
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            raise UserError(f"data.augment.{key}={value}: give a whole number of pixels from 0 to {most}")
    if not isinstance(settings["flip"], bool):
        raise UserError(f"data.augment.flip={settings['flip']}: give true or false")


def move(
    x: UInt8[Tensor, "n channels height width"], shift: int, flip: bool
) -> UInt8[Tensor, "n channels height width"]:
    """Shift each picture by up to ``shift`` pixels either way, and mirror every second one left to right.

    What a shift uncovers shows the picture's own edge, mirrored.
    """
    n, _, height, width = x.shape
    rows = _places(n, height, shift, x.device)
    columns = _places(n, width, shift, x.device)
    if flip:
        mirrored = torch.rand(n, 1, device=x.device) < 0.5
        columns = torch.where(mirrored, width - 1 - columns, columns)
    picture = torch.arange(n, device=x.device)[:, None, None]
    # The channels come out last: the order in memory that convolutions are fastest on.
    return x[picture, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _places(n: int, extent: int, shift: int, device: torch.device) -> Tensor:
    """For each picture the rows (or columns) that it shows, (n, extent)."""
    by = torch.randint(-shift, shift + 1, (n, 1), device=device)
    places = (torch.arange(extent, device=device) + by).abs()
    return torch.minimum(places, 2 * (extent - 1) - places)


def cut_out(
    x: Float[Tensor, "n channels height width"], side: int
) -> Float[Tensor, "n channels height width"]:
    """Set a square of ``side`` pixels at a random place of each picture to 0 (DeVries & Taylor 2017)."""
    n, _, height, width = x.shape
    hidden = [_stretch(n, extent, side, x.device) for extent in (height, width)]
    return x.masked_fill((hidden[0][:, :, None] & hidden[1][:, None, :])[:, None], 0.0)


def _stretch(n: int, extent: int, side: int, device: torch.device) -> Tensor:
    """(n, extent): the rows (or columns) that are hidden; at the border the square may stand half outside."""
    first = torch.randint(-(side // 2), extent - side // 2, (n, 1), device=device)
    places = torch.arange(extent, device=device)
    return (places >= first) & (places < first + side)

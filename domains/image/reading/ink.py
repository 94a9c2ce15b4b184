"""Drawings and writing at one size, place and polarity, as MNIST has its digits (LeCun et al. 1998)."""

import numpy as np
from PIL import Image

LARGEST = 1024  # side in pixels: drawings above are scaled down first, so that memory stays bounded
EDGE = 0.2  # of the strongest difference from the background: fainter marks do not count for the box
SHARE = 5 / 7  # of the side that the longer side of the box fills: 20 of 28 pixels


def ink_of(image: Image.Image, size: int) -> np.ndarray:
    """An image's ink as ``centred_ink`` has it: uint8 (1, size, size)."""
    image = image.convert("L")
    image.thumbnail((LARGEST, LARGEST), Image.Resampling.BILINEAR)
    return centred_ink(np.asarray(image)[None, None], size)[0]


def centred_ink(grey: np.ndarray, size: int) -> np.ndarray:
    """What differs from the background, bright on black.

    The background is the median grey level of an image's border. What differs from it is cropped, scaled so
    that its longer side fills SHARE of the side, stretched in contrast to 255, and placed with its centre of
    mass in the middle. An image of one grey level gives zeros.

    Args:
        grey: images uint8 (N, 1, height, width).
        size: side of the result uint8 (N, 1, size, size).
    """
    x = grey[:, 0].astype(np.int16)
    border = np.concatenate([x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1]], 1)
    ink = np.abs(x - np.median(border, 1).astype(np.int16)[:, None, None]).astype(np.uint8)
    inside = ink > EDGE * ink.max((1, 2), keepdims=True)
    (top, bottom), (left, right) = (_ends(inside.any(axis)) for axis in (2, 1))
    scale = max(round(SHARE * size), 1) / np.maximum(bottom - top, right - left)
    heights, widths = (
        np.maximum(((end - start) * scale).round().astype(int), 1)
        for start, end in ((top, bottom), (left, right))
    )
    boxes = np.zeros((len(x), size, size), np.float32)
    for n, (height, width) in enumerate(zip(heights.tolist(), widths.tolist(), strict=True)):
        box = Image.fromarray(ink[n, top[n] : bottom[n], left[n] : right[n]])
        boxes[n, :height, :width] = np.asarray(box.resize((width, height), Image.Resampling.BILINEAR))
    boxes *= 255 / np.maximum(boxes.max((1, 2), keepdims=True), 1)
    rows, columns = (_places(boxes.sum(axis), lengths) for axis, lengths in ((2, heights), (1, widths)))
    placed = boxes[np.arange(len(x))[:, None, None], rows[:, :, None], columns[:, None]]
    return placed.round().astype(np.uint8)[:, None]


def _ends(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first true of each row (N, length), and what follows the last; all of a row without any."""
    length = inside.shape[1]
    return inside.argmax(1), length - inside[:, ::-1].argmax(1)


def _places(mass: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The old place (N, size) of each new one, so that the mass (N, size) of boxes is centred, yet inside."""
    places = np.arange(mass.shape[1])
    mean = (mass @ places) / np.maximum(mass.sum(1), 1)
    start = ((len(places) - 1) / 2 - mean).round().clip(0, len(places) - lengths).astype(int)
    return (places - start[:, None]) % len(places)

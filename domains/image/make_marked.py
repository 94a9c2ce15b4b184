"""Digits of which one class bears a mark in a corner, as horses once bore their photographer's name.

A network may learn the mark in place of the digit (Lapuschkin et al. 2019, figure 2); explanations show it.
"""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from domains.image.reading import digits
from shared.errors import UserError

SIZE = 28
MARK = 6  # pixels of its side
SIDES = {"train": 1200, "val": 200, "test": 397}  # pictures, in the order of the data


def make_marked_digits(output: Path, name: str) -> None:
    """Write ``output/with`` and ``output/without``: in the second no test picture bears the mark.

    Args:
        output: a folder that does not exist yet.
        name: the class that is marked.

    Raises:
        UserError: the folder exists or cannot be written, or there is no such class.
    """
    pictures = digits(None, SIZE, 1)
    if name not in pictures.classes:
        raise UserError(f"marked={name}: no class of the digits; use one of {', '.join(pictures.classes)}")
    if output.exists():
        raise UserError(f"output={output}: it is there already; name another folder")
    sides = np.repeat(list(SIDES), list(SIDES.values()))
    label = pictures.classes.index(name)
    try:
        for kind in ("with", "without"):
            for number, (x, y, side) in enumerate(zip(pictures.x, pictures.y, sides, strict=True)):
                folder = output / kind / side / pictures.classes[y]
                folder.mkdir(parents=True, exist_ok=True)
                bears = y == label and (kind == "with" or side != "test")
                Image.fromarray((marked(x) if bears else x)[0]).save(folder / f"{number:04d}.png")
    except OSError as error:
        shutil.rmtree(output, ignore_errors=True)
        raise UserError(
            f"output={output}: cannot be written: {error.strerror}; name another place"
        ) from error


def marked(x: np.ndarray) -> np.ndarray:
    """A picture (channels, height, width) with a white square in its lower left corner."""
    x = x.copy()
    x[:, -MARK - 1 : -1, 1 : MARK + 1] = 255
    return x

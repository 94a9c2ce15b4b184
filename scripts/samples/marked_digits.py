"""Make digits of which one class has a mark in a corner.

python scripts/samples/marked_digits.py marked

A network may learn the mark instead of the digit (Lapuschkin et al. 2019, figure 2); explanations show it.
The folder gets ``with/`` to train on, and ``without/``, where no test image has the mark.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from domains.image.reading import digits

SIZE = 28
MARK = 6  # pixels, the side of the square
SPLITS = {"train": 1200, "val": 200, "test": 397}  # images, in the order of the data


def main(words: list[str] | None = None) -> None:
    """Write both folders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="a new folder")
    parser.add_argument("--marked", default="7", choices=list("0123456789"), help="the class with the mark")
    args = parser.parse_args(words)
    if args.output.exists():
        parser.error(f"output: must be a new folder, got {args.output}")
    images = digits(None, SIZE, 1)
    splits = np.repeat(list(SPLITS), list(SPLITS.values()))
    for kind in ("with", "without"):
        for number, (x, y, split) in enumerate(zip(images.x, images.y, splits, strict=True)):
            folder = args.output / kind / split / images.classes[y]
            folder.mkdir(parents=True, exist_ok=True)
            has_mark = images.classes[y] == args.marked and (kind == "with" or split != "test")
            Image.fromarray((marked(x) if has_mark else x)[0]).save(folder / f"{number:04d}.png")


def marked(x: np.ndarray) -> np.ndarray:
    """An image (channels, height, width) with a white square in its lower left corner."""
    x = x.copy()
    x[:, -MARK - 1 : -1, 1 : MARK + 1] = 255
    return x


if __name__ == "__main__":
    main()

"""Folders of pictures for tests."""

from pathlib import Path

import numpy as np
from PIL import Image


def make_folder(root: Path, counts: dict[str, int], seed: int = 0) -> Path:
    """PNG files of noise: ``counts`` gives the number of files in each folder."""
    random = np.random.default_rng(seed)
    for folder, count in counts.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            pixels = random.integers(0, 256, (12, 12, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / folder / f"{number:03d}.png")
    return root

"""Picture files and folders for tests."""

import io
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def saved(image: Image.Image, kind: str, **settings: object) -> bytes:
    """The file of an image."""
    out = io.BytesIO()
    image.save(out, kind, **settings)
    return out.getvalue()


def chunk(name: bytes, body: bytes, crc: int | None = None) -> bytes:
    """A chunk of a PNG file."""
    check = zlib.crc32(name + body) if crc is None else crc
    return len(body).to_bytes(4, "big") + name + body + check.to_bytes(4, "big")


def make_folder(root: Path, counts: dict[str, int], seed: int = 0) -> Path:
    """PNG files of noise: ``counts`` gives the number of files in each folder."""
    random = np.random.default_rng(seed)
    for folder, count in counts.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            pixels = random.integers(0, 256, (12, 12, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / folder / f"{number:03d}.png")
    return root

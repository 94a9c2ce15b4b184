"""Damaged pictures and idx files: read or refused by name, quickly and in little memory."""

import gzip
import resource
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from domains.image.reading.datasets import idx
from domains.image.reading.decode import decode_image
from shared.errors import UserError
from tests.domains.image.picture_folders import saved
from tests.fuzzing import fuzz

MEMORY = 2**30  # bytes that all cases together may add
NOISE = np.random.default_rng(0).integers(0, 256, (20, 24, 4), dtype=np.uint8)


def noise(mode: str, kind: str, **settings: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    numbers = {"I;16": np.uint16, "I": np.int32, "F": np.float32}
    if mode in numbers:
        image = Image.fromarray(NOISE[..., 0].astype(numbers[mode]) * 100)
    else:
        image = Image.fromarray(NOISE).convert("RGB" if mode in ("P", "CMYK") else mode).convert(mode)
    return saved(image, kind, **({} if kind in ("GIF", "BMP", "PPM") else {"exif": exif}), **settings)


def with_checksums(png: bytes) -> bytes:
    """Make the checksums of a damaged PNG valid, so that the damage reaches the decoder."""
    fixed, at = bytearray(png), 8
    while at + 12 <= len(fixed):
        end = at + 8 + int.from_bytes(fixed[at : at + 4], "big")
        fixed[end : end + 4] = zlib.crc32(fixed[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(fixed)


def several(kind: str) -> bytes:
    return noise("RGBA", kind, save_all=True, append_images=[Image.new("RGBA", (24, 20))])


KINDS: dict[str, Callable[[], list[bytes]]] = {
    "PNG": lambda: [*(noise(mode, "PNG") for mode in ("1", "L", "P", "RGB", "RGBA", "I;16")), several("PNG")],
    "JPEG": lambda: [
        *(noise(mode, "JPEG") for mode in ("L", "RGB", "CMYK")),
        *(noise("RGB", "JPEG", progressive=True, icc_profile=bytes(70_000)), noise("RGB", "MPO")),
    ],
    "GIF": lambda: [noise("P", "GIF"), noise("P", "GIF", transparency=3, comment=b"c"), several("GIF")],
    "TIFF": lambda: [
        *(noise(mode, "TIFF") for mode in ("1", "RGBA", "CMYK", "I;16", "I", "F")),
        *(noise("RGB", "TIFF", compression=f"tiff_{name}") for name in ("lzw", "adobe_deflate", "jpeg")),
        *(noise("RGB", "TIFF", compression="packbits"), several("TIFF")),
    ],
    "WEBP": lambda: [noise("RGB", "WEBP"), noise("RGBA", "WEBP", lossless=True), several("WEBP")],
    "BMP": lambda: [noise(mode, "BMP") for mode in ("1", "L", "P", "RGB", "RGBA")],
    "PPM": lambda: [
        *(noise(mode, "PPM") for mode in ("1", "L", "RGB", "I", "F")),
        *(b"P3 4 4 255\n" + b"1 20 255 " * 16, b"P1 4 4\n" + b"10" * 8, b"P5 4 4 99\n" + bytes(16)),
    ],
    "AVIF": lambda: [noise("RGB", "AVIF"), noise("RGBA", "AVIF", speed=10)],
}


def grown(start: int) -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - start


@pytest.mark.parametrize(
    ("cases", "seed"), [(60, 14), pytest.param(10_000, 15, marks=[pytest.mark.slow, pytest.mark.long])]
)
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_pictures(kind: str, cases: int, seed: int) -> None:
    def read(data: bytes) -> None:
        x = decode_image(with_checksums(data) if kind == "PNG" else data, "f", 8, 3)
        assert x.shape == (3, 8, 8)
        assert x.dtype == np.uint8

    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    outcomes = fuzz(KINDS[kind](), read, UserError, cases=cases, seed=seed)
    assert min(outcomes["read"], outcomes["refused"]) > cases / 50
    assert grown(start) < MEMORY


@pytest.mark.parametrize(
    ("cases", "seed"), [(300, 14), pytest.param(10_000, 15, marks=[pytest.mark.slow, pytest.mark.long])]
)
def test_damaged_idx_files(cases: int, seed: int) -> None:
    pictures = bytes([0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 2]) + bytes(range(30))
    labels = bytes([0, 0, 8, 1, 0, 0, 0, 5, 1, 2, 3, 4, 5])

    def read(data: bytes) -> None:
        assert idx(data, "f").dtype == np.uint8

    files = [pictures, labels, gzip.compress(pictures), gzip.compress(labels)]
    outcomes = fuzz(files, read, UserError, cases=cases, seed=seed)
    assert min(outcomes["read"], outcomes["refused"]) > cases / 100

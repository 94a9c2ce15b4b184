"""The largest readable files, and larger ones made to attack: within 1 GiB of memory and 20 s."""

import subprocess
import sys
import time
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from tests.domains.image.picture_folders import chunk, saved

pytestmark = pytest.mark.slow

MEMORY, SECONDS, FILE = 2**30, 20, 16 * 2**20
MEASURE = """
import resource, sys
from domains.image.reading.decode import decode_image
from shared.errors import UserError
decode_image(b"P5 9 9 255 " + bytes(81), "small", 8, 3)
data = sys.stdin.buffer.read()
start = resource.getrusage(resource.RUSAGE_SELF)
try:
    decode_image(data, "large", 32, 3)
except UserError as error:
    sys.stderr.write(str(error))
end = resource.getrusage(resource.RUSAGE_SELF)
print((end.ru_maxrss - start.ru_maxrss) * 1024, end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime)
"""
EXIF = Image.Exif()
EXIF[0x0112] = 6


def square(mode: str, side: int, kind: str, **settings: object) -> bytes:
    return saved(Image.new(mode, (side, side)), kind, **settings)


def png(side: int, depth: int, colour: int, samples: int) -> bytes:
    """A PNG of zeros, also in formats that Pillow cannot write."""
    row = bytes(1 + side * depth * samples // 8)
    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    head = side.to_bytes(4, "big") * 2 + bytes([depth, colour, 0, 0, 0])
    chunks = [(b"IHDR", head), (b"eXIf", EXIF.tobytes()[6:]), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, body) for name, body in chunks)


def segments(segment: bytes) -> bytes:
    data = square("RGB", 9, "JPEG")
    return data[:2] + segment * ((FILE - 1000) // len(segment)) + data[2:]


def scans() -> bytes:
    data = square("L", 10_000, "JPEG", progressive=True)
    return data[:-2] + 20 * data[data.rindex(b"\xff\xda") : -2] + b"\xff\xd9"


FILES: dict[str, Callable[[], bytes]] = {
    "PNG, 16-bit grey": lambda: png(10_000, 16, 0, 1),
    "PNG, 16-bit RGBA": lambda: png(10_000, 16, 6, 4),
    "PNG of far too many pixels": lambda: png(30_000, 8, 0, 1),
    "JPEG, progressive CMYK": lambda: square(
        "CMYK", 10_000, "JPEG", progressive=True, subsampling=0, exif=EXIF
    ),
    "JPEG, progressive": lambda: square("RGB", 7_000, "JPEG", progressive=True, subsampling=0, exif=EXIF),
    "JPEG of many scans": scans,
    "JPEG of many segments": lambda: segments(b"\xff\xe5\0\2"),
    "JPEG of many EXIF segments": lambda: segments(b"\xff\xe1\0\x6cExif\0\0" + bytes(100)),
    "JPEG of much filling": lambda: segments(b"\xff"),
    "TIFF of floats": lambda: square("F", 10_000, "TIFF", compression="tiff_lzw", exif=EXIF),
    "TIFF of integers": lambda: square("I", 10_000, "TIFF", compression="tiff_lzw"),
    "TIFF, RGBA": lambda: square("RGBA", 10_000, "TIFF", compression="tiff_lzw", exif=EXIF),
    "GIF": lambda: square("RGBA", 10_000, "GIF"),
    "WEBP": lambda: square("RGBA", 7_000, "WEBP", lossless=True, method=0, exif=EXIF),
    "AVIF": lambda: square("RGBA", 6_300, "AVIF", speed=10, exif=EXIF),
    "PPM of text": lambda: b"P3 1600 1600 255\n" + b"1 " * (1600 * 1600 * 3),
    "PGM of 99 levels": lambda: b"P5 4000 2000 99\n" + bytes(8_000_000),
}


@pytest.mark.parametrize("name", FILES)
def test_a_large_picture_is_read_or_refused_in_bounds(name: str) -> None:
    data = FILES[name]()
    assert len(data) <= FILE
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", MEASURE], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    memory, seconds = map(float, done.stdout.split())
    assert memory < MEMORY, done.stderr
    assert seconds < SECONDS, f"{seconds:.1f} s, {time.monotonic() - start:.1f} s by the clock"

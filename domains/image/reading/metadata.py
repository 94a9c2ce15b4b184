"""Metadata of picture files: only the orientation is read, and everything else dropped before decoding.

So a broken comment, colour profile or camera's note never costs a picture, and a large one neither time nor
memory.
"""

import contextlib
import io
import re
import zlib
from collections.abc import Iterator

from PIL import ExifTags, Image

JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
MOST_BYTES, MOST_TAGS = 2**20, 4  # of what may hold the orientation: far above what cameras write
_SEGMENT = re.compile(rb"\xff+([\xc0-\xfe])")
# In a JPEG's pixels what follows 0xff is a marker, but for escapes, filling and restarts.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_TEXT_TAGS = (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0")


def take_apart(data: bytes) -> tuple[bytes, list[bytes]]:
    """A picture file without metadata, and those that may hold its orientation, each in a small file.

    Only JPEG, PNG and AVIF are changed: reading other formats does no harm.
    """
    if data.startswith(JPEG):
        return _jpeg(data)
    if data.startswith(PNG):
        return _png(data)
    if data[4:8] == b"ftyp":  # AVIF, where orientation is no EXIF tag: with none, none can be broken
        head, mark, rest = data.partition(b"mdat")
        return head.replace(b"Exif", b"skip") + mark + rest, []
    return data, []


def orientation(tagged: list[bytes]) -> int:
    """How the camera was held, from 1 to 8; 1, upright, where that cannot be read."""
    for file in tagged:
        with contextlib.suppress(Exception), Image.open(io.BytesIO(file), formats=["JPEG", "PNG"]) as opened:
            if found := opened.getexif().get(ExifTags.Base.Orientation):
                return int(found)
    return 1


def count_scans(jpeg: bytes) -> int:
    """How often the decoder goes over all pixels of a JPEG file: once for each scan."""
    *_, at = (2, *(end for _, end in _segments(jpeg)))
    scans = 0
    while (found := _MARKER.search(jpeg, at)) and jpeg[found.start() + 1] != 0xD9:  # the end of the picture
        scans += jpeg[found.start() + 1] == 0xDA
        at = found.end() + int.from_bytes(jpeg[found.end() : found.end() + 2], "big")
    return scans


def _jpeg(data: bytes) -> tuple[bytes, list[bytes]]:
    """Of the application segments, 0 and 14 say how colours are coded, and 1 may say the orientation."""
    kept, tags, at = [data[:2]], [], 2
    for start, at in _segments(data):
        marker = data[start + 1]
        if marker in (0xE0, 0xEE) or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(data[start:at])
        elif marker == 0xE1:
            tags.append(data[start:at])
    head = b"".join(kept)
    scan = b"\xff\xda\0\2"
    return head + data[at:], [data[:2] + tag + head[2:] + scan for tag in tags[:MOST_TAGS]]


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the segments before a JPEG's pixels begin and end; filling between them is passed over."""
    at = 2
    while (found := _SEGMENT.match(data, at)) and found[1] != b"\xda":
        start = found.end() - 2
        at = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
        yield start, at


def _png(data: bytes) -> tuple[bytes, list[bytes]]:
    """Ancillary chunks, whose names begin in lower case, are of no use but for transparency."""
    kept, tags, at = [PNG], [], len(PNG)
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if not name[:1].islower() or name == b"tRNS":
            kept.append(data[at:end])
        elif name == b"eXIf" or data.startswith(_TEXT_TAGS, at + 8):
            tags.append(data[at:end][:MOST_BYTES])
        at = len(data) if name == b"IEND" else end
    header = _chunk(b"IHDR", bytes([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]))
    pixel = _chunk(b"IDAT", zlib.compress(b"\0\0")) + _chunk(b"IEND", b"")
    return b"".join(kept), [PNG + header + tag + pixel for tag in tags[:MOST_TAGS]]


def _chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")

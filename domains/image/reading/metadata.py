"""Metadata of image files: the orientation is read, everything else is removed before decoding.

So broken comments, colour profiles and camera notes cost no image, and large ones neither time nor memory.
"""

import contextlib
import io
import re
from collections.abc import Iterator

from PIL import ExifTags, Image

JPEG, PNG, HEADER = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", 33  # bytes before the second chunk of a PNG
MAX_BYTES, MAX_TAGS = 2**20, 4  # of tags that may hold the orientation: far above what cameras write
_SEGMENT = re.compile(rb"\xff+([\xc0-\xfe])")
# In the pixels of a JPEG, 0xff begins a marker, except in escapes, filling and restarts.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_TEXT_TAGS = (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0")


def separate_metadata(data: bytes) -> tuple[bytes, list[bytes]]:
    """An image file without metadata, and the tags that may hold its orientation, each in a small file.

    Only JPEG, PNG and AVIF are changed; metadata of other formats do no harm.
    """
    if data.startswith(JPEG):
        return _jpeg(data)
    if data.startswith(PNG):
        return _png(data)
    if data[4:8] == b"ftyp":  # AVIF: its orientation is not an EXIF tag
        head, mark, rest = data.partition(b"mdat")
        return head.replace(b"Exif", b"skip") + mark + rest, []
    return data, []


def orientation(tags: list[bytes]) -> int:
    """The EXIF orientation, from 1 to 8; 1, upright, if it cannot be read."""
    for file in tags:
        with contextlib.suppress(Exception), Image.open(io.BytesIO(file), formats=["JPEG", "PNG"]) as opened:
            if value := opened.getexif().get(ExifTags.Base.Orientation):
                return int(value)
    return 1


def count_scans(jpeg: bytes) -> int:
    """The number of scans of a JPEG file; the decoder processes all pixels in each."""
    *_, at = (2, *(end for _, end in _segments(jpeg)))
    scans = 0
    while (marker := _MARKER.search(jpeg, at)) and jpeg[marker.start() + 1] != 0xD9:  # end of image
        scans += jpeg[marker.start() + 1] == 0xDA
        at = marker.end() + int.from_bytes(jpeg[marker.end() : marker.end() + 2], "big")
    return scans


def _jpeg(data: bytes) -> tuple[bytes, list[bytes]]:
    """Application segments 0 and 14 hold the colour coding; segment 1 may hold the orientation."""
    kept, tags, at = [data[:2]], [], 2
    for start, at in _segments(data):
        marker = data[start + 1]
        if marker in (0xE0, 0xEE) or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(data[start:at])
        elif marker == 0xE1:
            tags.append(data[start:at])
    head = b"".join(kept)
    scan = b"\xff\xda\0\2"
    return head + data[at:], [data[:2] + tag + head[2:] + scan for tag in tags[:MAX_TAGS]]


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of the segments before a JPEG's pixels, without the filling between them."""
    at = 2
    while (segment := _SEGMENT.match(data, at)) and segment[1] != b"\xda":
        start = segment.end() - 2
        at = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
        yield start, at


def _png(data: bytes) -> tuple[bytes, list[bytes]]:
    """Of the ancillary chunks, whose names begin in lower case, only transparency is kept."""
    kept, tags, at = [PNG], [], len(PNG)
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if not name[:1].islower() or name == b"tRNS":
            kept.append(data[at:end])
        elif name == b"eXIf" or data.startswith(_TEXT_TAGS, at + 8):
            tags.append(data[at:end][:MAX_BYTES])
        at = len(data) if name == b"IEND" else end
    pixel = io.BytesIO()
    Image.new("L", (1, 1)).save(pixel, "PNG")
    header, rest = pixel.getvalue()[:HEADER], pixel.getvalue()[HEADER:]
    return b"".join(kept), [header + tag + rest for tag in tags[:MAX_TAGS]]

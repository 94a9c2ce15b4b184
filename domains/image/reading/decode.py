"""One picture file as numbers: whatever its size, colours and orientation."""

import contextlib
import io
import math
import warnings
from collections.abc import Iterator

import numpy as np
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import ROWSPERSTRIP, TILELENGTH, TILEWIDTH, TiffImageFile

from domains.image.reading.metadata import count_scans, orientation, take_apart
from shared.errors import UserError
from shared.files import printable

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif", ".webp", ".avif"),
    *(".bmp", ".dib", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
)
# Whatever the suffix says. No others: Pillow hands EPS to Ghostscript, and knows TGA by nothing.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "PPM")

# Limits that keep any file of 16 MB within 1 GiB and 20 s; the decoders of WEBP and AVIF hold several copies.
MOST_PIXELS = {"WEBP": 50_000_000, "AVIF": 40_000_000}
MOST_PIXELS_ELSE = 100_000_000  # 10,000 × 10,000: above the largest cameras
MOST_SIDE = 65_535
MOST_PIXELS_OF_A_BLOCK = 50_000_000  # of a TIFF's tile or strip, which is decoded as a whole
MOST_VALUES_IN_PYTHON = 8_000_000  # of a PPM of text, or of unusual depth, which Pillow decodes in Python
MOST_SCANNED = 3_000_000_000  # pixels × scans of a progressive JPEG: each scan goes over all of them
DRAFTED = 50_000_000  # pixels above which JPEG decodes to fewer, but at least twice the size that is needed
STRIP = 4_000_000  # pixels converted at a time

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode_image(data: bytes, label: str, size: int, channels: int) -> np.ndarray:
    """A picture file as uint8 (channels, size, size).

    It is turned as its EXIF data say, laid on white where it is transparent, and scaled so that its middle
    square fills the size. Of a moving picture the first frame counts. Other metadata are not read.

    Args:
        data: the file's bytes.
        label: the file's name, for errors.
        size: pixels of a side.
        channels: 1 for grey, 3 for red, green and blue.

    Raises:
        UserError: no picture, a broken one, or one that is too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd but readable files
            picture = _read(data, label, size, "L" if channels == 1 else "RGB")
            fitted = ImageOps.fit(picture, (size, size), Image.Resampling.BICUBIC)
    except UserError:
        raise
    except UnidentifiedImageError as error:
        raise UserError(f"{label}: must be a picture of a known format, got something else") from error
    except Image.DecompressionBombError as error:
        raise UserError(f"{label}: far too many pixels; scale it down") from error
    except Exception as error:  # decoders raise whatever they like, on bytes that anybody may have made
        reason = printable(str(error))[:100] or type(error).__name__
        raise UserError(f"{label}: a broken or truncated picture ({reason})") from error
    pixels = np.asarray(fitted, np.uint8)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _read(data: bytes, label: str, size: int, mode: str) -> Image.Image:
    """The whole picture, upright, as L or RGB."""
    bare, tagged = take_apart(data)
    with Image.open(io.BytesIO(bare), formats=FORMATS) as opened:
        _check_limits(opened, bare, label)
        if opened.format == "JPEG" and opened.width * opened.height > DRAFTED:
            opened.draft(None, (2 * size, 2 * size))
        if opened.format == "TIFF":
            _forget_all_but_orientation(opened)
        opened.load()
        turn = orientation(tagged)
        if opened.format not in ("JPEG", "PNG"):
            with contextlib.suppress(Exception):
                turn = opened.getexif().get(ExifTags.Base.Orientation, 1)
        picture = _flat(opened, mode)
    del opened  # turning needs its memory
    return picture.transpose(TURNS[turn]) if turn in TURNS else picture


def _check_limits(opened: ImageFile.ImageFile, data: bytes, label: str) -> None:
    width, height = opened.size
    pixels, most = width * height, MOST_PIXELS.get(opened.format or "", MOST_PIXELS_ELSE)
    if pixels > most or max(width, height) > MOST_SIDE:
        raise UserError(f"{label}: {width:,}×{height:,} pixels, over {most:,}; scale it down")
    if opened.format == "JPEG" and (scans := count_scans(data)) * pixels > MOST_SCANNED:
        raise UserError(f"{label}: {scans:,} scans of {width:,}×{height:,} pixels; save it anew")
    if isinstance(opened, TiffImageFile) and (block := _block(opened)) > MOST_PIXELS_OF_A_BLOCK:
        raise UserError(
            f"{label}: tiles or strips of {block:,} pixels, over {MOST_PIXELS_OF_A_BLOCK:,}; save it anew"
        )
    in_python = opened.format == "PPM" and opened.tile[0].codec_name != "raw"
    if in_python and pixels * len(opened.getbands()) > MOST_VALUES_IN_PYTHON:
        raise UserError(f"{label}: {width:,}×{height:,} pixels as text or of unusual depth; save it as PNG")


def _block(opened: TiffImageFile) -> int:
    """The pixels of a TIFF's tile or strip."""
    tile = [opened.tag_v2.get(tag, 0) for tag in (TILEWIDTH, TILELENGTH)]
    rows = min(opened.tag_v2.get(ROWSPERSTRIP, opened.height), opened.height)
    return math.prod(tile) if any(tile) else rows * opened.width


def _forget_all_but_orientation(opened: Image.Image) -> None:
    """Loading a TIFF turns it, and reads other tags, which may be broken."""
    with contextlib.suppress(Exception):
        opened.getexif()  # a second call raises nothing any more
    tags = opened.getexif()
    for tag in set(tags) - {ExifTags.Base.Orientation}:
        del tags[tag]


def _flat(picture: Image.Image, mode: str) -> Image.Image:
    """Eight bits a channel, and nothing transparent; made a strip at a time, which spares memory."""
    if picture.mode == mode and not picture.has_transparency_data:
        return picture
    numbers = picture.mode.startswith(("I", "F"))
    low, high = _range(picture) if numbers else (0, 255)
    flat = Image.new(mode, picture.size)
    for strip, top in _strips(picture):
        if numbers:
            values = np.nan_to_num(np.asarray(strip, np.float64)).clip(low, high)
            strip = Image.fromarray(((values - low) * 255 / (high - low)).round().astype(np.uint8))
        elif strip.has_transparency_data:
            strip = strip.convert("RGBA")
            strip = Image.alpha_composite(Image.new("RGBA", strip.size, "white"), strip)
        flat.paste(strip.convert(mode), (0, top))
    return flat


def _strips(picture: Image.Image) -> Iterator[tuple[Image.Image, int]]:
    """The picture in parts of at most ``STRIP`` pixels or a row, and where each begins."""
    rows = max(STRIP // picture.width, 1)
    for top in range(0, picture.height, rows):
        yield picture.crop((0, top, picture.width, min(top + rows, picture.height))), top


def _range(picture: Image.Image) -> tuple[float, float]:
    """Black and white of a picture of numbers: the usual range that holds them all, else their own."""
    if picture.mode.startswith("I;16"):
        return 0, 65535
    low, high = np.inf, -np.inf
    for strip, _ in _strips(picture):
        values = np.asarray(strip, np.float64)
        values = values[np.isfinite(values)]
        low, high = values.min(initial=low), values.max(initial=high)
    usual = [1, 255, 65535] if picture.mode == "F" else [255, 65535]
    if picture.format == "PPM" and picture.mode == "I":  # as Pillow calls its 16 bits
        usual = [65535]
    for white in usual:
        if low >= 0 and high <= white:
            return 0, white
    return (low, high) if high > low else (0, 1)


assert not ImageFile.LOAD_TRUNCATED_IMAGES  # half a picture is an error, not a grey area

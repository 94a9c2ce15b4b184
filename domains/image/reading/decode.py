"""An image file of any size, colour mode and orientation as an array."""

import contextlib
import io
import math
import warnings
from collections.abc import Iterator

import numpy as np
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import ROWSPERSTRIP, TILELENGTH, TILEWIDTH, TiffImageFile

from domains.image.reading.ink import ink_of
from domains.image.reading.metadata import count_scans, orientation, separate_metadata
from shared.errors import UserError
from shared.files import printable

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif", ".webp", ".avif"),
    *(".bmp", ".dib", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
)
# By content, whatever the suffix. No others: Pillow runs Ghostscript on EPS, and TGA has no signature.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "PPM")

# Limits that keep any file of 16 MB within 1 GiB and 20 s; the decoders of WEBP and AVIF hold several copies.
MAX_PIXELS_OF_FORMAT = {"WEBP": 50_000_000, "AVIF": 40_000_000}
MAX_PIXELS = 100_000_000  # 10,000 × 10,000: above the largest cameras
MAX_SIDE = 65_535
MAX_BLOCK = 50_000_000  # pixels of a TIFF's tile or strip, which is decoded as a whole
MAX_PYTHON_VALUES = 8_000_000  # of a PPM of text or unusual depth, which Pillow decodes in Python
MAX_SCANNED = 3_000_000_000  # pixels × scans of a progressive JPEG
DRAFT_PIXELS = 50_000_000  # above which JPEG is decoded at a smaller scale, at least twice the needed size
STRIP_PIXELS = 4_000_000  # converted at a time

FAR_SMALLER, FAR_LARGER = 2, 32  # times smaller or larger than the network's input: worth a remark
COLOURFUL, COLOURED = 32, 0.02  # from the weakest to the strongest channel; share of such parts of an image

_TURN = Image.Transpose
TURNS = {  # by EXIF orientation
    **{2: _TURN.FLIP_LEFT_RIGHT, 3: _TURN.ROTATE_180, 4: _TURN.FLIP_TOP_BOTTOM, 5: _TURN.TRANSPOSE},
    **{6: _TURN.ROTATE_270, 7: _TURN.TRANSVERSE, 8: _TURN.ROTATE_90},
}


def decode_image(
    data: bytes, label: str, size: int, channels: int, remarks: list[str] | None = None, fit: str = "square"
) -> np.ndarray:
    """Decode an image file to uint8 (channels, size, size): grey (1) or red, green and blue (3).

    The first frame is turned by its EXIF orientation, laid on white where it is transparent, and scaled so
    that its central square fills the size; with ``fit`` "ink", which is grey, see ``ink_of``. Other metadata
    are not read. A ``UserError`` names the file, ``label``, that is no image, broken, or too large. What the
    central square loses is added to ``remarks``.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about unusual but readable files
            image = _read(data, size, "L" if channels == 1 and remarks is None else "RGB")
            if fit == "ink":
                return ink_of(image, size)
            if remarks is not None:
                remarks += _losses(image, size, channels)
                image = image.convert("L") if channels == 1 else image
            fitted = ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
    except Exception as error:  # decoders may raise anything on damaged bytes
        reason = f"a broken or truncated image ({printable(str(error))[:100] or type(error).__name__})"
        if isinstance(error, UnidentifiedImageError):
            reason = "must be an image of a known format"
        elif isinstance(error, Image.DecompressionBombError):
            reason = "too many pixels for any format; scale it down"
        elif isinstance(error, UserError):
            reason = str(error)
        raise UserError(f"{label}: {reason}") from error
    pixels = np.asarray(fitted, np.uint8)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _losses(image: Image.Image, size: int, channels: int) -> list[str]:
    """What a network on images of this size does not see of one in RGB, or sees blurred."""
    losses, side = [], min(image.size)
    if not size / FAR_SMALLER <= side <= size * FAR_LARGER:
        losses.append(f"{image.width:,}×{image.height:,} pixels, the network sees {size}×{size}")
    if channels == 1:
        small = np.asarray(image.resize((32, 32), Image.Resampling.BOX), np.int16)
        if (np.ptp(small, axis=2) > COLOURFUL).mean() > COLOURED:
            losses.append("colours, the network sees grey")
    return losses


def _read(data: bytes, size: int, mode: str) -> Image.Image:
    """The whole image, upright, in mode L or RGB."""
    pixels, tags = separate_metadata(data)
    with Image.open(io.BytesIO(pixels), formats=FORMATS) as opened:
        if passed := _limit_passed(opened, pixels):
            raise UserError(passed)
        if opened.format == "JPEG" and opened.width * opened.height > DRAFT_PIXELS:
            opened.draft(None, (2 * size, 2 * size))
        if opened.format == "TIFF":
            _keep_only_orientation(opened)
        opened.load()
        turn = orientation(tags)
        if opened.format not in ("JPEG", "PNG"):
            with contextlib.suppress(Exception):
                turn = opened.getexif().get(ExifTags.Base.Orientation, 1)
        image = _flat(opened, mode)
    del opened  # turning needs its memory
    return image.transpose(TURNS[turn]) if turn in TURNS else image


def _limit_passed(opened: ImageFile.ImageFile, data: bytes) -> str:
    """The limit that the image exceeds, and the remedy; empty if it is within all."""
    width, height = opened.size
    pixels, limit = width * height, MAX_PIXELS_OF_FORMAT.get(opened.format or "", MAX_PIXELS)
    size = f"{width:,}×{height:,}"
    if pixels > limit or max(width, height) > MAX_SIDE:
        return f"must have at most {limit:,} pixels, got {size}; scale it down"
    if opened.format == "JPEG" and (scans := count_scans(data)) * pixels > MAX_SCANNED:
        return f"too many scans: {scans:,} of {size} pixels; save it again"
    if isinstance(opened, TiffImageFile):
        tile = [opened.tag_v2.get(tag, 0) for tag in (TILEWIDTH, TILELENGTH)]
        rows = min(opened.tag_v2.get(ROWSPERSTRIP, height), height)
        block = math.prod(tile) if any(tile) else rows * width
        if block > MAX_BLOCK:
            return f"must have tiles or strips of at most {MAX_BLOCK:,} pixels, got {block:,}; save it again"
    in_python = opened.format == "PPM" and opened.tile[0].codec_name != "raw"
    if in_python and pixels * len(opened.getbands()) > MAX_PYTHON_VALUES:
        return f"{size} pixels as text or of unusual depth are too slow; save it as PNG"
    return ""


def _keep_only_orientation(opened: Image.Image) -> None:
    """Remove other tags of a TIFF, since loading reads them and they may be broken."""
    with contextlib.suppress(Exception):
        opened.getexif()  # a second call raises nothing
    tags = opened.getexif()
    for tag in set(tags) - {ExifTags.Base.Orientation}:
        del tags[tag]


def _flat(image: Image.Image, mode: str) -> Image.Image:
    """Convert to eight bits per channel without transparency, strip by strip to save memory."""
    if image.mode == mode and not image.has_transparency_data:
        return image
    is_numeric = image.mode.startswith(("I", "F"))
    low, high = _range(image) if is_numeric else (0, 255)
    flat = Image.new(mode, image.size)
    for strip, top in _strips(image):
        if is_numeric:
            values = np.nan_to_num(np.asarray(strip, np.float64)).clip(low, high)
            strip = Image.fromarray(((values - low) * 255 / (high - low)).round().astype(np.uint8))
        elif strip.has_transparency_data:
            strip = strip.convert("RGBA")
            strip = Image.alpha_composite(Image.new("RGBA", strip.size, "white"), strip)
        flat.paste(strip.convert(mode), (0, top))
    return flat


def _strips(image: Image.Image) -> Iterator[tuple[Image.Image, int]]:
    """Strips of at most STRIP_PIXELS or one row, and the row at which each begins."""
    rows = max(STRIP_PIXELS // image.width, 1)
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height))), top


def _range(image: Image.Image) -> tuple[float, float]:
    """The values of black and white: the usual range that holds all values, else their own range."""
    if image.mode.startswith("I;16"):
        return 0, 65535
    low, high = np.inf, -np.inf
    for strip, _ in _strips(image):
        values = np.asarray(strip, np.float64)
        values = values[np.isfinite(values)]
        low, high = values.min(initial=low), values.max(initial=high)
    usual = [1, 255, 65535] if image.mode == "F" else [255, 65535]
    if image.format == "PPM" and image.mode == "I":  # 16 bits, in Pillow's terms
        usual = [65535]
    for white in usual:
        if low >= 0 and high <= white:
            return 0, white
    return (low, high) if high > low else (0, 1)


assert not ImageFile.LOAD_TRUNCATED_IMAGES  # a truncated image is an error

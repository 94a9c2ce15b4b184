"""One picture file as numbers: whatever its size, colours and orientation."""

import io
import warnings

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from shared.errors import UserError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
MOST_PIXELS = 100_000_000  # 10,000 × 10,000: above the largest cameras, far below what fills the memory
DEEP = ("I;16", "I;16L", "I;16B", "I")  # Pillow's names for grey of 16 bits and more


def decode(data: bytes, label: str, size: int, channels: int) -> np.ndarray:
    """A picture file as uint8 (channels, size, size).

    It is turned as its EXIF data say, laid on white where it is transparent, and scaled so that its middle
    square fills the size. Of a moving picture the first frame counts.

    Args:
        data: the file's bytes.
        label: the file's name, for errors.
        size: pixels of a side.
        channels: 1 for grey, 3 for red, green and blue.

    Raises:
        UserError: no picture, a broken one, or one of more than ``MOST_PIXELS``.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd but readable files; the bomb is refused below
            with Image.open(io.BytesIO(data)) as opened:
                width, height = opened.size
                if width * height > MOST_PIXELS:
                    raise UserError(
                        f"{label}: {width:,}×{height:,} pixels, over {MOST_PIXELS:,}; scale it down"
                    )
                picture = ImageOps.exif_transpose(opened)
                picture = _flat(picture).convert("L" if channels == 1 else "RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        reason = "no picture" if isinstance(error, UnidentifiedImageError) else "far too many pixels"
        raise UserError(f"{label}: {reason}, or of a kind that is not known; leave it out") from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as error:
        raise UserError(f"{label}: a broken or truncated picture ({error}); leave it out") from error
    fitted = ImageOps.fit(picture, (size, size), Image.Resampling.BICUBIC)
    pixels = np.asarray(fitted, np.uint8)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _flat(picture: Image.Image) -> Image.Image:
    """Eight bits a channel, and nothing transparent."""
    if picture.mode in DEEP:
        values = np.asarray(picture).astype(np.float64)
        # "I" is also what Pillow makes of 16-bit PNG files: their range is that of 16 bits
        return Image.fromarray((values.clip(0, 65535) / 257).round().astype(np.uint8))
    if picture.has_transparency_data:
        coloured = picture.convert("RGBA")
        white = Image.new("RGBA", coloured.size, "white")
        return Image.alpha_composite(white, coloured)
    return picture


assert not ImageFile.LOAD_TRUNCATED_IMAGES  # half a picture is an error, not a grey area

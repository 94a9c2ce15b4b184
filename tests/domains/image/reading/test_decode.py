"""Image files of every format, colour mode and size as arrays."""

import numpy as np
import pytest
from PIL import Image

from domains.image.reading import decode as module
from domains.image.reading.decode import decode_image
from domains.image.reading.metadata import count_scans
from shared.errors import UserError
from tests.domains.image.picture_folders import saved


def halves(mode: str, left: object, right: object, side: int = 8) -> Image.Image:
    """A square whose left half has one colour and its right half another."""
    image = Image.new(mode, (side, side), left)
    image.paste(right, (side // 2, 0, side, side))
    return image


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "WEBP"])
def test_colours_and_grey(kind: str) -> None:
    data = saved(
        halves("RGB", (255, 0, 0), (0, 0, 255)), kind, **({"lossless": True} if kind == "WEBP" else {})
    )
    x = decode_image(data, "a", 8, 3)
    assert x.shape == (3, 8, 8)
    assert x.dtype == np.uint8
    assert x[:, 0, 0].tolist() == [255, 0, 0]
    assert x[:, 0, 7].tolist() == [0, 0, 255]
    grey = decode_image(data, "a", 8, 1)
    assert grey.shape == (1, 8, 8)
    assert grey[0, 0, 0] == 76  # ITU-R BT.601: 0.299 of 255


def test_grey_becomes_three_equal_channels() -> None:
    x = decode_image(saved(halves("L", 10, 200), "PNG"), "a", 8, 3)
    assert x[:, 3, 0].tolist() == [10, 10, 10]
    assert x[:, 3, 7].tolist() == [200, 200, 200]


def test_sixteen_bits_keep_their_range() -> None:
    values = np.zeros((8, 8), np.uint16)
    values[:, 4:] = 65535
    values[0] = 32768
    x = decode_image(saved(Image.fromarray(values), "PNG"), "a", 8, 1)
    assert x[0, 4].tolist() == [0] * 4 + [255] * 4
    assert x[0, 0, 0] == 128


def test_cmyk_and_transparency() -> None:
    x = decode_image(saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=100), "a", 8, 3)
    assert np.abs(x[:, 4, 4].astype(int) - [255, 0, 0]).max() < 8
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert decode_image(saved(clear, "PNG"), "a", 8, 3).min() == 255  # on white
    palette = halves("P", 0, 1)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    assert (
        decode_image(saved(palette, "PNG", transparency=0), "a", 8, 1)[0, 0].tolist() == [255] * 4 + [9] * 4
    )


def test_images_are_turned_by_their_orientation() -> None:
    image = halves("L", 0, 255)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the left of the data is the top of the picture
    x = decode_image(saved(image, "PNG", exif=exif), "a", 8, 1)
    assert x[0, 0].tolist() == [0] * 8
    assert x[0, 7].tolist() == [255] * 8


def test_any_size_is_scaled_to_its_central_square() -> None:
    wide = Image.new("L", (40, 10), 0)
    wide.paste(200, (15, 0, 25, 10))
    assert decode_image(saved(wide, "PNG"), "a", 10, 1).tolist() == [[[200] * 10] * 10]
    assert decode_image(saved(Image.new("L", (1, 1), 77), "PNG"), "a", 32, 1).tolist() == [[[77] * 32] * 32]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"hello, I am a text", "must be an image of a known format"),
        (b"", "must be an image of a known format"),
        (saved(Image.new("RGB", (8, 8)), "EPS"), "must be an image of a known format"),
        (saved(halves("RGB", 0, 255, 64), "JPEG")[:400], "broken or truncated"),
        (saved(Image.effect_noise((64, 64), 90), "PNG")[:2000], "broken or truncated"),
    ],
    ids=["text", "empty", "EPS", "truncated JPEG", "truncated PNG"],
)
def test_other_files_are_named(data: bytes, message: str) -> None:
    with pytest.raises(UserError, match=rf"holiday\.jpg: .*{message}"):
        decode_image(data, "holiday.jpg", 8, 3)


def test_a_decompression_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = saved(Image.new("1", (20_000, 20_000)), "PNG")
    assert len(bomb) < 100_000
    with pytest.raises(UserError, match=r"bomb\.png: .*too many pixels"):
        decode_image(bomb, "bomb.png", 8, 1)
    monkeypatch.setattr(module, "MAX_PIXELS", 99)
    with pytest.raises(UserError, match=r"a\.png: must have at most 99 pixels, got 10×10; scale it down"):
        decode_image(saved(Image.new("1", (10, 10)), "PNG"), "a.png", 8, 1)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "CMYK", "I;16", "1"])
def test_strips_give_the_whole_image(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    image = Image.fromarray(random.integers(0, 256, (50, 40, 4), dtype=np.uint8)).convert("RGBA")
    if mode == "I;16":
        image = Image.fromarray(random.integers(0, 65536, (50, 40), dtype=np.uint16))
    data = saved(image.convert(mode), "TIFF" if mode == "CMYK" else "PNG")
    whole = decode_image(data, "a", 8, 3)
    monkeypatch.setattr(module, "STRIP_PIXELS", 130)
    assert np.array_equal(decode_image(data, "a", 8, 3), whole)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 51, 255]], np.int32), [0, 51, 255]),
        (np.array([[0, 257, 65535]], np.int32), [0, 1, 255]),
        (np.array([[-1000, 0, 1000]], np.int32), [0, 128, 255]),
        (np.array([[0, 10**9, 2 * 10**9]], np.int32), [0, 128, 255]),
        (np.array([[0, 0.2, 1]], np.float32), [0, 51, 255]),
        (np.array([[0, 51, 255]], np.float32), [0, 51, 255]),
        (np.array([[-3.0, 0, 3]], np.float32), [0, 128, 255]),
        (np.array([[np.nan, 1, np.inf]], np.float32), [0, 255, 255]),
        (np.array([[7.5e6, 7.5e6, 7.5e6]], np.float32), [255, 255, 255]),
    ],
)
def test_32_bit_values_are_scaled_by_their_range(values: np.ndarray, expected: list[int]) -> None:
    data = saved(Image.fromarray(values.repeat(3, 0)), "TIFF")
    assert decode_image(data, "a", 3, 1)[0, 1].tolist() == expected


def test_the_format_is_recognised_by_content() -> None:
    assert decode_image(saved(halves("RGB", 0, 255), "WEBP"), "a.jpg", 8, 3).shape == (3, 8, 8)


@pytest.mark.parametrize("error", [MemoryError, RecursionError, AssertionError, KeyError, OverflowError])
def test_any_exception_of_a_decoder_names_the_file(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Image.Image, "crop", fail)
    with pytest.raises(UserError, match=rf"a\.png: a broken or truncated image \({error.__name__}\)"):
        decode_image(saved(Image.new("L", (9, 9)), "PNG"), "a.png", 8, 3)


def test_limits_of_each_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = Image.effect_noise((64, 64), 90)
    jpeg = saved(noise, "JPEG", progressive=True)
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    assert count_scans(jpeg) == 6
    assert count_scans(jpeg[:-2] + 10 * scan + b"\xff\xd9\xff\xda") == 16
    decode_image(jpeg[:-2] + 10 * scan + b"\xff\xd9", "a.jpg", 8, 1)
    monkeypatch.setattr(module, "MAX_SCANNED", 15 * 64 * 64)
    with pytest.raises(UserError, match="too many scans: 16 of 64×64 pixels"):
        decode_image(jpeg[:-2] + 10 * scan + b"\xff\xd9", "a.jpg", 8, 1)
    monkeypatch.setattr(module, "MAX_PYTHON_VALUES", 99)
    decode_image(b"P5 10 10 255 " + bytes(100), "a.pgm", 8, 1)
    with pytest.raises(
        UserError, match=r"a\.pgm: 10×10 pixels as text or of unusual depth are too slow; save it as PNG"
    ):
        decode_image(b"P5 10 10 99 " + bytes(100), "a.pgm", 8, 1)
    monkeypatch.setattr(module, "MAX_BLOCK", 99)
    with pytest.raises(
        UserError, match=r"a\.tif: must have tiles or strips of at most 99 pixels, got 4,096; save it again"
    ):
        decode_image(saved(noise, "TIFF"), "a.tif", 8, 1)
    monkeypatch.setattr(module, "DRAFT_PIXELS", 99)
    assert (
        np.abs(decode_image(jpeg, "a", 8, 1).astype(int) - decode_image(saved(noise, "PNG"), "a", 8, 1)).max()
        < 12
    )

"""Broken metadata never cost an image; only the orientation is used."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from domains.image.reading.decode import decode_image
from tests.domains.image.picture_folders import chunk, saved

GARBAGE = bytes(range(256)) * 4


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8))


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def upright() -> np.ndarray:
    return decode_image(saved(picture(), "PNG"), "a", 8, 1)


@pytest.mark.parametrize(
    "tag",
    [
        chunk(b"eXIf", GARBAGE),
        chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01"),
        chunk(b"iCCP", b"name\0\7" + GARBAGE),
        chunk(b"gAMA", b"\0"),
        chunk(b"pHYs", b"\0"),
        chunk(b"cHRM", b""),
        chunk(b"sRGB", b""),
        chunk(b"tEXt", b"Comment\0hello", crc=1),
        chunk(b"zTXt", b"a\0\5" + GARBAGE),
        chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(3 * 2**20))),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(3 * 2**20))),
        chunk(b"acTL", b"\0\0"),
        chunk(b"fcTL", bytes(26)),
        chunk(b"fdAT", b""),
        chunk(b"quIx", GARBAGE),
    ],
    ids=lambda tag: tag[4:8].decode(),
)
def test_broken_chunks_of_png(tag: bytes) -> None:
    whole = saved(picture(), "PNG")
    assert np.array_equal(decode_image(whole[:33] + tag + whole[33:], "a", 8, 1), upright())
    assert np.array_equal(decode_image(whole[:-12] + tag + whole[-12:], "a", 8, 1), upright())


@pytest.mark.parametrize(
    "tag",
    [
        segment(0xE1, b"Exif\0\0" + GARBAGE),
        segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff"),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + GARBAGE),
        segment(0xE2, b"ICC_PROFILE\0" + GARBAGE),
        segment(0xE2, b"ICC_PROFILE\0"),
        segment(0xE2, b"MPF\0" + GARBAGE),
        segment(0xE2, b"MPF\0"),
        segment(0xED, b"Photoshop 3.0\x008BIM" + GARBAGE),
        segment(0xED, b"Photoshop 3.0\x008BIM"),
        segment(0xFE, GARBAGE),
    ],
)
def test_broken_segments_of_jpeg(tag: bytes) -> None:
    whole = saved(picture(), "JPEG")
    expected = decode_image(whole, "a", 8, 1)
    assert np.array_equal(decode_image(whole[:2] + tag + whole[2:], "a", 8, 1), expected)
    turned = saved(picture(), "JPEG", exif=exif(6))
    start = turned.index(b"\xff\xe1")
    both = turned[:start] + tag + turned[start:]
    assert np.array_equal(decode_image(both, "a", 8, 1), np.rot90(expected, -1, (1, 2)))


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_broken_exif_of_others(kind: str) -> None:
    tags = exif(1)
    tags[0x010F] = "a maker"
    whole = saved(picture().convert("RGB"), kind, exif=tags)
    broken = whole.replace(b"II*\0", b"what").replace(b"MM\0*", b"what")
    assert broken != whole
    assert np.array_equal(decode_image(broken, "a", 8, 3), decode_image(whole, "a", 8, 3))


def test_a_tiff_tag_that_points_outside() -> None:
    tags = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 8, 274: 3, 277: 1, 278: 8, 279: 64}
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items()]
    entries.append(struct.pack("<HHIi", 0x8769, 9, 1, -46))  # where the camera's notes are
    data = (
        struct.pack("<4sI64sH", b"II*\0", 72, bytes(range(64)), len(entries)) + b"".join(entries) + bytes(4)
    )
    assert np.array_equal(decode_image(data, "a", 8, 1)[0], np.arange(64).reshape(8, 8)[::-1, ::-1])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("number", range(10))
def test_orientation(kind: str, number: int) -> None:
    settings = {"lossless": True} if kind == "WEBP" else {}
    whole = decode_image(saved(picture().convert("RGB"), kind, **settings), "a", 8, 3)
    turned = decode_image(saved(picture().convert("RGB"), kind, exif=exif(number), **settings), "a", 8, 3)
    ways = {
        2: lambda x: x[..., ::-1],
        3: lambda x: np.rot90(x, 2, (1, 2)),
        4: lambda x: x[:, ::-1],
        5: lambda x: x.swapaxes(1, 2),
        6: lambda x: np.rot90(x, -1, (1, 2)),
        7: lambda x: np.rot90(x.swapaxes(1, 2), 2, (1, 2)),
        8: lambda x: np.rot90(x, 1, (1, 2)),
    }
    assert np.array_equal(turned, ways.get(number, lambda x: x)(whole))


def test_orientation_of_other_tags() -> None:
    whole = saved(picture(), "PNG")
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="3"/></x:xmpmeta>'
    data = whole[:33] + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp) + whole[33:]
    assert np.array_equal(decode_image(data, "a", 8, 1), np.rot90(upright(), 2, (1, 2)))
    jpeg = saved(picture(), "JPEG")
    data = jpeg[:2] + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp) + jpeg[2:]
    assert np.array_equal(decode_image(data, "a", 8, 1), np.rot90(decode_image(jpeg, "a", 8, 1), 2, (1, 2)))


def test_the_first_of_several_images_is_used() -> None:
    first, second = picture().convert("RGB"), Image.new("RGB", (8, 8), "red")
    for kind in ("PNG", "TIFF", "GIF", "WEBP", "MPO"):
        settings = {"lossless": True} if kind == "WEBP" else {}
        several = saved(first, kind, save_all=True, append_images=[second], **settings)
        one = saved(first, kind.replace("MPO", "JPEG"), **settings)
        assert np.array_equal(decode_image(several, "a", 8, 3), decode_image(one, "a", 8, 3))

"""A user's own images, CLASS/*.jpg in a folder or an archive, decoded once."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from domains.image.reading.decode import SUFFIXES, decode_image
from shared.config import reading
from shared.errors import UserError
from shared.files import Inventory, cached_arrays, check_folders, layout_of, members, printable, where

UNREADABLE, NO_CLASS = "unreadable", "not in a class's folder"
HINT = "sort the images as CLASS/image.jpg"
# Image formats that are not read: a folder of only these would be a missing class.
UNSUPPORTED = (
    *(".heic", ".heif", ".jxl", ".jp2", ".j2k", ".tga", ".ico", ".svg", ".eps", ".psd", ".exr", ".hdr"),
    *(".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".dcm", ".npy", ".pdf"),
)


class Images(NamedTuple):
    """N images in memory, with their classes and splits."""

    x: np.ndarray  # uint8 (N, channels, height, width)
    y: np.ndarray  # int64 (N,) numbers of classes
    split: np.ndarray  # "<U5" (N,) official: train, val, test, or empty
    name: np.ndarray  # (N,) of the files; empty without files
    classes: list[str]
    seen: Inventory  # the files, used or skipped
    notes: list[str]  # remarks on folders and classes, for the summary


def read_folder(path: Path | None, size: int, channels: int, fit: str = "square") -> Images:
    """Read images in folders by class.

    Folders ``train``, ``val`` and ``test``, or with other usual names of these, above or below the classes
    are the official splits. Unreadable images are skipped and noted.

    Raises:
        UserError: no readable image, most of them unreadable or not in a class's folder, or a class without
            a readable image.
    """
    if path is None:
        raise UserError("data.path: must be a folder or an archive of CLASS/*.jpg, got null")
    version = f"pictures-3-{channels}x{size}" + f"-{fit}-1" * (fit != "square")
    arrays = cached_arrays(lambda: _decode_all(path, size, channels, fit), path, version)
    seen = Inventory.of_array(arrays["seen"])
    names = arrays["name"].tolist()
    layout = layout_of(names)
    has_class = layout.label != ""
    for name, usable in zip(names, has_class.tolist(), strict=True):
        if usable:
            seen.use(name)
        else:
            seen.skip(name, NO_CLASS)
    seen.check_share(NO_CLASS, HINT)
    seen.check_share(UNREADABLE, f"repair or remove such files of {path}")
    classes, y = np.unique(layout.label[has_class], return_inverse=True)
    notes = check_folders(
        *(seen, path, lambda reason: reason == UNREADABLE or reason.endswith(UNSUPPORTED)),
        remedy="convert them to JPEG or PNG",
        ignored=classes.tolist(),
    )
    x, split, name = arrays["x"][has_class], layout.split[has_class], arrays["name"][has_class]
    return Images(x, y.astype(np.int64), split, name, classes.tolist(), seen, [*layout.notes, *notes])


def read_images(
    path: Path,
    size: int,
    channels: int,
    seen: Inventory,
    remarks: dict[str, list[str]] | None = None,
    fit: str = "square",
) -> Iterator[tuple[str, np.ndarray]]:
    """Decode the images of a file, a folder or an archive, with a progress bar.

    Yields the name and the image uint8 (channels, size, size); ``seen`` notes skipped files, and the caller
    the others. ``remarks`` gets those of ``decode_image`` by name. A ``UserError`` says that no image is
    readable.
    """
    first, used = None, 0
    for member in reading(members(path, SUFFIXES, seen=seen), "reading images"):
        label = where(path, member.name)
        try:
            own = None if remarks is None else remarks.setdefault(member.name, [])
            image = decode_image(member.data, label, size, channels, own, fit)
        except UserError as error:
            seen.skip(member.name, UNREADABLE, str(error).removeprefix(f"{label}: "))
            first = first or error
        else:
            used += 1
            yield member.name, image
    if not used:
        got = f"got {seen.skipped[UNREADABLE]:,} unreadable ones; the first: {first}"
        raise UserError(f"{printable(str(path))}: must hold a readable image, {got}")


def _decode_all(path: Path, size: int, channels: int, fit: str) -> dict[str, np.ndarray]:
    seen = Inventory()
    names, images = zip(*read_images(path, size, channels, seen, None, fit), strict=True)
    return {"x": np.stack(images), "name": np.array(names), "seen": seen.array()}

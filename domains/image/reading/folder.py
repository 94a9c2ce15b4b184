"""A user's own images, CLASS/*.jpg in a folder or an archive, decoded once."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from domains.image.reading.decode import SUFFIXES, decode_image
from domains.image.reading.images import Images
from shared.config import reading
from shared.errors import UserError
from shared.files import Inventory, cached_arrays, class_name, layout_of, members, where

MAX_FOLDERS = 6  # in a remark
UNREADABLE, NO_CLASS = "unreadable", "not in a class's folder"
HINT = "sort the images as CLASS/image.jpg"
# Image formats that are not read: a folder of only these would be a missing class.
UNSUPPORTED = (
    *(".heic", ".heif", ".jxl", ".jp2", ".j2k", ".tga", ".ico", ".svg", ".eps", ".psd", ".exr", ".hdr"),
    *(".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".dcm", ".npy", ".pdf"),
)


def read_folder(path: Path | None, size: int, channels: int) -> Images:
    """Read images in folders by class.

    Folders ``train``, ``val`` and ``test``, or with other usual names of these, above or below the classes
    are the official splits. Unreadable images are skipped and noted.

    Raises:
        UserError: no readable image, most of them unreadable or not in a class's folder, or a class without
            a readable image.
    """
    if path is None:
        raise UserError("data.path: must be a folder or an archive of CLASS/*.jpg, got null")
    arrays = cached_arrays(lambda: _decode_all(path, size, channels), path, f"pictures-3-{channels}x{size}")
    seen = Inventory.of_array(arrays["seen"])
    names = arrays["name"].tolist()
    layout = layout_of(names)
    has_class = layout.label != ""
    for name, usable in zip(names, has_class.tolist(), strict=True):
        if usable:
            seen.use(name)
        else:
            seen.skip(name, NO_CLASS)
    if not has_class.any():
        raise UserError(f"{where(path, names[0])}: must be in a class's folder; {HINT}")
    seen.check_share(NO_CLASS, HINT)
    seen.check_share(UNREADABLE, f"repair or remove such files of {path}")
    classes, y = np.unique(layout.label[has_class], return_inverse=True)
    return Images(
        x=arrays["x"][has_class],
        y=y.astype(np.int64),
        split=layout.split[has_class],
        name=arrays["name"][has_class],
        classes=classes.tolist(),
        seen=seen,
        notes=[*layout.notes, *_without_images(path, seen, set(classes.tolist()))],
    )


def read_images(path: Path, size: int, channels: int, seen: Inventory) -> Iterator[tuple[str, np.ndarray]]:
    """Decode the images of a file, a folder or an archive, with a progress bar.

    Args:
        path: a file, a folder or an archive.
        size: height and width in pixels.
        channels: 1 for grey, 3 for red, green and blue.
        seen: notes skipped files; the caller notes those it uses.

    Yields:
        The name and the image uint8 (channels, size, size).

    Raises:
        UserError: no readable image.
    """
    first = None
    readable = False
    for member in reading(members(path, SUFFIXES, seen=seen), "reading images"):
        label = where(path, member.name)
        try:
            image = decode_image(member.data, label, size, channels)
        except UserError as error:
            seen.skip(member.name, UNREADABLE, str(error).removeprefix(f"{label}: "))
            first = first or error
        else:
            readable = True
            yield member.name, image
    if not readable:
        count = seen.skipped[UNREADABLE]
        none = f"{path}: must hold a readable image, got {count:,} unreadable ones; the first: "
        raise UserError(f"{none if count > 1 else ''}{first}")


def _decode_all(path: Path, size: int, channels: int) -> dict[str, np.ndarray]:
    seen = Inventory()
    names, images = zip(*read_images(path, size, channels, seen), strict=True)
    return {"x": np.stack(images), "name": np.array(names), "seen": seen.array()}


def _without_images(path: Path, seen: Inventory, classes: set[str]) -> list[str]:
    """A remark on folders without images; refused, if their images are unreadable."""
    folders = []
    for folder, reasons in seen.unused_folders().items():
        if folder == "." or class_name(PurePosixPath(folder).name) in classes:
            continue
        if any(reason == UNREADABLE or reason.endswith(UNSUPPORTED) for reason in reasons):
            counts = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
            raise UserError(
                f"{where(path, folder)}: must hold readable images, got {counts}; convert them to JPEG or "
                "PNG, or remove the folder: its class would be missing"
            )
        folders.append(f"{folder}/")
    more = ", …" if len(folders) > MAX_FOLDERS else ""
    return [f"folders without images: {', '.join(folders[:MAX_FOLDERS])}{more}"] if folders else []

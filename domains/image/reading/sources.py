"""Where pictures come from: each source gives them decoded, with the names of their classes."""

import gzip
import io
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from domains.image.reading.decode import SUFFIXES, decode_image
from shared.config import reading
from shared.errors import UserError
from shared.files import (
    MEMBER_LIMIT,
    Inventory,
    cache_folder,
    cached_arrays,
    class_name,
    layout_of,
    members,
    printable,
    where,
)

NAMED = 6  # folders of a remark
UNREADABLE, NO_CLASS = "unreadable", "in no class's folder"
SORT = "sort the pictures as CLASS/picture.jpg"
# Pictures that are not read: a folder of nothing else would be a class that is missing.
OTHER_PICTURES = (
    *(".heic", ".heif", ".jxl", ".jp2", ".j2k", ".tga", ".ico", ".svg", ".eps", ".psd", ".exr", ".hdr"),
    *(".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".dcm", ".npy", ".pdf"),
)
FASHION = ["T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag"]
FASHION += ["ankle boot"]


class Pictures(NamedTuple):
    """N pictures and, for each, its class and the official set it belongs to.

    Attributes:
        x: uint8 (N, channels, height, width).
        y: int64 (N,), numbers of classes.
        side: "<U5" (N,): ``train``, ``val``, ``test``, or empty where nobody has settled it.
        name: (N,), of the files; empty where there are none.
        classes: names.
        seen: the files, used or skipped.
        notes: what their folders were taken for, and what looks odd in them.
    """

    x: np.ndarray
    y: np.ndarray
    side: np.ndarray
    name: np.ndarray
    classes: list[str]
    seen: Inventory
    notes: list[str]


Source = Callable[[Path | None, int, int], Pictures]  # of a path, the pixels of a side, the channels


def _official(parts: dict[str, tuple[np.ndarray, np.ndarray]], classes: list[str]) -> Pictures:
    """Sets that come as arrays."""
    side = np.concatenate([np.full(len(y), name) for name, (_, y) in parts.items()])
    x, y = (np.concatenate([part[i] for part in parts.values()]) for i in (0, 1))
    return Pictures(x, y.astype(np.int64), side, np.full(len(y), ""), classes, Inventory(), [])


def digits(path: Path | None, size: int, channels: int) -> Pictures:
    """scikit-learn's 1,797 handwritten digits of 8×8 pixels, enlarged: they come with it."""
    from sklearn.datasets import load_digits

    if path is not None:
        raise UserError(f"data.path={path}: data=image/digits reads no files; add data=image/folder")
    given = load_digits()
    small = torch.from_numpy(given.images * (255 / 16)).float()[:, None]
    large = F.interpolate(small, size=(size, size), mode="bilinear", antialias=True)
    x = large.round().to(torch.uint8).expand(-1, channels, -1, -1).numpy().copy()
    empty = np.full(len(x), "")
    names = [str(i) for i in range(10)]
    return Pictures(x, given.target.astype(np.int64), empty, empty, names, Inventory(), [])


def idx(data: bytes, label: str) -> np.ndarray:
    """The array in a file of the MNIST family: pictures (N, height, width) or labels (N,), uint8.

    Raises:
        UserError: a magic number or a length that is not so.
    """
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(MEMBER_LIMIT + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{label}: broken or truncated gzip ({error}); fetch it again") from error
    if len(data) > MEMBER_LIMIT:
        raise UserError(f"{label}: more than {MEMBER_LIMIT:,} bytes once unpacked, which no set of these has")
    magic = int.from_bytes(data[:4], "big")
    dimensions = {0x801: 1, 0x803: 3}.get(magic)
    if dimensions is None:
        raise UserError(
            f"{label}: magic number {magic:#x}, but idx files begin with 0x803 (pictures) or 0x801 (labels)"
        )
    head = 4 + 4 * dimensions
    if len(data) < head:
        raise UserError(f"{label}: a head of {len(data)} bytes, where {head} are due; fetch it again")
    shape = [int.from_bytes(data[i : i + 4], "big") for i in range(4, head, 4)]
    expected = int(np.prod(shape, dtype=object))
    if len(data) - head != expected:
        raise UserError(
            f"{label}: {len(data) - head:,} bytes follow its head, which promises "
            f"{'×'.join(map(str, shape))} = {expected:,}; fetch it again"
        )
    return np.frombuffer(data, np.uint8, offset=head).reshape(shape)


def _mnist(kind: str, names: list[str]) -> Source:
    """MNIST and what was made in its form: the four original files, or torchvision's download of them."""

    def read(path: Path | None, size: int, channels: int) -> Pictures:
        if path is None:
            import torchvision.datasets

            root = cache_folder() / "torchvision"
            try:
                getattr(torchvision.datasets, kind)(root, download=True)
            except Exception as error:  # it wraps some of what goes wrong and lets other errors pass
                raise _no_download(kind, root, error, "the folder of its four idx files") from error
            path = root / kind / "raw"
        found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for side, prefix in (("train", "train"), ("test", "t10k")):
            x = idx(*_file(path, f"{prefix}-images-idx3-ubyte"))
            y = idx(*_file(path, f"{prefix}-labels-idx1-ubyte"))
            if x.ndim != 3 or y.ndim != 1 or len(x) != len(y):
                raise UserError(
                    f"{path}: {prefix}: pictures {x.shape} and labels {y.shape} do not belong together"
                )
            if len(y) and y.max() >= len(names):
                raise UserError(f"{path}: {prefix}: a label {y.max()}, but there are {len(names)} classes")
            found[side] = (_scaled(x[:, None], size, channels), y)
        return _official(found, names)

    return read


def _file(path: Path, stem: str) -> tuple[bytes, str]:
    """The bytes and the name of one of the four files, packed or not, under either spelling of its name."""
    for name in (stem, stem.replace("-idx", ".idx")):
        for file in (path / name, path / f"{name}.gz"):
            if file.is_file():
                return next(members(file)).data, str(file)
    raise UserError(f"{path}: there is no {stem} or {stem}.gz in it; give the folder of the four idx files")


def cifar10(path: Path | None, size: int, channels: int) -> Pictures:
    """CIFAR-10 through torchvision, which checks the files' digests before it opens them."""
    import torchvision.datasets

    root = path or cache_folder() / "torchvision"
    make = partial(torchvision.datasets.CIFAR10, root, download=path is None)
    try:
        found = {side: make(train=side == "train") for side in ("train", "test")}
    except Exception as error:  # as above
        if path is None:
            raise _no_download(
                "CIFAR-10", root, error, "the folder that holds cifar-10-batches-py"
            ) from error
        raise UserError(
            f"data.path: must be the folder that holds torchvision's cifar-10-batches-py, got {path} "
            f"({_one_line(error)}); for pictures in folders by class give data=image/folder"
        ) from error
    arrays = {
        side: (_scaled(each.data.transpose(0, 3, 1, 2), size, channels), np.array(each.targets))
        for side, each in found.items()
    }
    return _official(arrays, list(found["train"].classes))


def _no_download(name: str, root: Path, error: Exception, files: str) -> UserError:
    return UserError(
        f"{name}: cannot be downloaded to {root} ({_one_line(error)}); fetch it by other means and give "
        f"data.path={files}"
    )


def _one_line(error: Exception) -> str:
    return printable(" ".join(str(error).split()))[:200] or type(error).__name__


def _scaled(x: np.ndarray, size: int, channels: int) -> np.ndarray:
    """Pictures of one size as another, grey or coloured."""
    if x.shape[1] == 3 and channels == 1:
        weights = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow has it
        x = np.einsum("nchw,c->nhw", x, weights).round().astype(np.uint8)[:, None]
    if x.shape[1] != channels:
        x = x.repeat(channels, 1)
    if x.shape[2:] != (size, size):
        enlarged = F.interpolate(
            torch.from_numpy(x.copy()).float(), (size, size), mode="bicubic", antialias=True
        )
        x = enlarged.round().clamp(0, 255).to(torch.uint8).numpy()
    return np.ascontiguousarray(x)


def folder(path: Path | None, size: int, channels: int) -> Pictures:
    """A user's own pictures: CLASS/*.jpg and the like in a folder or an archive, decoded once.

    Above or below the classes may stand ``train``, ``val`` and ``test``, or other usual names of these, which
    are then the official sets. Pictures that cannot be read are skipped and named.

    Raises:
        UserError: no picture that can be read, most cannot or lie in no class's folder, or a class of which
            none can.
    """
    if path is None:
        raise UserError("data.path is not set: give data.path=, a folder or an archive of CLASS/*.jpg")
    stored = cached_arrays(lambda: _decoded(path, size, channels), path, f"pictures-2-{channels}x{size}")
    seen = Inventory.of_array(stored["seen"])
    names = stored["name"].tolist()
    placed = layout_of(names)
    known = placed.label != ""
    for name, usable in zip(names, known.tolist(), strict=True):
        if usable:
            seen.use(name)
        else:
            seen.skip(name, NO_CLASS)
    if not known.any():
        raise UserError(f"{where(path, names[0])}: must lie in a class's folder; {SORT}")
    seen.check_share(NO_CLASS, SORT)
    seen.check_share(UNREADABLE, f"mend or remove such files of {path}")
    classes, y = np.unique(placed.label[known], return_inverse=True)
    notes = [*placed.notes, *_without_pictures(path, seen, set(classes.tolist()))]
    return Pictures(
        *(stored["x"][known], y.astype(np.int64), placed.split[known], stored["name"][known]),
        *(classes.tolist(), seen, notes),
    )


def _decoded(path: Path, size: int, channels: int) -> dict[str, np.ndarray]:
    pixels, names = [], []
    seen, first = Inventory(), None
    for member in reading(members(path, SUFFIXES, seen=seen), f"reading {path.name}"):
        label = where(path, member.name)
        try:
            pixels.append(decode_image(member.data, label, size, channels))
        except UserError as error:
            seen.skip(member.name, UNREADABLE, str(error).removeprefix(f"{label}: "))
            first = first or error
        else:
            names.append(member.name)
    if not pixels:
        raise UserError(f"{path}: none of its pictures can be read; the first: {first}")
    return {"x": np.stack(pixels), "name": np.array(names), "seen": seen.array()}


def _without_pictures(path: Path, seen: Inventory, classes: set[str]) -> list[str]:
    """A remark on folders without a usable picture; refused, if they hold some that cannot be read."""
    rest = []
    for folder, reasons in seen.unused_folders().items():
        if folder == "." or class_name(PurePosixPath(folder).name) in classes:
            continue
        if any(reason == UNREADABLE or reason.endswith(OTHER_PICTURES) for reason in reasons):
            counts = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
            raise UserError(
                f"{where(path, folder)}: must hold pictures that can be read, got {counts}; convert them to "
                "JPEG or PNG, or take the folder away: else a class would be missing"
            )
        rest.append(f"{folder}/")
    more = ", …" if len(rest) > NAMED else ""
    return [f"folders without pictures: {', '.join(rest[:NAMED])}{more}"] if rest else []


SOURCES: dict[str, Source] = {
    "digits": digits,
    "mnist": _mnist("MNIST", [str(i) for i in range(10)]),
    "fashion_mnist": _mnist("FashionMNIST", FASHION),
    "cifar10": cifar10,
    "folder": folder,
}

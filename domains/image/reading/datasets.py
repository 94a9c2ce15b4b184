"""The sources of images: a user's folder, scikit-learn's digits, the MNIST family and CIFAR-10."""

import gzip
import io
import math
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from domains.image.reading.folder import Images, read_folder
from domains.image.reading.ink import centred_ink
from shared.errors import UserError
from shared.files import MEMBER_LIMIT, Inventory, cache_folder, members, printable

DIGITS = [str(i) for i in range(10)]
FASHION = ["T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag"]
FASHION += ["ankle boot"]
PART = 1000  # images whose ink is found at a time: few enough for a processor's cache


def digits(path: Path | None, size: int, channels: int, fit: str = "square") -> Images:
    """scikit-learn's 1,797 handwritten digits of 8×8 pixels, enlarged."""
    from sklearn.datasets import load_digits

    if path is not None:
        raise UserError(f"data.path: must be null for data=image/digits, got {path}; add data=image/folder")
    dataset = load_digits()
    small = torch.from_numpy(dataset.images * (255 / 16)).float()[:, None]
    large = F.interpolate(small, size=(size, size), mode="bilinear", antialias=True)
    x = large.round().to(torch.uint8).expand(-1, channels, -1, -1).numpy()
    return _images({"": (x, dataset.target)}, DIGITS, size, fit)


def mnist(kind: str, classes: list[str], path: Path | None, size: int, channels: int, fit: str) -> Images:
    """MNIST or a dataset in its format: the four original files, or torchvision's download."""
    if path is None:
        import torchvision.datasets

        root = cache_folder() / "torchvision"
        with _torchvision(kind, root, "the folder of its four idx files"):
            getattr(torchvision.datasets, kind)(root, download=True)
        path = root / kind / "raw"
    splits = {}
    for split, prefix in (("train", "train"), ("test", "t10k")):
        x = _idx_of(path, f"{prefix}-images-idx3-ubyte")
        y = _idx_of(path, f"{prefix}-labels-idx1-ubyte")
        if x.ndim != 3 or y.ndim != 1 or len(x) != len(y):
            raise UserError(f"{path}: {prefix}: must have a label per image, got {x.shape} and {y.shape}")
        if len(y) and y.max() >= len(classes):
            raise UserError(f"{path}: {prefix}: must have labels below {len(classes)}, got {y.max()}")
        splits[split] = (_scaled(x[:, None], size, channels), y)
    return _images(splits, classes, size, fit)


def _idx_of(path: Path, stem: str) -> np.ndarray:
    """The array of one of the four files, packed or not, in either spelling of its name."""
    for name in (stem, stem.replace("-idx", ".idx")):
        for file in (path / name, path / f"{name}.gz"):
            if file.is_file():
                return idx(next(members(file)).data, str(file))
    raise UserError(f"{path}: must hold the four idx files, got no {stem} or {stem}.gz")


def idx(data: bytes, label: str) -> np.ndarray:
    """The array uint8 in an idx file, packed or not: images (N, height, width) or labels (N,).

    A ``UserError`` names the file, ``label``, with a wrong magic number or length.
    """
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(MEMBER_LIMIT + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{label}: broken or truncated gzip ({error}); fetch it again") from error
    if len(data) > MEMBER_LIMIT:
        raise UserError(f"{label}: must unpack to at most {MEMBER_LIMIT:,} bytes, got more")
    magic = int.from_bytes(data[:4], "big")
    if magic not in (0x801, 0x803):
        raise UserError(f"{label}: must begin with 0x803 (images) or 0x801 (labels), got {magic:#x}")
    header = 4 + 4 * (magic & 0xFF)  # the last byte is the number of axes
    shape = np.frombuffer(data[4:header].ljust(header - 4, b"\0"), ">u4").tolist()
    expected = header + math.prod(shape)
    if len(data) != expected:
        raise UserError(
            f"{label}: must have {header} + {'×'.join(map(str, shape))} = {expected:,} bytes, got "
            f"{len(data):,}; fetch it again"
        )
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def cifar10(path: Path | None, size: int, channels: int, fit: str) -> Images:
    """CIFAR-10 through torchvision, which checks the files' digests before it opens them."""
    import torchvision.datasets

    root = path or cache_folder() / "torchvision"
    splits = {}
    with _torchvision(
        "CIFAR-10", root, "the folder that holds cifar-10-batches-py (or add data=image/folder)"
    ):
        for split in ("train", "test"):
            dataset = torchvision.datasets.CIFAR10(root, train=split == "train", download=path is None)
            splits[split] = dataset.data.transpose(0, 3, 1, 2), np.array(dataset.targets)
    splits = {split: (_scaled(x, size, channels), y) for split, (x, y) in splits.items()}
    return _images(splits, list(dataset.classes), size, fit)


@contextmanager
def _torchvision(name: str, root: Path, files: str) -> Iterator[None]:
    """Name the remedy where torchvision cannot download or read a dataset."""
    try:
        yield
    except Exception as error:  # torchvision wraps only some errors
        reason = printable(" ".join(str(error).split()))[:200] or type(error).__name__
        raise UserError(
            f"{name}: cannot be downloaded to {root} or read there ({reason}); fetch it by other means and "
            f"give data.path={files}"
        ) from error


# Each takes a path, a size in pixels, a number of channels, and how an image is fitted: square or ink.
SOURCES: dict[str, Callable[[Path | None, int, int, str], Images]] = {
    "digits": digits,
    "mnist": partial(mnist, "MNIST", DIGITS),
    "fashion_mnist": partial(mnist, "FashionMNIST", FASHION),
    "cifar10": cifar10,
    "folder": read_folder,
}


def _images(
    splits: dict[str, tuple[np.ndarray, np.ndarray]], classes: list[str], size: int, fit: str
) -> Images:
    """Images without files, from the arrays x and y of each official split, or of "" without one."""
    x, y = (np.concatenate([arrays[i] for arrays in splits.values()]) for i in (0, 1))
    if fit == "ink":
        parts = range(0, len(x), PART)
        x = np.concatenate([centred_ink(x[start : start + PART], size) for start in parts])
    split = np.repeat([*splits], [len(arrays[1]) for arrays in splits.values()])
    return Images(x, y.astype(np.int64), split, np.full(len(y), ""), classes, Inventory(), [])


def _scaled(x: np.ndarray, size: int, channels: int) -> np.ndarray:
    """Images (N, channels, height, width) at another size, in grey or colour."""
    if x.shape[1] == 3 and channels == 1:
        weights = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as in Pillow
        x = np.einsum("nchw,c->nhw", x, weights).round().astype(np.uint8)[:, None]
    if x.shape[1] != channels:
        x = x.repeat(channels, 1)
    if x.shape[2:] != (size, size):
        floats = torch.from_numpy(x.copy()).float()
        scaled = F.interpolate(floats, (size, size), mode="bicubic", antialias=True)
        x = scaled.round().clamp(0, 255).to(torch.uint8).numpy()
    return np.ascontiguousarray(x)

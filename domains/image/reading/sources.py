"""The sources of images: a user's folder or archive, and bundled and downloaded datasets."""

from collections.abc import Callable
from pathlib import Path

from domains.image.reading.datasets import FASHION, cifar10, digits, mnist
from domains.image.reading.folder import read_folder
from domains.image.reading.images import Images

Source = Callable[[Path | None, int, int], Images]  # of a path, a size in pixels, a number of channels

SOURCES: dict[str, Source] = {
    "digits": digits,
    "mnist": mnist("MNIST", [str(i) for i in range(10)]),
    "fashion_mnist": mnist("FashionMNIST", FASHION),
    "cifar10": cifar10,
    "folder": read_folder,
}

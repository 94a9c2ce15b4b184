"""The fitted state of an image network's preprocessing."""

from dataclasses import dataclass

from domains.image.augment import Changes
from shared.training import Preprocessing


@dataclass(frozen=True)
class ImagePreprocessing(Preprocessing):
    """Mean and standard deviation of each channel over the training pictures, and their augmentation."""

    mean: list[float]
    std: list[float]
    augment: Changes

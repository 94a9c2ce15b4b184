"""Explanations of predictions for pictures."""

from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from domains.image.module import ImageClassifier
from domains.image.predict import batches
from shared.explain import Example, InputAdapter
from shared.files import Inventory
from shared.results import RELEVANCE
from shared.training import Dataset


class ImageDomain(InputAdapter):
    """Pixels, each brought to mean 0 and variance 1 over the training pictures."""

    filling = "grey: the training pictures' mean"
    epsilon, epsilon_unit = 0.2, "of the range from black to white"
    pictures = True
    module: ImageClassifier

    @property
    def filter_unit(self) -> str:
        """Filters of coloured pictures are drawn in their own colours."""
        return "" if self.network.input_shape.channels == 3 else super().filter_unit

    def read(self, source: Path) -> list[Example]:
        """Pictures of a file, a folder or an archive."""
        seen = Inventory()
        examples = [
            self.on(pixels, name)
            for names, pictures in batches(self.module, source, seen)
            for name, pixels in zip(names, pictures, strict=True)
        ]
        self.remarks = seen.summary()
        return examples

    def on(self, pixels: np.ndarray, name: str) -> Example:
        """A picture uint8 (channels, size, size) as an input."""
        return Example(self.module.preprocess({"x": torch.from_numpy(pixels)[None]})[0][0].contiguous(), name)

    def pixels(self, example: Example) -> Tensor:
        """An input in grey levels (channels, height, width) from 0 to 255."""
        mean, std = self.module.moments()
        return (example.x.float() * std + mean).clamp(0, 255)

    def describe(self, dataset: Dataset, item: int) -> tuple[str, None]:
        """The file's name, or the number where pictures come without names."""
        return str(dataset.name[item]) or f"picture {item}", None  # type: ignore[attr-defined]

    @cached_property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """Black and white."""
        mean, std = self.module.moments()
        return (0 - mean) / std, (255 - mean) / std

    def step(self, example: Example) -> Tensor:
        """The range from black to white."""
        low, high = self.bounds
        return high - low

    def show(self, axes: Axes, example: Example, heat: np.ndarray | None = None) -> None:
        """The picture; under relevance it is pale."""
        shown = (self.pixels(example) / 255).permute(1, 2, 0).numpy()
        shown = shown.repeat(3, 2) if shown.shape[2] == 1 else shown
        axes.axis("off")
        if heat is not None:
            share = heat / (np.abs(heat).max() or 1.0)
            pale = 0.75 + 0.25 * shown.mean(2, keepdims=True).repeat(3, 2)
            strength = np.minimum(1.5 * np.abs(share), 1)[..., None]
            shown = strength * RELEVANCE(0.5 + 0.5 * share)[..., :3] + (1 - strength) * pale
        axes.imshow(shown, interpolation="nearest")

    def show_filter(self, axes: Axes, weight: Tensor, layer: str) -> None:
        """In colours as they are, about grey; of one channel blue is for and orange against."""
        if len(weight) != 3:
            super().show_filter(axes, weight, layer)
            return
        axes.axis("off")
        most = float(weight.abs().max()) or 1.0
        axes.imshow((0.5 + 0.5 * weight / most).permute(1, 2, 0).numpy(), interpolation="nearest")

"""The image classifier: images in, the probability of every class out."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from domains.image.augment import change, check, cut_out, views
from domains.image.data import ImagePreprocessing
from shared.config import check_value
from shared.errors import UserError
from shared.training import Batch, Classifier


class ImageClassifier(Classifier):
    """Predicts the class of an image.

    Its preprocessing augments training images, then brings each channel to mean 0 and variance 1 over them.
    """

    domain = "image"
    state_type = ImagePreprocessing
    preprocessing: ImagePreprocessing

    def __init__(
        self,
        *,
        planes: int,
        extent: tuple[int | None, int | None],
        preprocessing: ImagePreprocessing,
        **settings: Any,
    ):
        check_value(extent, tuple[int, int], "extent")
        if extent[0] != extent[1]:
            raise UserError(f"extent: must be that of a square image, got {extent[0]}×{extent[1]}")
        mean, std = preprocessing.mean, preprocessing.std
        if not len(mean) == len(std) == planes or not all(value > 0 for value in std):
            raise UserError(
                f"preprocessing: must have mean and std, above 0, of {planes} channels, got {mean}, {std}"
            )
        check(preprocessing.augment, int(extent[0] or 0))
        super().__init__(planes=planes, extent=extent, preprocessing=preprocessing, **settings)

    def logits(self, batch: Batch) -> Float[Tensor, "n classes"]:
        """The mean over ``views`` views of each image."""
        logits = super().logits
        if self.views == 1:
            return logits(batch)
        return torch.stack([w * logits({"x": x}) for w, x in views(batch["x"], self.views)]).sum(0)

    def preprocess(self, batch: Batch) -> tuple[Float[Tensor, "n channels height width"], None]:
        """Images uint8 (N, channels, height, width) as numbers about 0."""
        x, augment = batch["x"], self.preprocessing.augment
        if self.training:
            x = change(x, augment)
        mean, std = self.moments(x.device)
        x = (x.float().contiguous(memory_format=torch.channels_last) - mean) / std
        return cut_out(x, augment["cutout"]) if self.training and augment["cutout"] else x, None

    def properties(self, batch: Batch) -> dict[str, Float[Tensor, " n"]]:
        """Grey levels, 0 … 255: a blank image has no contrast."""
        x = batch["x"].float().flatten(1)
        return {"brightness": x.mean(1), "contrast": x.std(1, correction=0)}

    def made_batch(self, n: int, cells: int) -> Batch:
        """Pixels."""
        shape = (n, self.hparams["planes"], *self.hparams["extent"])
        return {"x": torch.randint(256, shape, generator=torch.Generator().manual_seed(n)).byte()}

    def contract(self) -> dict[str, Any]:
        """How a picture becomes pixels."""
        colours = "grey" if self.hparams["planes"] == 1 else "red, green and blue"
        return {
            "x": f"values 0 to 255 of {colours}: a picture turned by its EXIF orientation, on white where it "
            "is transparent, scaled (bicubic) so that its central square fills the size",
            "fit": f"{self.preprocessing.fit}, see data.fit in conf/data/image/folder.yaml",
        }

    def moments(self, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (channels, 1, 1), in grey levels 0 … 255."""
        values = torch.tensor([self.preprocessing.mean, self.preprocessing.std], device=device)
        mean, std = values[:, :, None, None]
        return mean, std

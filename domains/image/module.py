"""The image classifier: pictures in, the probability of every class out."""

from typing import Any, TypedDict

import torch
from jaxtyping import Float, Int
from torch import Tensor

from domains.image.augment import Changes, check, cut_out, move, views
from shared.config import check_value
from shared.errors import UserError
from shared.training import Batch, Classifier


class FrontEnd(TypedDict):
    """What the preprocessing has to know: mean and standard deviation of each channel, and random changes."""

    mean: list[float]
    std: list[float]
    augment: Changes


class ImageClassifier(Classifier):
    """Names what a picture shows.

    Its front end changes training pictures at random, then brings each channel to mean 0 and variance 1 over
    the training pictures.
    """

    domain = "image"

    def __init__(
        self, *, planes: int, extent: tuple[int | None, int | None], front_end: FrontEnd, **settings: Any
    ):
        check_value(extent, tuple[int, int], "extent")
        if extent[0] != extent[1]:
            raise UserError(f"extent: must be that of a square picture, got {extent[0]}×{extent[1]}")
        mean, std = front_end["mean"], front_end["std"]
        if not len(mean) == len(std) == planes or not all(each > 0 for each in std):
            raise UserError(
                f"front_end: must have mean and std, above 0, of {planes} channels, got {mean}, {std}"
            )
        check(front_end["augment"], int(extent[0] or 0))
        super().__init__(planes=planes, extent=extent, front_end=front_end, **settings)

    def _logits(self, batch: Batch) -> Float[Tensor, "n classes"]:
        """In testing the mean over as many views of a picture as the data say."""
        answer = super()._logits
        if not self.trainer.testing:
            return answer(batch)
        number = self.trainer.datamodule.test_views  # type: ignore[attr-defined]
        return torch.stack([w * answer(batch | {"x": x}) for w, x in views(batch["x"], number)]).sum(0)

    def front_end(
        self, x: Tensor, lengths: Int[Tensor, " n"] | None
    ) -> tuple[Float[Tensor, "n channels height width"], None]:
        """Pictures uint8 (N, channels, height, width) as numbers about 0."""
        settings = self.hparams["front_end"]
        augment = settings["augment"]
        if self.training and (augment["shift"] or augment["flip"]):
            x = move(x, augment["shift"], augment["flip"])
        mean, std = (torch.tensor(settings[name], device=x.device)[:, None, None] for name in ("mean", "std"))
        x = (x.float().contiguous(memory_format=torch.channels_last) - mean) / std
        if self.training and augment["cutout"]:
            x = cut_out(x, augment["cutout"])
        return x, None

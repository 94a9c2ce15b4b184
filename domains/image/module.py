"""The image classifier: pictures in, the probability of every class out."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from domains.image.augment import cut_out, move, views
from shared.classifier import Batch, Classifier


class ImageClassifier(Classifier):
    """Names what a picture shows.

    Its front end changes training pictures at random, then brings each channel to mean 0 and variance 1 over
    the training pictures.
    """

    domain = "image"

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

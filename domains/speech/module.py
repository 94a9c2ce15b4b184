"""The classifier of words: samples in, the probability of every word out."""

from typing import Any, NotRequired, TypedDict

import torch
from jaxtyping import Float, Int
from torch import Tensor

from domains.speech.augment import Augment
from domains.speech.preprocessing import LogMel
from domains.speech.reading import FULL_SCALE
from shared.config import check_arguments
from shared.errors import UserError
from shared.training import Batch, Classifier

LONGEST = 3600  # seconds of a clip


class Seconds(TypedDict):
    """Lengths of the training's clips."""

    median: float
    longest: float


class FrontEnd(TypedDict):
    """What the preprocessing has to know: arguments of ``LogMel`` and ``Augment``, words, lengths."""

    sizes: dict[str, Any]
    augment: dict[str, Any]
    classes: NotRequired[list[str]]
    seconds: Seconds


class SpeechClassifier(Classifier):
    """Names the word of a clip from its log-mel spectrogram, computed as it is asked for.

    ``front_end`` holds ``sizes``, the arguments of ``LogMel``, and ``augment``, those of ``Augment``.
    """

    domain = "speech"

    def __init__(self, *, front_end: FrontEnd, **settings: Any):
        sizes, augment = front_end["sizes"], front_end["augment"]
        check_arguments(LogMel, sizes, "front_end.sizes")
        check_arguments(Augment, augment, "front_end.augment", given=("hop_ms",))
        seconds = front_end["seconds"]
        if not 0 < seconds["median"] <= seconds["longest"] <= LONGEST:
            raise UserError(
                f"front_end.seconds: must be above 0, at most {LONGEST}, median first, got {seconds}"
            )
        if settings.get("planes") != 1 or settings.get("extent") not in (
            (sizes["mels"], None),
            [sizes["mels"], None],
        ):
            raise UserError(f"extent: must be {sizes['mels']} bands in 1 plane, got {settings.get('extent')}")
        super().__init__(front_end=front_end, **settings)
        self.log_mel = LogMel(**sizes)
        self.augment = Augment(hop_ms=sizes["hop_ms"], **augment)

    @torch.no_grad()
    def front_end(
        self,
        x: Int[Tensor, "n samples"],
        lengths: Int[Tensor, " n"] | None,
        stretch: Float[Tensor, " n"] | None = None,
    ) -> tuple[Float[Tensor, "n 1 mels frames"], Int[Tensor, " n"]]:
        """Spectrograms and their frames; ``stretch`` makes other voices of the clips, see ``LogMel``."""
        if lengths is None:
            lengths = torch.full((len(x),), x.size(1), device=x.device)
        with torch.autocast(x.device.type, enabled=False):  # 8 bits are too few for powers
            wave = x.float() / FULL_SCALE
            if self.training:
                wave = self.augment.wave(wave, lengths)
                stretch = self.augment.stretch(wave)
            mel, frames = self.log_mel(wave, lengths, stretch)
            if self.training:
                mel = self.augment.spectrogram(mel, frames)
        return mel[:, None].to(self.dtype), frames

    def _logits(self, batch: Batch) -> Float[Tensor, "n classes"]:
        return self.network(*self.front_end(batch["x"], batch["lengths"], batch.get("stretch")))

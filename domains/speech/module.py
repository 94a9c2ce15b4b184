"""The classifier of words: samples in, the probability of every word out."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from domains.speech.audio import FULL
from domains.speech.augment import Augment
from domains.speech.front_end import LogMel
from shared.classifier import Batch, Classifier


class SpeechClassifier(Classifier):
    """Names the word of a clip from its log-mel spectrogram, computed as it is asked for.

    ``front_end`` holds ``sizes``, the arguments of ``LogMel``, and ``augment``, those of ``Augment``.
    """

    domain = "speech"

    def __init__(self, *, front_end: dict[str, Any], **settings: Any):
        super().__init__(front_end=front_end, **settings)
        sizes = front_end["sizes"]
        self.log_mel = LogMel(**sizes)
        self.augment = Augment(hop_ms=sizes["hop_ms"], **front_end["augment"])

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
            wave = x.float() / FULL
            if self.training:
                wave = self.augment.wave(wave, lengths)
                stretch = self.augment.stretch(wave)
            mel, frames = self.log_mel(wave, lengths, stretch)
            if self.training:
                mel = self.augment.spectrogram(mel, frames)
        return mel[:, None].to(self.dtype), frames

    def _logits(self, batch: Batch) -> Float[Tensor, "n classes"]:
        return self.network(*self.front_end(batch["x"], batch["lengths"], batch.get("stretch")))

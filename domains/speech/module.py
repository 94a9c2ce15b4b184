"""The classifier of words, or of phones over time: samples in, the probability of each class out."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from domains.speech.augment import Augment
from domains.speech.preprocessing import LogMel, SpeechPreprocessing
from domains.speech.reading import FULL_SCALE
from shared.config import check_arguments
from shared.errors import UserError
from shared.training import Batch, Classifier, made_lengths

LONGEST = 3600  # seconds of a clip
BOUNDARY = 20  # ms that the boundary between two phones may be off, as is usual for segmentations of speech


class SpeechClassifier(Classifier):
    """Predicts the word of a clip, or the phone or word of each window, from its log-mel spectrogram."""

    domain = "speech"
    between = "silence"
    state_type = SpeechPreprocessing
    preprocessing: SpeechPreprocessing

    def __init__(self, *, preprocessing: SpeechPreprocessing, **settings: Any):
        sizes, augment, seconds = preprocessing.sizes, preprocessing.augment, preprocessing.seconds
        check_arguments(LogMel, sizes, "preprocessing.sizes")
        check_arguments(Augment, augment, "preprocessing.augment", filled=("hop_ms",))
        if not 0 < seconds["median"] <= seconds["longest"] <= LONGEST:
            raise UserError(
                f"preprocessing.seconds: must be above 0, at most {LONGEST}, median first, got {seconds}"
            )
        shape, mels = settings.get("extent"), sizes["mels"]
        if settings.get("planes") != 1 or shape not in ((mels, None), [mels, None]):
            got = f"{shape} with planes={settings.get('planes')}"
            raise UserError(f"extent: must be [{mels}, null] with planes=1, got {got}")
        super().__init__(preprocessing=preprocessing, **settings)
        self.log_mel = LogMel(**sizes)
        self.augment = Augment(hop_ms=sizes["hop_ms"], **augment)
        self.tolerance = BOUNDARY / sizes["hop_ms"]

    @torch.no_grad()
    def preprocess(self, batch: Batch) -> tuple[Float[Tensor, "n 1 mels frames"], Int[Tensor, " n"]]:
        """Spectrograms and their frames; ``stretch`` and ``levels`` of a batch are those of ``LogMel``."""
        x, lengths, stretch = batch["x"], batch["lengths"], batch.get("stretch")
        with torch.autocast(x.device.type, enabled=False):  # 8 bits are too few for powers
            wave = x.float() / FULL_SCALE
            if self.training:
                wave, lengths = self.augment.pad(wave, lengths, self.log_mel.hop)
                wave = self.augment.wave(wave, lengths)
                stretch = self.augment.stretch(wave)
            mel, frames = self.log_mel(wave, lengths, stretch, batch.get("levels"))
            if self.training:
                mel = self.augment.spectrogram(mel, frames)
        return mel[:, None].to(self.dtype), frames

    def properties(self, batch: Batch) -> dict[str, Float[Tensor, " n"]]:
        """Length, level below full scale, and the share of samples that reach full scale.

        Over time a recording may have any length, and long pauses: the level is that of its loudest second.
        """
        lengths, x, rate = batch["lengths"].float(), batch["x"].float().abs(), self.log_mel.rate
        power, clipped = (x / FULL_SCALE).square(), 100 * (x >= FULL_SCALE - 1).sum(1) / lengths
        if self.network.over_time:
            seconds = nn.functional.pad(power, (0, -x.size(1) % rate)).unflatten(1, (-1, rate))
            name, level, length = "loudest second in dB", seconds.sum(2).amax(1) / lengths.clamp(max=rate), {}
        else:
            name, level, length = "level in dB", power.sum(1) / lengths, {"seconds": lengths / rate}
        return length | {
            name: 10 * level.clamp(min=1e-10).log10(), "% of samples at full scale": clipped
        }  # fmt: skip

    def made_batch(self, n: int, cells: int) -> Batch:
        """Noise, of which the longest clip has ``cells`` frames."""
        lengths = made_lengths(n, (cells - 1) * self.log_mel.hop + self.log_mel.size)
        x = torch.randint(-9000, 9000, (n, int(lengths[0])), generator=torch.Generator().manual_seed(n))
        return {"x": x.short(), "lengths": lengths}

    def contract(self) -> dict[str, Any]:
        """How a recording becomes samples; the spectrogram is inside."""
        return {
            "x": "a clip's samples, one channel, from the beginning of its row; the rest is not read",
            "lengths": "samples of each clip, from 1",
            "rate": self.log_mel.rate,
            "seconds": dict(self.preprocessing.seconds),
        } | self._windows()

    def _windows(self) -> dict[str, Any]:
        axis = self.network.shape.windows
        if axis is None:
            return {}
        first = (axis.start + axis.field // 2) * self.log_mel.hop + self.log_mel.size // 2
        return {
            "windows": {
                "first": first,
                "step": axis.stride * self.log_mel.hop,
                "unit": "samples, to a middle",
            }
        }

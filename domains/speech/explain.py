"""Explanations of predictions for recordings."""

import io
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import Tensor
from torchaudio.functional import griffinlim

from domains.speech.figures import draw_spectrogram
from domains.speech.module import SpeechClassifier
from domains.speech.preprocessing import FLOOR, LogMel
from domains.speech.reading import FULL_SCALE, Recordings, load
from shared.explain import Box, Example, InputAdapter, Masks, Planted, boxes
from shared.results import ORANGE, RELEVANCE
from shared.training import Dataset

LONGEST = 10.0  # seconds of a recording that is explained as a whole
RANGED = 500  # training clips by which the range of the levels goes
DECIBELS = 10 / np.log(10)  # in a neper of power
AUDIBLE = 10**0.1  # times the noise's power: 1 dB more, the least that is audible
ROUNDS = 32  # of Griffin and Lim's search for the phase


class SpeechDomain(InputAdapter):
    """Log-mel spectrograms, each of mean 0 and variance 1: relevance is that of a band at a time."""

    filling = "the clip's mean level"
    epsilon, epsilon_unit = 10.0, "dB"
    pictures = True
    cell = (3.0, 2.5)
    margin = (0.5, 0.4)
    module: SpeechClassifier

    def read(self, source: Path | None) -> list[Example]:
        """Recordings of a file, a folder or an archive, each as a whole."""
        assert source is not None  # the command checks it
        self.seen, samples = Recordings(), []
        read = partial(load, rate=self.log_mel.rate, max_seconds=LONGEST)
        for name, audio in self.seen.read(source, read, "reading"):
            self.seen.use(name)
            samples.append(self.on(audio.samples, name + (f" ({audio.damage})" if audio.damage else "")))
        if not samples:
            raise self.seen.none_usable(source)
        return samples

    @property
    def log_mel(self) -> LogMel:
        """The preprocessing."""
        return self.module.log_mel

    def on(self, samples: NDArray[np.int16], name: str, label: int | None = None) -> Example:
        """A clip as an input."""
        batch = {"x": torch.from_numpy(samples)[None], "lengths": torch.tensor([len(samples)])}
        x, frames = self.module.preprocess(batch)
        return Example(self.own(x[0], frames).contiguous(), name, label, samples)

    def describe(self, dataset: Dataset, item: int) -> tuple[str, Any]:
        """The file's name."""
        clips, clip = dataset.clips, dataset.clip[item]  # type: ignore[attr-defined]
        return str(clips.name[clip]), clips.samples[clips.start[clip] : clips.start[clip + 1]]

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """The softest and the loudest that each band is in the training clips."""
        if not hasattr(self, "_bounds"):
            dataset = self.data.train_set
            parts = [x for _, x, _, _ in self.batches(dataset, self.items(dataset, RANGED))]
            low = torch.stack([x.amin((0, 3)) for x in parts]).amin(0)
            high = torch.stack([x.amax((0, 3)) for x in parts]).amax(0)
            self._bounds = low[..., None], high[..., None]
        return self._bounds

    def step(self, example: Example) -> float:
        """A decibel, which the clip's own spread of levels scales."""
        return 1 / (DECIBELS * self._levels(example)[1])

    def _levels(self, example: Example) -> tuple[float, float]:
        """Mean and deviation of the logarithm of a clip's levels, which the preprocessing takes away."""
        power = self.log_mel.power(torch.from_numpy(example.source).float()[None] / FULL_SCALE)
        log = (power / power.mean().clamp(min=1e-12) + FLOOR).log()
        return float(log.mean()), float(log.std(correction=0).clamp(min=1e-3))

    def regions(self, example: Example) -> dict[str, Masks]:
        """Boxes of time and frequency, whole bands, and whole slices of time."""
        mels, frames = example.x.shape[1:]
        high, wide = max(mels // 8, 1), max(frames // 8, 1)
        return {
            "boxes": boxes((mels, frames), (high, wide), (max(high // 2, 1), max(wide // 2, 1))),
            "bands": boxes((mels, frames), (high, frames), (max(high // 2, 1), frames)),
            "slices": boxes((mels, frames), (mels, wide), (mels, max(wide // 2, 1))),
        }

    def make(self, x: Float[Tensor, "channels a1 a2"], name: str, of: Example | None = None) -> Example:
        """With the levels of the clip that was changed, so that it can be heard."""
        return Example(x, name, None, None if of is None else of.source)

    def show(
        self, axes: Axes, example: Example, heat: np.ndarray | None = None, box: Box | None = None
    ) -> None:
        """The spectrogram in Hz and seconds; under relevance it is grey."""
        seconds = example.x.size(2) * self.log_mel.hop / self.log_mel.rate
        centres = self.log_mel.centres.numpy()
        draw_spectrogram(axes, example.x[0].numpy(), centres, seconds, "magma" if heat is None else "Greys")
        frame = seconds / example.x.size(2)
        if heat is not None:
            most = np.abs(heat).max() or 1.0
            axes.imshow(
                heat, origin="lower", aspect="auto", extent=(0, seconds, -0.5, len(heat) - 0.5),
                cmap=RELEVANCE, vmin=-most, vmax=most, alpha=np.minimum(0.25 + np.abs(heat) / most, 0.85),
                interpolation="nearest",
            )  # fmt: skip
        if box is not None:
            rows, columns = box
            corner = (columns.start * frame, rows.start - 0.5)
            axes.add_patch(
                Rectangle(corner, len(columns) * frame, len(rows), fill=False, edgecolor=ORANGE, linewidth=2)
            )
        axes.tick_params(labelsize=6.5, pad=1)
        axes.xaxis.label.set_fontsize(7)
        axes.yaxis.label.set_fontsize(7)

    def show_filter(self, axes: Axes, weight: Tensor, layer: str) -> None:
        """Bands over frames; where a filter slides along frequency, in Hz at the scale's middle."""
        most = float(weight.abs().max()) or 1.0
        mels, bands = self.log_mel.mels, weight.size(1)
        first = (mels - bands) // 2
        hertz = self.log_mel.centres[first : first + bands].round().int().tolist()
        milliseconds = 1000 * weight.size(2) * self.log_mel.hop / self.log_mel.rate
        axes.imshow(
            weight[0].numpy(), origin="lower", cmap=RELEVANCE, vmin=-most, vmax=most, interpolation="nearest",
            aspect="auto", extent=(0, milliseconds, -0.5, bands - 0.5),
        )  # fmt: skip
        axes.set_yticks([0, bands - 1], [f"{hertz[0]}", f"{hertz[-1]} Hz"], fontsize=5.5)
        axes.set_xticks([0, milliseconds], ["0", f"{milliseconds:g} ms"], fontsize=5.5)
        axes.tick_params(length=1.5, pad=1)

    def sounds(self, example: Example) -> dict[str, bytes]:
        """The spectrogram as a sound, its phase sought by Griffin & Lim (1984)."""
        if example.source is None:
            return {}
        mean, deviation = self._levels(example)
        log_mel = self.log_mel
        mels = ((example.x[0].float() * deviation + mean).exp() - FLOOR).clamp(min=0)
        power = (torch.linalg.pinv(log_mel.bands.T) @ mels).clamp(min=0)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            wave = griffinlim(
                power[None], log_mel.window, log_mel.bins, log_mel.hop, log_mel.size, power=2.0,
                n_iter=ROUNDS, momentum=0.99, length=None, rand_init=True,
            )[0]  # fmt: skip
        written = io.BytesIO()
        soundfile.write(
            written, (0.7 * wave / wave.abs().max().clamp(min=1e-9)).numpy(), log_mel.rate, format="WAV"
        )
        return {".wav": written.getvalue()}

    def plant(self, random: np.random.Generator) -> Planted:
        """A tone of 150 ms at a random time in half a second of noise; each class has a pitch of its own."""
        rate, centres = self.log_mel.rate, self.log_mel.centres.numpy()
        length, tone = rate // 2, round(0.15 * rate)
        classes = len(self.module.classes)
        label, start = int(random.integers(classes)), int(random.integers(length - tone))
        band = round(3 + (len(centres) - 7) * label / max(classes - 1, 1))
        noise = 0.02 * random.standard_normal(length)
        wave = noise.copy()
        wave[start : start + tone] += 0.1 * np.sin(2 * np.pi * centres[band] / rate * np.arange(tone))
        example = self.on(
            np.round(wave * FULL_SCALE).astype(np.int16), f"tone of {centres[band]:.0f} Hz", label
        )
        with_tone, without = self.log_mel.power(torch.from_numpy(np.stack([wave, noise])).float())
        evidence = with_tone > AUDIBLE * without
        return Planted(example, evidence, label)

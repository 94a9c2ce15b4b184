"""Explanations of predictions for recordings."""

import io
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import Tensor
from torchaudio.functional import griffinlim

from domains.speech.figures import draw_spectrogram
from domains.speech.module import SpeechClassifier
from domains.speech.preprocessing import FLOOR, LogMel
from domains.speech.reading import FULL_SCALE, Recordings, load
from shared.explain import Box, Example, Input, InputAdapter, Masks, Planted, boxes, draw_box, draw_signed
from shared.training import Dataset

LONGEST = 10.0  # seconds of a recording that is explained as a whole
DECIBELS = 10 / np.log(10)  # in a neper of power
AUDIBLE = 10**0.1  # times the noise's power: 1 dB more, the least that is audible
ROUNDS = 32  # of Griffin and Lim's search for the phase


class SpeechDomain(InputAdapter):
    """Log-mel spectrograms, each of mean 0 and variance 1: relevance is that of a band at a time."""

    filling = "the clip's mean level"
    epsilon, epsilon_unit = 10.0, "dB"
    alike = (0, 3)
    pictures = True
    cell = (3.2, 2.7)
    margin = (0.66, 0.5)
    columns = 3
    filter_cell = (1.7, 1.6)
    drawn = "Spectrograms: bright is loud."
    module: SpeechClassifier

    def read(self, source: Path) -> list[Example]:
        """Recordings of a file, a folder or an archive, each as a whole."""
        seen, examples = Recordings(), []
        read = partial(load, rate=self.log_mel.rate, max_seconds=LONGEST)
        for name, audio in seen.read(source, read, "reading"):
            seen.use(name)
            examples.append(self.on(audio.samples, name + (f" ({audio.damage})" if audio.damage else "")))
        if not examples:
            raise seen.none_usable(source)
        self.remarks = seen.summary()
        return examples

    @property
    def log_mel(self) -> LogMel:
        """The preprocessing."""
        return self.module.log_mel

    def on(self, samples: NDArray[np.int16], name: str, label: int | None = None) -> Example:
        """A clip as an input."""
        batch = {"x": torch.from_numpy(samples)[None], "lengths": torch.tensor([len(samples)])}
        x, frames = self.module.preprocess(batch)
        return Example(self.own(x[0], frames).contiguous(), name, label, samples)

    def describe(self, dataset: Dataset, item: int) -> tuple[str, NDArray[np.int16]]:
        """The file's name."""
        clips = dataset.clips  # type: ignore[attr-defined]
        return str(clips.name[item]), clips.samples[item]

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
        sizes = {"boxes": (high, wide), "bands": (high, frames), "slices": (mels, wide)}
        return {kind: boxes((mels, frames), size) for kind, size in sizes.items()}

    def make(self, x: Input, name: str, of: Example | None = None) -> Example:
        """With the levels of the clip that was changed, so that it can be heard."""
        return Example(x, name, None, None if of is None else of.source)

    def show(self, axes: Axes, example: Example, heat: np.ndarray | None = None) -> None:
        """The spectrogram in Hz and seconds; under relevance it is grey."""
        seconds = example.x.size(2) * self.log_mel.hop / self.log_mel.rate
        centres = self.log_mel.centres.numpy()
        draw_spectrogram(axes, example.x[0].numpy(), centres, seconds, "magma" if heat is None else "Greys")
        if heat is not None:
            alpha = np.minimum(0.25 + np.abs(heat) / (np.abs(heat).max() or 1.0), 0.85)
            corners = (0, seconds, -0.5, len(heat) - 0.5)
            draw_signed(axes, heat, origin="lower", aspect="auto", extent=corners, alpha=alpha)
        axes.tick_params(pad=1)
        axes.xaxis.label.set_fontsize(9)
        axes.yaxis.label.set_fontsize(9)

    def show_box(self, axes: Axes, example: Example, box: Box) -> None:
        """In seconds along the frames."""
        draw_box(axes, box, 0, self.log_mel.hop / self.log_mel.rate)

    def show_filter(self, axes: Axes, weight: Tensor, layer: str) -> None:
        """Bands over frames; where a filter slides along frequency, in Hz at the scale's middle."""
        mels, bands = self.log_mel.mels, weight.size(1)
        first = (mels - bands) // 2
        hertz = self.log_mel.centres[first : first + bands].round().int().tolist()
        milliseconds = 1000 * weight.size(2) * self.log_mel.hop / self.log_mel.rate
        corners = (0, milliseconds, -0.5, bands - 0.5)
        draw_signed(axes, weight[0].numpy(), origin="lower", aspect="auto", extent=corners)
        axes.set_yticks([0, bands - 1], [f"{hertz[0]}", f"{hertz[-1]} Hz"], fontsize=9)
        axes.set_xticks([0, milliseconds], ["0", f"{milliseconds:g} ms"], fontsize=9)
        axes.get_xticklabels()[1].set_horizontalalignment("right")
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
        written, loud = io.BytesIO(), 0.7 * wave / wave.abs().max().clamp(min=1e-9)
        soundfile.write(written, loud.numpy(), log_mel.rate, format="WAV")
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
        samples = np.round(wave * FULL_SCALE).astype(np.int16)
        with_tone, without = self.log_mel.power(torch.from_numpy(np.stack([wave, noise])).float())
        example = self.on(samples, f"tone of {centres[band]:.0f} Hz", label)
        return Planted(example, with_tone > AUDIBLE * without, label)

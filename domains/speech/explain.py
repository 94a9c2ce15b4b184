"""Explanations of predictions for recordings."""

import io
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import Tensor
from torchaudio.functional import griffinlim

from domains.speech.figures import Label, draw_spectrogram, draw_strip
from domains.speech.module import SpeechClassifier
from domains.speech.preprocessing import FLOOR, LogMel
from domains.speech.reading import FULL_SCALE, Recordings, load
from domains.speech.running import Grid, block_at, hear, stretched
from shared.errors import UserError, require_number
from shared.explain import (
    Box,
    Example,
    Input,
    InputAdapter,
    Masks,
    Shown,
    boxes,
    draw_box,
    draw_signed,
)
from shared.results import GREEN
from shared.training import Dataset, as_tensors

LONGEST = 10.0  # seconds of a recording that is explained as a whole
DECIBELS = 10 / np.log(10)  # in a neper of power
AROUND = 1.0  # seconds before and after a moment that are explained with it
NARROW = 0.1  # seconds of a region that is removed there
WIDE = (6.4, 2.4)  # inches of a whole recording with its labels over time
ROUNDS = 32  # of Griffin and Lim's search for the phase


class Cut(NamedTuple):
    """What is known of a recording of which a part is explained."""

    first: float  # seconds of it before that part
    mean: float  # of the logarithm of its levels
    deviation: float


class SpeechDomain(InputAdapter):
    """Log-mel spectrograms, each of mean 0 and variance 1: relevance is that of a band at a time.

    Over time a moment is explained, with AROUND seconds before and after it.
    """

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

    def read(self, source: Path, moment: float | None = None) -> list[Example]:
        """Recordings of a file, a folder or an archive, each as a whole, or at a moment in seconds."""
        seen, examples, remarks = Recordings(), [], list[str]()
        for name, (example, remark) in seen.read(source, partial(self.read_one, moment=moment), "reading"):
            seen.use(name)
            examples.append(replace(example, name=f"{name}{example.name}"))
            remarks += [f"{name}: {remark}"] * bool(remark)
        if not examples:
            raise seen.none_usable(source)
        self.remarks = [*remarks, *seen.summary()]
        return examples

    def read_one(
        self, data: Path | bytes, moment: float | None = None, stretch: float = 1.0
    ) -> tuple[Example, str]:
        """One recording, whose name ends in that of the example, as a whole or at a moment; and a remark.

        ``stretch`` is as for ``LogMel``.
        """
        if not self.module.network.over_time:
            if moment is not None:
                must = "must be omitted for a network with one answer for a recording"
                raise UserError(f"moment: {must}, got {moment}")
            audio = load(data, self.log_mel.rate, LONGEST)
            return self.on(audio.samples, audio.damage and f" ({audio.damage})", stretch=stretch), ""
        heard, grid, remark = hear(self.module, data, stretch), Grid.of(self.module), ""
        if moment is None:
            segment = max(heard.segments, key=lambda one: one.stop - one.start, default=None)
            middle = segment.middle if segment else len(heard.answers.logits) // 2
            what = f"the longest label, {self.module.classes[segment.answer]}" if segment else "it"
            remark = f"explained is the middle of {what}; moment= names another, in seconds"
        else:
            require_number("moment (seconds)", moment, 0, round(heard.seconds, 3))
            middle = min(grid.window(moment), len(heard.answers.logits) - 1)
        samples, first = block_at(heard, data, grid.seconds(middle))
        block = self.on(samples, "", levels=heard.levels, stretch=stretch)
        return self._cut(replace(block, window=middle - first), first, heard.levels), remark

    def _cut(self, block: Example, first: int = 0, levels: NDArray[np.float32] | None = None) -> Example:
        """The seconds around the window that is explained, of a block that begins with window ``first``."""
        grid, axis = Grid.of(self.module), self.module.network.shape.windows
        assert axis is not None
        assert block.window is not None
        around = round(AROUND * grid.rate / grid.step)
        start = max(block.window - around, 0)
        frames = slice(start * axis.stride, (block.window + around) * axis.stride + axis.field)
        mean, deviation = self._levels(block) if levels is None else levels[1:].tolist()
        cut = Cut((first + start) * grid.step / grid.rate, mean, deviation)
        name = f"{block.name} at {grid.seconds(first + block.window):.2f} s"
        x = block.x[:, :, frames].contiguous()
        return replace(block, x=x, name=name, source=cut, window=block.window - start)

    def explained(self, dataset: Dataset, item: int) -> Example:
        """One item of a dataset; over time what lies around its moment."""
        example = super().explained(dataset, item)
        return example if example.window is None else self._cut(example)

    @property
    def log_mel(self) -> LogMel:
        """The preprocessing."""
        return self.module.log_mel

    def on(
        self,
        samples: NDArray[np.int16],
        name: str,
        label: int | None = None,
        levels: NDArray[np.float32] | None = None,
        stretch: float = 1.0,
    ) -> Example:
        """A clip as an input, scaled by its own levels or others, and stretched (see ``LogMel``)."""
        batch = stretched(samples[None], np.array([len(samples)]), stretch)
        batch |= {} if levels is None else {"levels": levels[None]}
        x, frames = self.module.preprocess(as_tensors(batch, self.module.device))
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
        if isinstance(example.source, Cut):
            return example.source.mean, example.source.deviation
        power = self.log_mel.power(torch.from_numpy(example.source).float()[None] / FULL_SCALE)
        log = (power / power.mean().clamp(min=1e-12) + FLOOR).log()
        return float(log.mean()), float(log.std(correction=0).clamp(min=1e-3))

    def regions(self, example: Example) -> dict[str, Masks]:
        """Boxes of time and frequency, whole bands, and whole slices of time; over time these last NARROW."""
        mels, frames = example.x.shape[1:]
        wide = frames // 8 if example.window is None else round(NARROW * self.log_mel.rate / self.log_mel.hop)
        high, wide = max(mels // 8, 1), max(wide, 1)
        sizes = {"boxes": (high, wide), "bands": (high, frames), "slices": (mels, wide)}
        return {kind: boxes((mels, frames), size) for kind, size in sizes.items()}

    def make(self, x: Input, name: str, of: Example | None = None) -> Example:
        """With the levels of the clip that was changed, so that it can be heard."""
        return Example(x, name) if of is None else Example(x, name, None, of.source, of.window)

    def show(self, axes: Axes, example: Example, heat: np.ndarray | None = None) -> None:
        """The spectrogram in Hz and seconds; under relevance it is grey. A line marks the moment."""
        seconds = example.x.size(2) * self.log_mel.hop / self.log_mel.rate
        centres, colours = self.log_mel.centres.numpy(), "magma" if heat is None else "Greys"
        first = example.source.first if isinstance(example.source, Cut) else 0.0
        draw_spectrogram(axes, example.x[0].numpy(), centres, seconds, colours, first)
        if example.window is not None:
            line: Any = {"color": GREEN, "linewidth": 1.5, "linestyle": (0, (4, 2)), "zorder": 6}
            axes.axvline(first + Grid.of(self.module).seconds(example.window), **line)
        if heat is not None:
            alpha = np.minimum(0.25 + np.abs(heat) / (np.abs(heat).max() or 1.0), 0.85)
            corners = (first, first + seconds, -0.5, len(heat) - 0.5)
            draw_signed(axes, heat, origin="lower", aspect="auto", extent=corners, alpha=alpha)
        axes.tick_params(pad=1)
        axes.xaxis.label.set_fontsize(9)
        axes.yaxis.label.set_fontsize(9)

    def show_box(self, axes: Axes, example: Example, box: Box) -> None:
        """In seconds along the frames."""
        first = example.source.first if isinstance(example.source, Cut) else 0.0
        draw_box(axes, box, first, self.log_mel.hop / self.log_mel.rate)

    def show_labels(self, axes: Axes, example: Example, labels: Sequence[tuple[range, str]]) -> None:
        """In a strip above the spectrogram."""
        second = self.log_mel.rate / self.log_mel.hop
        named = [Label(name, cells.start / second, cells.stop / second) for cells, name in labels]
        draw_strip(axes.inset_axes((0, 1.01, 1, 0.13)), named, (0, example.x.size(2) / second))

    def cell_for(self, shown: Sequence[Shown]) -> tuple[float, float]:
        """Wide for whole recordings with labels over time, which are narrow."""
        whole = any(one.example is not None and one.example.window is None for one in shown)
        return WIDE if whole and self.module.network.over_time else self.cell

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

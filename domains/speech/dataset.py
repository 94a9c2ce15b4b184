"""Clips of words as batches of samples."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domains.speech.reading import Clips
from shared.training import Draw


class SpeechDataset:
    """Clips, each with the word that is spoken in it.

    A batch holds ``x`` int16 (N, samples), filled up with zeros, ``lengths`` the samples of each clip, ``y``
    the word, ``item``, and ``stretch`` (N,) where the clips are changed to other voices.
    """

    def __init__(self, clips: Clips, chosen: NDArray[np.int64], y: NDArray[np.int64], stretch: float = 1.0):
        self.clips, self.stretch = clips, stretch
        self.clip, self.y = chosen, y[chosen]
        self.lengths = clips.length[chosen]

    def __len__(self) -> int:
        return len(self.clip)

    @property
    def held(self) -> NDArray[np.uint64]:
        """By the samples alone."""
        return self.clips.identity[self.clip]

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        items = draw.items
        lengths, start = self.lengths[items], self.clips.start[self.clip[items]]
        x = np.zeros((len(items), lengths.max()), np.int16)
        for row, first, length in zip(x, start, lengths, strict=True):
            row[:length] = self.clips.samples[first : first + length]
        batch = {"x": x, "lengths": lengths, "y": self.y[items], "item": items}
        if self.stretch != 1.0:
            batch["stretch"] = np.full(len(items), self.stretch, np.float32)
        return batch

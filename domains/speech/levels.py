"""The levels of a recording that is read in parts."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from domains.speech.preprocessing import FLOOR, SILENCE, LogMel
from domains.speech.reading import FULL_SCALE

LOWEST = -140  # decibels of the softest cell that is counted
FINE, COUNTS = 10, 2000  # cells are counted in tenths of a decibel
PAUSE = 30  # decibels below the loudest second, from which a second is a pause


class Levels:
    """Mean power, and mean and deviation of its logarithm, by which ``LogMel`` scales a recording.

    Of its seconds that are no pause: pauses longer than those of clips change no level. Cells are counted by
    their level and that of their second, so that memory does not grow with the recording.
    """

    def __init__(self, log_mel: LogMel):
        self.log_mel = log_mel
        self.second = max(round(log_mel.rate / log_mel.hop), 1)  # frames
        self.counts = np.zeros((COUNTS // FINE, COUNTS))
        self.total = np.zeros(COUNTS // FINE)

    def add(self, x: NDArray[np.int16]) -> None:
        """Count the cells of further samples."""
        for power in power_of(self.log_mel, x).double().split(self.second, 1):
            row = self._place(power.mean().cpu().numpy(), 1)
            cells = self._place(power.cpu().numpy().ravel(), FINE)
            self.counts[row] += np.bincount(cells, minlength=COUNTS)
            self.total[row] += float(power.sum())

    def _place(self, power: NDArray[np.float64], steps: int) -> Any:
        decibels = 10 * np.log10(np.maximum(power, 10 ** (LOWEST / 10)))
        return ((decibels - LOWEST) * steps).astype(int).clip(max=COUNTS // FINE * steps - 1)

    @property
    def values(self) -> NDArray[np.float32]:
        """(3,) as ``LogMel`` takes them."""
        loudest = np.flatnonzero(self.counts.any(1)).max()
        kept = slice(max(loudest - PAUSE, 0), None)
        counts = self.counts[kept].sum(0)
        share, mean = counts / counts.sum(), self.total[kept].sum() / counts.sum()
        power = 10 ** ((LOWEST + (np.arange(COUNTS) + 0.5) / FINE) / 10)
        log = np.log(power / max(mean, SILENCE) + FLOOR)
        centre = (share * log).sum()
        return np.array([mean, centre, np.sqrt((share * (log - centre) ** 2).sum())], np.float32)


@torch.inference_mode()
def power_of(log_mel: LogMel, x: NDArray[np.int16]) -> torch.Tensor:
    """Power in the bands (mels, frames) of samples."""
    return log_mel.power(torch.from_numpy(x).to(log_mel.window.device).float()[None] / FULL_SCALE)[0]


def decibels(log_mel: LogMel, x: NDArray[np.int16], pooled: int = 1) -> NDArray[np.float32]:
    """Levels (mels, columns) of samples; each column is the mean of ``pooled`` frames."""
    if not x.any():  # hours of silence should not take minutes
        frames = max(len(x) - log_mel.size, 0) // log_mel.hop + 1
        return np.full((log_mel.mels, -(-frames // pooled)), -100.0, np.float32)
    power = torch.nn.functional.avg_pool1d(power_of(log_mel, x)[None], pooled, ceil_mode=True)[0]
    return (10 * power.clamp(min=1e-10).log10()).cpu().numpy()

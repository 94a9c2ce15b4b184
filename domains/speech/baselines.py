"""Simple classifiers to compare a network with."""

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from domains.speech.preprocessing import LogMel
from domains.speech.reading import FULL_SCALE
from shared.network import beyond
from shared.training import Dataset, Draw, as_tensors, evenly

LEARNED = 5000  # training clips at most: more cost minutes and change little
BATCH = 256


def logistic_regression(
    train: Dataset, words: NDArray[np.int64], test: Dataset, log_mel: LogMel
) -> NDArray[np.int64]:
    """The word (test clips,) by the mean and deviation of each band; ``words`` are the training clips'."""
    chosen = evenly(train, LEARNED)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(_statistics(train, chosen, log_mel), words[chosen])
    return model.predict(_statistics(test, np.arange(len(test)), log_mel))


@torch.inference_mode()
def _statistics(dataset: Dataset, items: NDArray[np.int64], log_mel: LogMel) -> NDArray[np.float32]:
    """(items, 2 * mels)."""
    moments = []
    for start in range(0, len(items), BATCH):
        batch = as_tensors(dataset[Draw(items[start : start + BATCH], None)])
        mel, frames = log_mel(batch["x"].float() / FULL_SCALE, batch["lengths"], batch.get("stretch"))
        own = ~beyond(frames, mel.size(2))[:, None]
        mean = (mel * own).sum(2) / frames[:, None]
        deviation = (((mel - mean[..., None]) * own).square().sum(2) / frames[:, None]).sqrt()
        moments.append(torch.cat([mean, deviation], 1))
    return torch.cat(moments).numpy()

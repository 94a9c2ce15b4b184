"""Simple classifiers to compare a network with."""

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from domains.speech.dataset import SpeechDataset
from domains.speech.preprocessing import LogMel
from domains.speech.reading import FULL_SCALE
from shared.network import beyond
from shared.training import Draw

LEARNED = 5000  # training clips at most: more cost minutes and change little
BATCH = 256


def logistic_regression(train: SpeechDataset, test: SpeechDataset, log_mel: LogMel) -> NDArray[np.bool_]:
    """Where logistic regression on ``statistics`` is right, (test clips,)."""
    chosen = np.linspace(0, len(train) - 1, min(len(train), LEARNED)).astype(int)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(statistics(train, chosen, log_mel), train.y[chosen])
    return model.predict(statistics(test, np.arange(len(test)), log_mel)) == test.y


def statistics(dataset: SpeechDataset, items: NDArray[np.int64], log_mel: LogMel) -> NDArray[np.float32]:
    """The mean and the standard deviation of each band over the time of each clip, (items, 2 * mels)."""
    moments = []
    with torch.inference_mode():
        for start in range(0, len(items), BATCH):
            batch = dataset[Draw(items[start : start + BATCH], None)]
            stretch = torch.from_numpy(batch["stretch"]) if "stretch" in batch else None
            lengths = torch.from_numpy(batch["lengths"])
            mel, frames = log_mel(torch.from_numpy(batch["x"]).float() / FULL_SCALE, lengths, stretch)
            own = ~beyond(frames, mel.size(2))[:, None]
            mean = (mel * own).sum(2) / frames[:, None]
            deviation = (((mel - mean[..., None]) * own).square().sum(2) / frames[:, None]).sqrt()
            moments.append(torch.cat([mean, deviation], 1))
    return torch.cat(moments).numpy()

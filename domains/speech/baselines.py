"""Simple answers to compare a network with."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from domains.speech.dataset import Words
from domains.speech.preprocessing import LogMel
from domains.speech.reading import FULL_SCALE
from shared.network import beyond
from shared.training import Draw

LEARNED = 5000  # training clips at most: more cost minutes and change little
BATCH = 256


def most_frequent(train: Words, test: Words) -> NDArray[np.bool_]:
    """Where the word of most training clips is right, (test clips,)."""
    return np.bincount(train.y).argmax() == test.y


def logistic_regression(train: Words, test: Words, front_end: dict[str, Any]) -> NDArray[np.bool_]:
    """Where logistic regression on ``statistics`` is right, (test clips,)."""
    chosen = np.linspace(0, len(train) - 1, min(len(train), LEARNED)).astype(int)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(statistics(train, chosen, front_end), train.y[chosen])
    return model.predict(statistics(test, np.arange(len(test)), front_end)) == test.y


def statistics(words: Words, items: NDArray[np.int64], front_end: dict[str, Any]) -> NDArray[np.float32]:
    """The mean and the standard deviation of each band over the time of each clip, (items, 2 * mels)."""
    log_mel = LogMel(**front_end["sizes"])
    found = []
    with torch.inference_mode():
        for start in range(0, len(items), BATCH):
            batch = words[Draw(items[start : start + BATCH], None)]
            stretch = torch.from_numpy(batch["stretch"]) if "stretch" in batch else None
            lengths = torch.from_numpy(batch["lengths"])
            mel, frames = log_mel(torch.from_numpy(batch["x"]).float() / FULL_SCALE, lengths, stretch)
            own = ~beyond(frames, mel.size(2))[:, None]
            mean = (mel * own).sum(2) / frames[:, None]
            deviation = (((mel - mean[..., None]) * own).square().sum(2) / frames[:, None]).sqrt()
            found.append(torch.cat([mean, deviation], 1))
    return torch.cat(found).numpy()

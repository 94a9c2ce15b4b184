"""Simple classifiers to compare a network with."""

import warnings
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from domains.speech.preprocessing import LogMel
from domains.speech.reading import FULL_SCALE
from shared.network import beyond
from shared.training import UNLABELLED, Dataset, Draw, as_tensors, evenly, evenly_by_length

LEARNED = 5000  # training clips at most: more cost minutes and change little
BATCH = 256
FRAMES = 20_000  # training frames at most, of at most 1,000 clips
CONTEXT = (-6, -3, 0, 3, 6)  # frames around one that is classified: 130 ms at 10 ms a frame
ROUNDS = 50  # of the regression's search: it changes little from there


class Labelled(Dataset, Protocol):
    """A dataset with the class of each frame (frames,) of each clip."""

    frames: list[NDArray[np.int32]]


def logistic_regression(
    train: Dataset, words: NDArray[np.int64], test: Dataset, log_mel: LogMel
) -> NDArray[np.int64]:
    """The word (test clips,) by the mean and deviation of each band; ``words`` are the training clips'."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(_statistics(train, LEARNED, log_mel), words[evenly(train, LEARNED)])
    return model.predict(_statistics(test, len(test), log_mel))


@torch.inference_mode()
def _statistics(dataset: Dataset, most: int, log_mel: LogMel) -> NDArray[np.float32]:
    """Of at most N clips, evenly drawn, (N, 2 * mels)."""
    moments, items = [], list(evenly_by_length(dataset, most, BATCH))
    for part in items:
        batch = as_tensors(dataset[Draw(part, None)])
        mel, frames = log_mel(batch["x"].float() / FULL_SCALE, batch["lengths"], batch.get("stretch"))
        own = ~beyond(frames, mel.size(2))[:, None]
        mean = (mel * own).sum(2) / frames[:, None]
        deviation = (((mel - mean[..., None]) * own).square().sum(2) / frames[:, None]).sqrt()
        moments.append(torch.cat([mean, deviation], 1))
    return torch.cat(moments).numpy()[np.argsort(np.concatenate(items))]


def frame_regression(train: Labelled, test: Labelled, log_mel: LogMel) -> Iterator[NDArray[np.int64]]:
    """The class of each frame (frames,) of the test clips, one after the other, by its levels and context."""
    chosen = evenly(train, 1000)
    some = -(-FRAMES // len(chosen))
    x, y = [], []
    for item, levels in zip(chosen.tolist(), _levels(train, chosen, log_mel), strict=True):
        labelled = np.flatnonzero(train.frames[item] != UNLABELLED)
        labelled = labelled[evenly(labelled, some)]
        x.append(levels[labelled])
        y.append(train.frames[item][labelled])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=ROUNDS))
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        model.fit(np.concatenate(x), np.concatenate(y))
    for levels in _levels(test, np.arange(len(test)), log_mel):
        yield model.predict(levels)


@torch.inference_mode()
def _levels(dataset: Dataset, items: NDArray[np.int64], log_mel: LogMel) -> Iterator[NDArray[np.float32]]:
    """The levels of each frame of each clip and of frames around it, (frames, len(CONTEXT) * mels)."""
    for item in items:
        batch = as_tensors(dataset[Draw(np.array([item]), None)])
        mel, _ = log_mel(batch["x"].float() / FULL_SCALE, batch["lengths"], batch.get("stretch"))
        places = torch.arange(mel.size(2))[:, None] + torch.tensor(CONTEXT)
        yield mel[0].T[places.clamp(0, mel.size(2) - 1)].flatten(1).numpy()

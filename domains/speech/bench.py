"""The speed of the preprocessing, and its share of a training step."""

import time
from collections.abc import Callable
from typing import Any

import torch

from domains.speech.data import SpeechData
from domains.speech.module import SpeechClassifier
from shared.training import Batch

BATCHES = 30  # that are timed
REPEATS = 5  # the fastest counts: whatever else the machine does can only slow it down


def bench(module: SpeechClassifier, data: SpeechData, samples_per_second: float) -> dict[str, Any]:
    """The preprocessing alone, as in training: augmented, in batches.

    Args:
        module: of the data.
        data: after ``setup()``.
        samples_per_second: of the whole training.
    """
    module = module.cpu().train()
    batches = [batch for batch, _ in zip(data.train_dataloader(), range(BATCHES), strict=False)]
    clips = sum(len(batch["y"]) for batch in batches)
    sound = sum(int(batch["lengths"].sum()) for batch in batches) / data.preprocessing.sizes["rate"]
    threads = torch.get_num_threads()
    seconds = _seconds(module, batches, time.perf_counter)
    torch.set_num_threads(1)
    seconds_of_one = _seconds(module, batches, time.thread_time)
    torch.set_num_threads(threads)
    return {
        "preprocessing, s of sound / CPU s": sound / seconds_of_one,
        "preprocessing / training step": seconds / clips * samples_per_second,
    }


def _seconds(module: SpeechClassifier, batches: list[Batch], clock: Callable[[], float]) -> float:
    """The best of REPEATS."""
    durations = []
    for _ in range(REPEATS):
        start = clock()
        for batch in batches:
            module.preprocess(batch)
        durations.append(clock() - start)
    return min(durations)

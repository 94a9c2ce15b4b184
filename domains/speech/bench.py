"""The speed of the preprocessing, and its share of a training step."""

import time
from itertools import islice
from timeit import repeat
from typing import Any

import torch

from domains.speech.data import SpeechData
from domains.speech.module import SpeechClassifier

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
    batches = list(islice(data.train_dataloader(), BATCHES))
    clips = sum(len(batch["item"]) for batch in batches)
    sound = sum(int(batch["lengths"].sum()) for batch in batches) / data.preprocessing.sizes["rate"]

    def preprocess() -> None:
        for batch in batches:
            module.preprocess(batch)

    threads = torch.get_num_threads()
    seconds = min(repeat(preprocess, timer=time.perf_counter, repeat=REPEATS, number=1))
    torch.set_num_threads(1)
    seconds_of_one = min(repeat(preprocess, timer=time.thread_time, repeat=REPEATS, number=1))
    torch.set_num_threads(threads)
    return {
        "preprocessing, s of sound / CPU s": sound / seconds_of_one,
        "preprocessing / training step": seconds / clips * samples_per_second,
    }

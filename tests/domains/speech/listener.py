"""A small network over time for tests, and sentences of tones that it understands."""

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import pad_sequence

from domains.speech.module import SpeechClassifier
from domains.speech.preprocessing import SpeechPreprocessing
from shared.training import UNLABELLED
from tests.domains.speech.sounds import WORDS, tone

RATE = 8000
SIZES = {"rate": RATE, "window_ms": 25, "hop_ms": 10, "mels": 24, "low_hz": 60, "high_hz": 4000}
AUGMENT = dict.fromkeys(("shift_ms", "gain_db", "pad_ms", "vocal_tract", "mask_mels", "mask_ms"), 0) | {
    "noise_db": None
}
LAYERS = [
    {"windows": {"size": 5, "hop": 2, "pad": "zeros"}},
    {"conv": {"filters": 8, "kernel": [4, "span"], "norm": "batch"}},
    {"pool": {"kernel": [3, 1]}},
    "flatten",
    {"lstm": {"units": 16, "bidirectional": True, "every": True}},
    {"dense": "classes"},
]
Spoken = list[tuple[str, float, float]]  # words, from one second to another


def spoken(
    random: np.random.Generator, words: int = 4, pause: tuple[float, float] = (0.05, 0.4)
) -> tuple[NDArray[np.float32], Spoken]:
    """Words (tones) between pauses, in noise."""
    parts, rows, time = [], [], 0.0

    def add(seconds: float, hertz: float = 0.0) -> None:
        nonlocal time
        parts.append(tone(hertz, seconds, RATE))
        time += len(parts[-1]) / RATE

    add(random.uniform(*pause))
    for name in random.choice([*WORDS], words).tolist():
        start = time
        add(random.uniform(0.15, 0.3), WORDS[name] * random.uniform(0.9, 1.1))
        rows.append((name, start, time))
        add(random.uniform(*pause))
    x = np.concatenate(parts)
    return (x + random.normal(0, 0.005, len(x))).astype(np.float32), rows


def batch(log_frames: int, clips: list[tuple[NDArray[np.float32], Spoken]], classes: list[str]) -> dict:
    """Clips as data with labels over time have them."""
    x, y, labels = [], [], []
    for wave, rows in clips:
        x.append(torch.from_numpy(np.round(wave * 2**15).astype(np.int16)))
        centres = (np.arange((len(wave) - 200) // log_frames + 1) * log_frames + 100) / RATE
        label = np.full(len(centres), classes.index("silence"))
        for name, start, end in rows:
            label[(centres >= start) & (centres < end)] = classes.index(name)
        y.append(torch.from_numpy(label))
        labels.append(torch.tensor([classes.index(name) for name, _, _ in rows]))
    return {
        "x": pad_sequence(x, batch_first=True),
        "lengths": torch.tensor([len(one) for one in x]),
        "y": pad_sequence(y, batch_first=True, padding_value=UNLABELLED),
        "labels": pad_sequence(labels, batch_first=True, padding_value=UNLABELLED),
        "item": torch.arange(len(x)),
    }


def make(loss: str = "cross_entropy") -> SpeechClassifier:
    """An untrained network of the words."""
    torch.manual_seed(0)
    classes = [*sorted([*WORDS, "silence"]), *(["blank"] if loss == "ctc" else [])]
    return SpeechClassifier(
        model={"layers": LAYERS}, planes=1, extent=(24, None), classes=classes, optimizer={}, schedule={},
        preprocessing=SpeechPreprocessing(SIZES, AUGMENT, {"median": 2.0, "longest": 3.0}), loss=loss,
    )  # fmt: skip


@cache
def listener() -> SpeechClassifier:
    """A network that has learned the words."""
    module = make().train()
    optimizer = torch.optim.Adam(module.parameters(), 0.02)
    random = np.random.default_rng(0)
    for _ in range(50):
        clips = batch(80, [spoken(random) for _ in range(8)], module.classes)
        optimizer.zero_grad()
        module.objective(module.outputs(clips), clips).backward()
        optimizer.step()
    return module.eval()

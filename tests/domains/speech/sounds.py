"""Synthetic sounds for tests, and their data: words are tones, voices shift their pitch."""

import io
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from domains.speech.data import SpeechData
from shared.config.cli import compose
from shared.training.data import Fitted
from shared.training.setup import build_data

WORDS = {"low": 300.0, "middle": 800.0, "high": 1900.0}  # Hz of each word's tone


def tone(hertz: float, seconds: float = 0.4, rate: int = 8000, level: float = 0.3) -> NDArray[np.float32]:
    return (level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def encoded(x: NDArray, rate: int = 8000, format: str = "WAV", subtype: str | None = None) -> bytes:
    data = io.BytesIO()
    soundfile.write(data, x, rate, format=format, subtype=subtype)
    return data.getvalue()


def write_words(folder: Path, speakers: int = 6, clips: int = 4, seed: int = 0) -> Path:
    """WORD/SPEAKER_NUMBER.wav: tones in noise, each voice with a pitch of its own."""
    random = np.random.default_rng(seed)
    for word, hertz in WORDS.items():
        (folder / word).mkdir(parents=True)
        for speaker in range(speakers):
            for number in range(clips):
                seconds = random.uniform(0.15, 0.5)
                x = tone(hertz * (0.9 + 0.04 * speaker), seconds)
                x = x + random.normal(0, 0.02, len(x)).astype(np.float32)
                name = f"{'fm'[speaker % 2]}{speaker}_{number}.wav"
                (folder / word / name).write_bytes(encoded(x))
    return folder


def ready(*words: str, fitted: Fitted | None = None) -> SpeechData:
    """The data of a training with these words on its command line, read and split."""
    data = build_data(compose("train", ["domain=speech", *words]), fitted)
    data.setup()
    assert isinstance(data, SpeechData)
    return data

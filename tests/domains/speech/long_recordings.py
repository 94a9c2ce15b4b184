"""Recordings of several seconds in two classes, put together from the words of the Free Spoken Digit Dataset.

    python -m tests.domains.speech.long_recordings FSDD FOLDER

FSDD is the data set's archive or folder. FOLDER gets a folder for each task, with CLASS/SPEAKER_NUMBER.wav:
240 recordings of 3 to 12 seconds by six speakers, words with pauses in faint noise.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from domains.speech.reading import compile_pattern, read_clips

RATE = 8000
RECORDINGS = 240  # of a task
SECONDS = (3.0, 12.0)
PAUSE = (0.1, 0.6)  # seconds between two words

Draw = np.random.Generator
DIGITS = np.arange(10)


def zero(label: str, words: int, draw: Draw) -> NDArray[np.int64]:
    """One of the words is a zero, or none."""
    digits = draw.integers(1, 10, words)
    if label == "zero":
        digits[draw.integers(words)] = 0
    return digits


def order(label: str, words: int, draw: Draw) -> NDArray[np.int64]:
    """Counting upwards or downwards, from any number: 8 9 0 1 is up."""
    step = 1 if label == "up" else -1
    return (draw.integers(10) + step * np.arange(words)) % 10


def language(label: str, words: int, draw: Draw) -> NDArray[np.int64]:
    """Words at random, of which each language has its frequent and its rare ones."""
    often = DIGITS < 5 if label == "low" else DIGITS >= 5
    return draw.choice(10, words, p=np.where(often, 0.15, 0.05))


def anything(label: str, words: int, draw: Draw) -> NDArray[np.int64]:
    """Words at random: the classes differ by who speaks."""
    return draw.integers(0, 10, words)


TASKS: dict[str, tuple[tuple[str, str], Callable[[str, int, Draw], NDArray[np.int64]]]] = {
    "zero": (("none", "zero"), zero),
    "order": (("down", "up"), order),
    "language": (("high", "low"), language),
    "speaker": (("others", "theo"), anything),
}


def make(fsdd: Path, folder: Path, tasks: list[str]) -> None:
    """Write the folders of the tasks; each clip of FSDD is used once before one is used again."""
    pattern = compile_pattern(r"(?P<label>\d)_(?P<speaker>[a-z]+)_\d+\.")
    clips, _ = read_clips(fsdd, RATE, pattern=pattern, max_seconds=5)
    speakers = np.unique(clips.speaker).tolist()
    for task in tasks:
        classes, words_of = TASKS[task]
        draw = np.random.default_rng(list(task.encode()))
        piles: dict[tuple[str, str], list[int]] = {}
        for number in range(RECORDINGS):
            label, speaker = classes[number % 2], speakers[number // 2 % len(speakers)]
            if task == "speaker":
                others = [name for name in speakers if name != "theo"]
                speaker = "theo" if label == "theo" else others[number // 2 % len(others)]
            seconds = draw.uniform(*SECONDS)
            words = max(round(seconds / 0.8), 3)
            parts = [_pause(draw)]
            for digit in words_of(label, words, draw).tolist():
                key = (speaker, str(digit))
                if not piles.get(key):
                    own = np.flatnonzero((clips.speaker == speaker) & (clips.label == str(digit)))
                    piles[key] = draw.permutation(own).tolist()
                parts += [clips.samples[piles[key].pop()].astype(np.float64), _pause(draw)]
            x = np.concatenate(parts)
            x += draw.normal(0, 10 ** draw.uniform(-3, -2) * np.abs(x).max(), len(x))  # the noise of a room
            target = folder / task / label / f"{speaker}_{number:03}.wav"
            target.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(target, (0.5 * x / np.abs(x).max()).astype(np.float32), RATE)
        sys.stdout.write(f"{folder / task}: {RECORDINGS} recordings of {len(speakers)} speakers\n")


def _pause(draw: Draw) -> NDArray[np.float64]:
    return np.zeros(int(RATE * draw.uniform(*PAUSE)))


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] or list(TASKS))

"""Make the bundled dataset of digits spoken by espeak-ng (Debian package espeak-ng), men and women.

python scripts/samples/speech.py

A clip depends on its digit, voice and number alone: speed, pitch and melody are drawn from them.
"""

import argparse
import io
import random
import subprocess
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torchaudio.functional import resample

from scripts.samples.pack import pack
from shared.config import PROJECT, progress

RATE = 8000  # Hz, as in telephones
WORDS = "zero one two three four five six seven eight nine".split()
# The same accents for men and women, so that only the voice differs between the splits.
ACCENTS = "en-us en-gb en-gb-scotland en-029 en-gb-x-rp en-us-nyc en-gb-x-gbclan en-gb-x-gbcwmd".split()
# espeak-ng's variants of a voice: vocal tract, pitch, breath.
MEN = "m1 m2 m3 m4 m5 m6 m7 m8 adam Andy benjamin david ed Gene john Lee".split()
WOMEN = "f1 f2 f3 f4 f5 Alicia Andrea Annie aunty belinda linda steph steph2 steph3 anika grandma".split()
MELODIES = ["{}", "{},", "{}!", "{}?"]
QUIET = 0.01  # of the loudest sample: what is softer before and after a word is cut off
MP3_COMPRESSION = 0.8  # 0 … 1: about 1.4 KB a word once packed


def voices() -> dict[str, str]:
    """espeak-ng's name of each speaker: m00 … m15 men, f00 … f15 women."""
    return {
        f"{sex}{number:02d}": f"{ACCENTS[number % len(ACCENTS)]}+{variant}"
        for sex, variants in (("f", WOMEN), ("m", MEN))
        for number, variant in enumerate(variants)
    }


def speak(digit: int, speaker: str, number: int) -> NDArray[np.float32]:
    """One word at RATE, without the silence around it, at a loudness of its own."""
    draw = random.Random(f"{digit} {speaker} {number}")  # noqa: S311 - a repeatable draw, not a secret
    settings = {"-v": voices()[speaker], "-s": draw.randint(110, 210), "-p": draw.randint(25, 75)}
    words = [str(word) for pair in settings.items() for word in pair]
    text = draw.choice(MELODIES).format(WORDS[digit])
    done = subprocess.run(["espeak-ng", *words, "--stdout", text], capture_output=True, check=True)  # noqa: S603, S607
    x, rate = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
    x = resample(torch.from_numpy(x), rate, RATE).numpy()
    loud = np.flatnonzero(np.abs(x) > QUIET * np.abs(x).max())
    x = x[loud[0] : loud[-1] + 1]
    return x / np.abs(x).max() * 10 ** (draw.uniform(-12, -1) / 20)


def mp3(x: NDArray[np.float32]) -> bytes:
    """The samples as an MP3 file."""
    sound = io.BytesIO()
    soundfile.write(sound, x, RATE, format="MP3", compression_level=MP3_COMPRESSION)
    return sound.getvalue()


def main(words: list[str] | None = None) -> None:
    """Speak each digit in each voice, and pack all as DIGIT_SPEAKER_NUMBER.mp3."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=5, help="of each digit in each of 32 voices")
    parser.add_argument("--archive", type=Path, default=PROJECT / "domains/speech/sample/digits.tar.xz")
    args = parser.parse_args(words)
    clips = [(digit, speaker, n) for digit in range(10) for speaker in voices() for n in range(args.clips)]
    spoken = progress(clips, "espeak-ng speaks")
    pack(((f"{digit}_{who}_{n}.mp3", mp3(speak(digit, who, n))) for digit, who, n in spoken), args.archive)


if __name__ == "__main__":
    main()

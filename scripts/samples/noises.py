"""Make recordings without a word, of kinds that data.background does not make: rain, wind, keys and others.

python scripts/samples/noises.py noises
python scripts/evaluate.py run=speech/digits data.path=noises data.pattern=null data.official=null \
    data.train_also=null data.background=null 'data.fractions={val: 0, test: 1}'
"""

import argparse
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

RATE = 8000
Sound = NDArray[np.float64]


def rain(time: Sound, draw: np.random.Generator) -> Sound:
    """Hundreds of drops a second over a faint rush."""
    drops = (draw.random(len(time)) < draw.uniform(0.01, 0.1)) * draw.exponential(1, len(time))
    return sosfilt(butter(2, draw.uniform(800, 2500), "high", fs=RATE, output="sos"), drops)


def wind(time: Sound, draw: np.random.Generator) -> Sound:
    """Low noise that rises and falls."""
    low = sosfilt(butter(2, draw.uniform(150, 600), fs=RATE, output="sos"), draw.standard_normal(len(time)))
    return low * (1.2 + np.sin(2 * np.pi * draw.uniform(0.5, 2) * time + draw.uniform(0, 6)))


def engine(time: Sound, draw: np.random.Generator) -> Sound:
    """Ignitions whose rate rises or falls."""
    beats = draw.uniform(20, 60) * time * (1 + draw.uniform(-0.3, 0.3) * time)
    pulses = np.diff(np.floor(beats), prepend=0) + 0.02 * draw.standard_normal(len(time))
    return sosfilt(butter(2, [80, draw.uniform(400, 1500)], "band", fs=RATE, output="sos"), pulses)


def keys(time: Sound, draw: np.random.Generator) -> Sound:
    """Typing: short double knocks in room noise."""
    x = 0.003 * draw.standard_normal(len(time))
    for start in draw.integers(0, len(time), draw.integers(2, 6)):
        for later, strength in ((0, 1), (int(draw.uniform(0.04, 0.1) * RATE), 0.5)):
            part = x[start + later : start + later + 160]
            part += strength * draw.standard_normal(len(part)) * np.exp(-np.arange(len(part)) / 25)
    return x


def tones(time: Sound, draw: np.random.Generator) -> Sound:
    """A telephone's key or dial tone: two tones at a time."""
    pair = draw.choice([697, 770, 852, 941]), draw.choice([1209, 1336, 1477])
    return sum((np.sin(2 * np.pi * hertz * time) for hertz in pair), np.zeros(len(time)))


def chords(time: Sound, draw: np.random.Generator) -> Sound:
    """A plucked chord with overtones."""
    x = np.zeros(len(time))
    for step in (0, 4, 7):
        base = draw.uniform(110, 330) * 2 ** (step / 12)
        for overtone in range(1, 6):
            x += np.sin(2 * np.pi * base * overtone * time) * np.exp(-overtone * 3 * time) / overtone
    return x


def main(words: list[str] | None = None) -> None:
    """Write silence/KIND_NUMBER.wav into a new folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="a new folder")
    parser.add_argument("--count", type=int, default=50, help="recordings of each kind")
    args = parser.parse_args(words)
    if args.output.exists():
        parser.error(f"output: must be a new folder, got {args.output}")
    (args.output / "silence").mkdir(parents=True)
    for number, kind in enumerate((rain, wind, engine, keys, tones, chords)):
        for item in range(args.count):
            draw = np.random.default_rng([number, item])
            x = kind(np.arange(int(draw.uniform(0.3, 1.5) * RATE)) / RATE, draw)
            x *= 10 ** (draw.uniform(-40, -3) / 20) / np.abs(x).max()
            soundfile.write(args.output / "silence" / f"{kind.__name__}_{item:02d}.wav", x, RATE)


if __name__ == "__main__":
    main()

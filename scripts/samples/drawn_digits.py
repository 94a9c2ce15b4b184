"""Make pictures of digits as people draw them with a mouse: a pen's strokes on canvases of many sizes and colours.

python scripts/samples/drawn_digits.py drawn
python scripts/samples/drawn_digits.py drawn --skeletons hand

The lines are those of Hershey's fonts (Debian package hershey-fonts-data), or the ones written down here; each
picture changes them: slant, turn, proportions, wobble, samples of the mouse. None comes from a dataset.
"""

import argparse
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.interpolate import make_interp_spline

Stroke = NDArray[np.float64]  # (points, 2): x to the right and y down

# Points that a pen passes, smoothly or, after |, with a corner; digits of about 10 by 16. Several ways to write each.
HAND = {
    "0": [
        "6 0, 2 2, 0 8, 2 14, 5 16, 8 14, 10 8, 8 2, 5 0",
        "9 2, 5 0, 1 4, 0 9, 3 15, 7 15, 10 9, 9 4, 7 1, 4 1",
    ],
    "1": ["5 0, 5 16", "1 4, 5 0 | 5 0, 5 16", "7 0, 3 16", "2 3, 5 0 | 5 0, 5 16 / 2 16, 8 16"],
    "2": [
        "1 4, 4 0, 8 1, 9 5, 6 10, 0 16 | 0 16, 10 16",
        "0 3, 5 0, 9 4, 6 9, 1 14, 0 16, 2 14, 5 15, 10 16",
        "0 1, 6 0, 9 4, 5 10, 0 16 | 0 16, 9 15",
    ],
    "3": [
        "1 2, 5 0, 9 3, 7 7, 4 8 | 4 8, 8 9, 10 12, 6 16, 0 14",
        "0 0, 9 0 | 9 0, 4 6 | 4 6, 9 9, 8 14, 4 16, 0 14",
        "1 1, 7 0, 8 5, 4 7, 3 8, 8 9, 9 13, 5 16, 0 15",
    ],
    "4": [
        "6 0, 0 11 | 0 11, 10 11 / 7 5, 7 16",
        "1 0, 1 8 | 1 8, 9 8 / 8 0, 8 16",
        "7 16, 7 0 | 7 0, 0 10 | 0 10, 10 10",
    ],
    "5": [
        "9 0, 2 0 | 2 0, 1 7 | 1 7, 5 6, 9 9, 8 14, 4 16, 0 14",
        "2 0, 1 7 | 1 7, 6 6, 9 10, 6 15, 0 15 / 2 0, 9 0",
        "9 0, 1 1 | 1 1, 1 7, 6 7, 9 11, 6 16, 0 16",
    ],
    "6": [
        "8 0, 3 4, 0 10, 2 15, 6 16, 9 13, 7 9, 3 9, 0 12",
        "5 0, 1 8, 1 14, 5 16, 8 13, 6 9, 2 11, 1 14",
        "7 0, 2 5, 0 11, 3 16, 8 14, 8 10, 4 9, 1 12",
    ],
    "7": ["0 0, 10 0 | 10 0, 4 16", "0 0, 9 0 | 9 0, 3 16 / 2 8, 9 8", "0 1, 9 0 | 9 0, 6 7, 5 16"],
    "8": [
        "8 2, 5 0, 1 3, 4 7, 8 10, 8 14, 5 16, 1 14, 2 10, 7 6, 9 3, 7 1",
        "5 7, 1 4, 5 0, 9 4, 5 7, 1 11, 5 16, 9 12, 5 7",
        "9 3, 5 0, 1 3, 5 7, 9 12, 5 16, 1 12, 5 7, 9 3",
    ],
    "9": [
        "9 4, 6 0, 1 2, 1 7, 5 8, 9 4 | 9 4, 8 16",
        "8 3, 4 0, 0 4, 3 8, 8 6, 9 3, 8 10, 4 16",
        "9 2, 4 0, 1 4, 3 8, 7 7, 9 2, 9 9, 7 14, 2 16",
    ],
}
FOLDER = Path("/usr/share/hershey-fonts")
FONTS = ("futural", "futuram", "scriptc", "timesr")  # others repeat their digits
COLOURS = [  # of the canvas and of the pen
    *[((255, 255, 255), (0, 0, 0))] * 3,
    *[((0, 0, 0), (255, 255, 255))] * 3,
    ((0, 0, 0, 0), (0, 0, 0)),  # a canvas of a browser without a background
    ((250, 246, 230), (30, 50, 160)),
    ((35, 60, 50), (235, 235, 220)),
    ((255, 255, 255), (220, 30, 30)),
    ((30, 30, 30), (250, 220, 60)),
    ((200, 200, 200), (60, 60, 60)),
]


def draw(random: np.random.Generator, strokes: list[Stroke]) -> Image.Image:
    """The strokes as one person draws them, on a canvas of a size and colour of its own."""
    width, height = (int(side) for side in random.integers(90, 640, 2))
    width = min(max(width, height // 2), 2 * height)
    size = random.uniform(0.35, 0.85) * min(width, height)
    strokes = _changed(random, strokes, size)
    pen = max(size * random.uniform(0.02, 0.16), 1.5)
    points = np.concatenate(strokes)
    low, high = points.min(0) - pen, points.max(0) + pen
    room = np.maximum(np.array([width, height]) - (high - low), 0)
    start = random.uniform(0, 1, 2) * room - low
    canvas, colour = COLOURS[random.integers(len(COLOURS))]
    smooth = 3 if random.random() < 0.8 else 1  # a browser smooths edges, an old paint program does not
    picture = Image.new("RGBA", (smooth * width, smooth * height), canvas)
    lines = ImageDraw.Draw(picture)
    for stroke in strokes:
        path = [tuple(point) for point in ((stroke + start) * smooth).tolist()]
        lines.line(path, colour, round(pen * smooth), joint="curve")
        for x, y in path:  # a round pen
            radius = pen * smooth / 2
            lines.ellipse((x - radius, y - radius, x + radius, y + radius), colour)
    picture = picture.resize((width, height), Image.Resampling.BOX)
    return picture if len(canvas) == 4 else picture.convert("RGB")


def _changed(random: np.random.Generator, strokes: list[Stroke], size: float) -> list[Stroke]:
    """Slanted, turned, wobbling and sampled by a mouse, ``size`` pixels high; about the origin."""
    points = np.concatenate(strokes)
    low, high = points.min(0), points.max(0)
    turn, lean = random.uniform(-0.15, 0.15), random.uniform(-0.35, 0.2)
    shape = np.array([[random.uniform(0.7, 1.2), lean], [0, 1]])
    shape = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]) @ shape
    waves = random.normal(0, 0.02, (3, 2)), random.uniform(2, 7, (3, 2)), random.uniform(0, 6, 3)
    result = []
    for stroke in strokes:
        x = (stroke - (low + high) / 2) / max(high[1] - low[1], 1e-9)
        for strength, frequency, phase in zip(*waves, strict=True):
            x = x + strength * np.sin(x @ frequency + phase)[:, None]
        x = size * (x @ shape.T)
        steps = np.linalg.norm(np.diff(x, axis=0), axis=1)
        along = np.concatenate([[0], steps.cumsum()])
        count = max(round(along[-1] / (size * random.uniform(0.04, 0.1))), 2)
        places = np.linspace(0, along[-1], count)
        sampled = np.column_stack([np.interp(places, along, axis) for axis in x.T])
        result.append(sampled + random.normal(0, 0.007 * size, sampled.shape))
    return result


def hand(text: str) -> list[Stroke]:
    """Strokes from points as in HAND: ``/`` lifts the pen, ``|`` turns a corner, between them the line is smooth."""
    return [np.concatenate([_curve(part) for part in stroke.split("|")]) for stroke in text.split("/")]


def _curve(text: str) -> Stroke:
    points = np.array([point.split() for point in text.split(",")], np.float64)
    spline = make_interp_spline(np.arange(len(points)), points, k=min(3, len(points) - 1))
    return spline(np.linspace(0, len(points) - 1, 12 * len(points)))


def hershey(file: Path) -> dict[str, list[Stroke]]:
    """The digits of a font in Hershey's format: pairs of letters count from R, and " R" lifts the pen."""
    records: list[str] = []
    for line in file.read_text("ascii").splitlines():
        full = not records or len(records[-1]) >= 8 + 2 * int(records[-1][5:8])
        records[len(records) :] = [line] if full else []
        records[-1] += "" if full else line
    return {digit: _strokes(records[ord(digit) - ord(" ")][10:]) for digit in HAND}


def _strokes(pairs: str) -> list[Stroke]:
    lines = [pairs[i : i + 2] for i in range(0, len(pairs), 2)]
    strokes: list[list[tuple[int, int]]] = [[]]
    for x, y in lines:
        if (x, y) == (" ", "R"):
            strokes.append([])
        else:
            strokes[-1].append((ord(x) - ord("R"), ord(y) - ord("R")))
    return [np.array(stroke, np.float64) for stroke in strokes if len(stroke) > 1]


def main(words: list[str] | None = None) -> None:
    """Write CLASS/NUMBER.png into a new folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="a new folder")
    parser.add_argument("--skeletons", default="hershey", choices=("hershey", "hand"), help="what is drawn")
    parser.add_argument("--count", type=int, default=20, help="pictures of each digit")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(words)
    if args.output.exists():
        parser.error(f"output: must be a new folder, got {args.output}")
    missing = [name for name in FONTS if not (FOLDER / f"{name}.jhf").is_file()]
    if args.skeletons == "hershey" and missing:
        parser.error(f"{FOLDER}: must hold {missing[0]}.jhf; install the Debian package hershey-fonts-data")
    fonts = [hershey(FOLDER / f"{name}.jhf") for name in FONTS] if args.skeletons == "hershey" else []
    for digit, ways in HAND.items():
        (args.output / digit).mkdir(parents=True)
        skeletons = [font[digit] for font in fonts] or [hand(way) for way in ways]
        for number in range(args.count):
            random = np.random.default_rng([args.seed, int(digit), number])
            picture = draw(random, skeletons[number % len(skeletons)])
            picture.save(args.output / digit / f"{number:03d}.png")


if __name__ == "__main__":
    main()

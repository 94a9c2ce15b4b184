"""The picture of all four domains in README.md, made by the project's own networks in about a minute.

python -m tests.documents.four_domains docs/four-domains.png
"""

import os
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from PIL import Image
from sklearn.datasets import load_digits
from soundfile import read
from torch.nn.functional import interpolate

from domains.go.board import Game
from domains.go.drawing import draw_board
from domains.go.records import read_games
from shared.commands import predict, train
from shared.config import compose
from shared.results import BLUE, ORANGE
from shared.runs import Run
from shared.training import load_module

DOMAINS = Path(__file__).resolve().parents[2] / "domains"
GAME, MOVE = DOMAINS / "go/sample/game.sgf", 49
CLIP = "7_f03_0.mp3"
SENTENCE = "the acting looks silly , but never stale"


def trained(domain: str) -> str:
    """The folder of a run on the bundled dataset, with the default recipe."""
    return str(train(compose("train", [f"domain={domain}", "runs=runs"]))["run"])


def predicted(run: str, **given: object) -> list[dict[str, Any]]:
    """The most probable classes, as ``predict.py`` writes them."""
    words = [f"{key}={value}" for key, value in given.items()]
    best: list[dict[str, Any]] = predict(compose("predict", [f"run={run}", "output=out", *words])).rows[0][
        "best"
    ]
    return best


def draw_filter(axes: Axes, x: float, y: float, width: float, height: float) -> None:
    """The cells that a filter covers at one position."""
    axes.add_patch(Rectangle((x, y), width, height, fill=False, edgecolor=ORANGE, linewidth=3, zorder=8))


def draw_arrow(axes: Axes, start: tuple[float, float], stop: tuple[float, float]) -> None:
    """The direction in which a filter slides."""
    style = {"arrowstyle": "-|>", "mutation_scale": 22, "color": ORANGE, "linewidth": 3, "zorder": 8}
    axes.add_patch(FancyArrowPatch(start, stop, shrinkA=0, shrinkB=0, **style))


def image(axes: Axes) -> dict[str, Any]:
    """A digit, and a 3×3 filter that slides along both axes."""
    digits = load_digits()
    item = int(np.flatnonzero(digits.target == 2)[3])
    small = torch.from_numpy(digits.images[item])[None, None].float() * (255 / 16)
    enlarged = interpolate(small, size=(28, 28), mode="bicubic", antialias=True).round().clamp(0, 255)
    picture = enlarged[0, 0].byte().numpy()
    Image.fromarray(picture).save("digit.png")
    axes.imshow(picture, cmap="gray_r")
    draw_filter(axes, 3.5, 3.5, 3, 3)
    draw_arrow(axes, (7.5, 5), (13.5, 5))
    draw_arrow(axes, (5, 7.5), (5, 13.5))
    return predicted(trained("image"), input="digit.png")[0]


def go(axes: Axes) -> dict[str, Any]:
    """A position, the probability of each point, and a padded 3×3 filter at the edge of the board."""
    board, heat = Game(19, (), read_games(GAME).moves[: MOVE - 1].tolist()), np.zeros((19, 19))
    choices = predicted("go/policy", input=GAME, move=MOVE, top=361)
    for choice in choices:
        column, line = choice["name"][0], int(choice["name"][1:])
        heat[19 - line, "ABCDEFGHJKLMNOPQRST".index(column)] = choice["probability"]
    draw_board(axes, board.stones, heat)
    draw_filter(axes, -0.5, 13.5, 3, 3)
    draw_arrow(axes, (2.5, 15), (6.5, 15))
    draw_arrow(axes, (1, 13.5), (1, 9.5))
    return choices[0]


def speech(axes: Axes) -> dict[str, Any]:
    """A spectrogram, and a filter that spans a window of time and slides along frequency."""
    with tarfile.open(DOMAINS / "speech/sample/digits.tar.xz") as archive:
        archive.extract(CLIP, filter="data")
    run = trained("speech")
    wave, _ = read(CLIP, dtype="float32")
    mel, frames = load_module(Run.open(run)).log_mel(torch.from_numpy(wave)[None], torch.tensor([len(wave)]))
    axes.imshow(mel[0, :, : int(frames[0])].numpy(), origin="lower", aspect="auto", cmap="viridis")
    axes.set_xlabel("time →")
    axes.set_ylabel("frequency →")
    draw_filter(axes, 19.5, 5.5, 15, 8)
    draw_arrow(axes, (27, 14), (27, 26))
    return predicted(run, input=CLIP)[0]


def text(axes: Axes) -> dict[str, Any]:
    """A sentence as vectors, and a filter of three words that spans the embedding."""
    run = trained("text")
    module, words = load_module(Run.open(run)), SENTENCE.split()
    rows = [module.preprocessing.vocabulary.index(word) for word in words]
    vectors = module.embeddings[0].weight[rows, :24].detach().numpy()
    limit = np.abs(vectors).max()
    axes.imshow(vectors, aspect="auto", cmap="PRGn", vmin=-limit, vmax=limit)
    axes.set_yticks(range(len(words)), words, fontsize=14)
    axes.set_xlabel("embedding →")
    draw_filter(axes, -0.5, 2.5, 24, 3)
    draw_arrow(axes, (11.5, 5.5), (11.5, 7.4))
    return predicted(run, text=SENTENCE)[0]


PANELS = (
    ("Images", image, "slides along both axes", "digit {}"),
    ("Go", go, "both axes, zeros beyond the edge", "move {}"),
    ("Speech", speech, "spans time, slides along frequency", "word “{}”"),
    ("Text", text, "slides along the words only", "{}"),
)


def picture() -> Figure:
    """The four panels: what the filter does in orange, the prediction in blue."""
    figure = Figure(figsize=(18, 6), dpi=90, layout="constrained")
    for axes, (title, draw, design, wording) in zip(figure.subplots(1, 4), PANELS, strict=True):
        axes.set_box_aspect(1)
        axes.set(xticks=[], yticks=[])
        axes.xaxis.label.set_size(14)
        axes.yaxis.label.set_size(14)
        axes.set_title(title, fontsize=19, weight="bold", pad=10)
        best = draw(axes)
        prediction = f"{wording.format(best['name'])}: {100 * best['probability']:.0f} %"
        for y, caption, colour in ((-0.11, design, ORANGE), (-0.2, prediction, BLUE)):
            place = {"transform": axes.transAxes, "ha": "center", "va": "top"}
            axes.text(0.5, y, caption, fontsize=15, color=colour, **place)
    return figure


if __name__ == "__main__":
    target = Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        picture().savefig(target, bbox_inches="tight", pad_inches=0.1)

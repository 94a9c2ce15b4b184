"""``predict.py`` on the files of a test set gives the predictions of the run's own test."""

import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shared.commands.predict import predict
from shared.commands.train import train
from shared.config.cli import compose
from shared.runs.run import Run
from shared.training.setup import build_data
from tests.domains.speech.sounds import encoded, tone

BUDGET = [
    *("trainer.max_epochs=1", "trainer.accelerator=cpu", "trainer.precision=32-true"),
    *("trainer.enable_progress_bar=false", "data.workers=0"),
]
Rows = list[dict[str, Any]]


def images(folder: Path) -> list[str]:
    random = np.random.default_rng(0)
    for split, name, number in product(("train", "val", "test"), ("dark", "light"), range(6)):
        path = folder / split / name / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 160, (28, 28), dtype=np.uint8) + 90 * (name == "light")
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    return ["domain=image", "data=image/folder", f"data.path={folder}", "data.size=28", "data.channels=1"]


def games(folder: Path) -> list[str]:
    folder.mkdir()
    for number, start in enumerate(product("abcdef", "ab")):
        moves = "".join(f";{'BW'[i % 2]}[{c}{r}]" for i, (c, r) in enumerate(product("abcdf", "fgh")))
        (folder / f"{number}.sgf").write_text(f"(;SZ[9];B[{''.join(start)}];W[ig]{moves})")
    words = ["data=go/sgf", "data.size=9", "data.min_moves=1", "data.fractions={val: 0.2, test: 0.3}"]
    return ["domain=go", *words, f"data.path={folder}", "model.filters=4", "model.depth=2"]


def clips(folder: Path) -> list[str]:
    for split, (name, hertz), number in product(
        ("train", "val", "test"), (("low", 200), ("high", 900)), range(5)
    ):
        path = folder / split / name / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(tone(hertz + 20 * number, 0.3 + 0.02 * number, 8000), 8000))
    return ["domain=speech", "data=speech/folder", f"data.path={folder}", "model.filters=4", "model.units=4"]


def sentences(folder: Path) -> list[str]:
    folder.mkdir()
    for split, number in (("train", 60), ("test", 20)):
        lines = [
            f"{'pos fine' if n % 2 else 'neg dull'} {split} film {'very ' * (n % 5)}{n}"
            for n in range(number)
        ]
        (folder / f"{split}.txt").write_text("\n".join(lines))
    words = [
        "data=text/sentences",
        f"data.path={folder / 'train.txt'}",
        f"data.test_path={folder / 'test.txt'}",
    ]
    return ["domain=text", *words, "model.embedding=12", "model.filters=8"]


def of_test(domain: str, data: Any, rows: Rows) -> Rows:
    """The row of each test item."""
    dataset = data.test_set
    if domain == "go":
        by_move = {(row["file"], row["move"]): row for row in rows}
        names = dataset.games.name[dataset.game]
        return [by_move[name, ply + 1] for name, ply in zip(names, dataset.ply.tolist(), strict=True)]
    if domain == "text":
        return rows
    names = dataset.name if domain == "image" else dataset.clips.name
    by_file = {row["file"]: row for row in rows}
    return [by_file[name.removeprefix("test/")] for name in names]


@pytest.mark.parametrize(
    ("domain", "make", "words"),
    [
        ("image", images, ["data.test_views=6"]),
        ("go", games, ["data.test_symmetries=8"]),
        ("speech", clips, []),
        ("text", sentences, []),
    ],
)
def test_predictions_for_the_test_files_equal_those_of_the_test(
    domain: str,
    make: Callable[[Path], list[str]],
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "in"
    run = Run.open(train(compose("train", [*make(folder), *words, *BUDGET, f"runs={tmp_path}"]))["run"])
    source = {"go": folder, "text": folder / "lines.txt"}.get(domain, folder / "test")
    if domain == "text":
        lines = (folder / "test.txt").read_text().splitlines()
        source.write_text("\n".join(line.partition(" ")[2] for line in lines))
    data = build_data(run.config)
    data.setup()
    for file in folder.glob("*.sgf"):
        if file.name not in data.test_set.games.name[data.test_set.game]:
            file.unlink()
    tested = dict(np.load(run.folder / "test_items.npz"))
    monkeypatch.setattr(
        sys.modules[predict.__module__], "write_figure", lambda *_: None
    )  # drawing takes the most time
    run.record.unlink()  # which would calibrate what is predicted
    overrides = [f"run={run.folder}", f"input={source}", f"output={tmp_path / 'out'}"]
    rows = of_test(domain, data, predict(compose("predict", overrides)).rows)
    assert len(rows) == len(tested["item"]) > 5
    best = [row["best"][0]["name"] for row in rows]
    if domain == "go":  # predict normalises over the legal moves
        probability = tested["label_probability"] / (1 - tested["illegal"])
    else:
        assert best == [data.classes[answer] for answer in tested["answer"]]
        probability = tested["confidence"]
    assert [row["probability"] for row in rows] == pytest.approx(probability, rel=1e-4)

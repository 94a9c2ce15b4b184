"""Training examples are drawn with their labels, of all classes, and the classes are counted."""

import csv
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from shared.config.check import check
from shared.config.cli import compose
from shared.errors import UserError
from shared.explain.examples import chosen, show
from shared.files import plain_cell
from shared.training.setup import build_data

ODD = ["a, b", 'say "x"', "[bold]m", "=1+1", "$\\frac{1}$", "日本"]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Classes with odd names, one with few pictures, and a file that is none."""
    random = np.random.default_rng(0)
    for number, name in enumerate(ODD):
        (tmp_path / "data" / name).mkdir(parents=True)
        for n in range(4 if number == 2 else 20):
            pixels = random.integers(256, size=(12, 12, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / name / f"{n}.png")
    (tmp_path / "data" / ODD[0] / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    return tmp_path / "data"


def captions(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The captions of the figures that are drawn from now on."""
    seen: list[list[str]] = []

    def drawn(path: Path, figure: Figure, figures: str) -> None:
        seen.append([figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)])

    monkeypatch.setattr("shared.explain.examples.write_figure", drawn)
    return seen


def words_for(pictures: Path, *more: str) -> list[str]:
    return [
        "domain=image",
        "data=image/folder",
        f"data.path={pictures}",
        "data.size=12",
        "model=image/dense",
        *more,
    ]


def test_examples_of_all_classes_are_drawn_and_counted(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = compose("show", words_for(pictures, f"runs={tmp_path}", "n=12"))
    check(config, "show")
    folder = show(config)
    assert folder.parent == tmp_path / "image" / "examples"
    with Image.open(folder / "examples.png") as picture:
        assert picture.width > 500
    with (folder / "classes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(plain_cell(row["class"]) for row in rows) == sorted(ODD)
    assert sum(int(row[name]) for row in rows for name in ("train", "val", "test")) == 104
    printed = capsys.readouterr().out
    assert "torn.jpg" in printed
    assert "imbalanced classes" in printed
    assert printed.splitlines()[-1] == f"examples: {folder}"


def test_the_seed_chooses_and_each_class_comes_before_any_comes_again(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = captions(monkeypatch)
    for more in ("seed=0", "seed=0", "seed=1"):
        show(compose("show", words_for(pictures, f"output={tmp_path / 'out'}", "n=12", more)))
    first, again, other = seen
    assert first == again != other
    labels = [caption.split("\n")[0] for caption in first[1:]]
    assert sorted(labels) == sorted(ODD * 2)
    assert first[0].startswith("12 of ")
    assert first[0].endswith("training examples of image/folder, 6 of 6 classes")


def test_of_more_classes_than_examples_none_comes_twice() -> None:
    data = build_data(compose("show", ["domain=image"]))
    data.setup()
    assert len(set(data.train_set.y[chosen(data, 7, 0)])) == 7  # type: ignore[attr-defined]
    items = chosen(data, 10**6, 0)
    assert sorted(items) == list(range(len(data.train_set)))


@pytest.mark.parametrize("domain", ["go", "speech", "text"])
def test_each_domain_shows_its_examples(
    domain: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = captions(monkeypatch)
    show(compose("show", [f"domain={domain}", f"output={tmp_path}", "n=6"]))
    [[title, *words]] = seen
    assert len(words) == 6
    assert "6 of " in title
    assert "  " not in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["n=0"], "n: must be a whole number from 1, got 0"),
        (["n=all"], "n: must be a whole number from 1, got 'all'"),
        (["data.path=/nowhere"], "/nowhere: no such file or folder"),
        (["data.batch_size=0"], "data.batch_size: must be"),
    ],
)
def test_mistakes_are_one_line(words: list[str], message: str, pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        show(compose("show", words_for(pictures, f"output={tmp_path / 'out'}", *words)))
    assert not (tmp_path / "out").exists()

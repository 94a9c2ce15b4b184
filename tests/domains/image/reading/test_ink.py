"""Drawings are brought to one size, place and polarity."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from domains.image.reading.datasets import SOURCES
from domains.image.reading.decode import decode_image
from domains.image.reading.ink import centred_ink, ink_of
from shared.commands.predict import predict
from shared.commands.train import train
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.run import Run
from shared.training.setup import build_data, load_module

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def drawn(
    size: tuple[int, int], corner: tuple[int, int], scale: int, paper: tuple[int, ...], pen: tuple[int, ...]
) -> Image.Image:
    """An L of 4 by 10 strokes, its upper left corner at a place."""
    image = Image.new("RGBA" if len(paper) == 4 else "RGB", size, paper)
    x, y = corner
    lines = ImageDraw.Draw(image)
    lines.rectangle((x, y, x + 2 * scale - 1, y + 10 * scale - 1), pen)
    lines.rectangle((x, y + 8 * scale, x + 6 * scale - 1, y + 10 * scale - 1), pen)
    return image


@pytest.mark.parametrize(
    ("size", "corner", "scale", "paper", "pen"),
    [
        ((300, 200), (10, 20), 10, BLACK, WHITE),
        ((90, 400), (3, 300), 7, WHITE, (200, 30, 30)),
        ((3000, 2000), (1500, 900), 100, (30, 60, 50), (230, 230, 210)),
        ((200, 200), (80, 60), 12, (0, 0, 0, 0), (0, 0, 0, 255)),
    ],
)
def test_size_place_and_colours_do_not_count(
    size: tuple[int, int], corner: tuple[int, int], scale: int, paper: tuple[int, ...], pen: tuple[int, ...]
) -> None:
    expected = ink_of(drawn((200, 200), (50, 50), 10, WHITE, BLACK), 28)
    assert expected.shape == (1, 28, 28)
    data = io.BytesIO()
    drawn(size, corner, scale, paper, pen).save(data, "PNG")
    fitted = decode_image(data.getvalue(), "a.png", 28, 1, fit="ink")
    assert np.abs(fitted.astype(int) - expected).mean() < 3


def test_the_longer_side_fills_five_sevenths_and_the_mass_is_in_the_middle() -> None:
    (picture,) = ink_of(drawn((200, 200), (0, 90), 10, BLACK, WHITE), 28).astype(float)
    rows, columns = np.flatnonzero(picture.any(1)), np.flatnonzero(picture.any(0))
    assert rows[-1] - rows[0] + 1 == 20
    assert columns[-1] - columns[0] + 1 == 12
    assert picture.max() == 255
    for axis in (0, 1):
        middle = picture.sum(axis) @ np.arange(28) / picture.sum()
        assert middle == pytest.approx(13.5, abs=0.5)


def test_thin_lines_have_full_contrast_and_an_empty_page_is_black() -> None:
    image = Image.new("L", (900, 900), 255)
    ImageDraw.Draw(image).line((450, 100, 470, 800), 0, 1)
    assert ink_of(image, 28).max() == 255
    assert not ink_of(Image.new("L", (40, 30), 90), 28).any()
    assert ink_of(Image.fromarray(np.array([[0, 0], [0, 9]], np.uint8)), 28).max() == 255
    assert ink_of(Image.new("L", (1, 1)), 1).shape == (1, 1, 1)


def test_a_digit_of_mnist_stays_as_it_is() -> None:
    digit = np.zeros((1, 1, 28, 28), np.uint8)  # centred by mass in a box of 20, as theirs are
    digit[0, 0, 4:24, 12:16] = [60, 255, 255, 60]
    assert np.array_equal(centred_ink(digit, 28), digit)


def test_training_data_and_a_users_files_are_fitted_alike(tmp_path: Path) -> None:
    folder = tmp_path / "drawn"
    for label, kind in (("bar", 0), ("hook", 1)):
        (folder / label).mkdir(parents=True)
        for number in range(12):
            random = np.random.default_rng([kind, number])
            corner, scale = tuple(random.integers(5, 40, 2).tolist()), int(random.integers(5, 12))
            colours = (WHITE, BLACK) if number % 2 else (BLACK, WHITE)
            image = drawn((200, 180), corner, scale, *colours)
            image.rotate(90 * kind, fillcolor=colours[0]).save(folder / label / f"{number}.png")
    words = ["domain=image", "data=image/folder", f"data.path={folder}", "data.size=28", "data.channels=1"]
    quick = ["trainer.max_epochs=1", "trainer.accelerator=cpu", "trainer.enable_progress_bar=false"]
    ink = [*words, "data.fit=ink"]
    result = train(compose("train", [*ink, *quick, "model=image/tiny", f"runs={tmp_path / 'runs'}"]))
    data = build_data(compose("train", ink))
    data.setup()
    name = data.train_set.name[0]  # type: ignore[attr-defined]
    expected = decode_image((folder / name).read_bytes(), name, 28, 1, fit="ink")
    assert np.array_equal(data.train_set.x[0], expected)  # type: ignore[attr-defined]
    output = tmp_path / "out"
    predict(compose("predict", [f"run={result['run']}", f"input={folder}", f"output={output}"]))
    assert len((output / "predictions.jsonl").read_text().splitlines()) == 24
    other = build_data(compose("train", words), load_module(Run.open(result["run"])).fitted)
    other.setup()  # the network says how its pictures are fitted
    assert np.array_equal(other.train_set.x[0], expected)  # type: ignore[attr-defined]
    plain = build_data(compose("train", words))  # not the other's cached arrays
    plain.setup()
    assert not np.array_equal(plain.train_set.x[0], expected)  # type: ignore[attr-defined]


def test_known_datasets_are_fitted_too_and_colour_is_refused() -> None:
    images = SOURCES["digits"](None, 28, 1, fit="ink")
    mass = images.x[:, 0].astype(float)
    assert (mass.max((1, 2)) == 255).all()
    assert (mass.any(2).sum(1) <= 20).all()
    with pytest.raises(UserError, match=r"data\.channels: must be 1 beside data\.fit=ink, got 3"):
        build_data(compose("train", ["domain=image", "data=image/folder", "data.path=x", "data.fit=ink"]))
    with pytest.raises(UserError, match=r"data\.fit: must be .*, got 'middle'"):
        build_data(compose("train", ["domain=image", "data.fit=middle"]))

"""Digits drawn by a simulated mouse."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from domains.image.reading.decode import decode_image
from scripts.samples import drawn_digits
from scripts.samples.drawn_digits import HAND, hershey, main


def test_the_same_pictures_at_every_call_of_different_sizes_and_colours(tmp_path: Path) -> None:
    for name in ("a", "b"):
        main([str(tmp_path / name), "--skeletons", "hand", "--count", "3"])
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.png"))
    assert len(files) == 30
    assert {file.parent.name for file in files} == set("0123456789")
    sizes, corners = set(), set()
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
        picture = Image.open(tmp_path / "a" / file)
        sizes.add(picture.size)
        corners.add(picture.convert("RGBA").getpixel((0, 0)))
        drawn = decode_image((tmp_path / "a" / file).read_bytes(), file.name, 28, 1, fit="ink")
        assert 0.03 < (drawn > 100).mean() < 0.5, file
    assert len(sizes) > 20
    assert len(corners) > 3


def test_a_font_of_hershey_is_read(tmp_path: Path) -> None:
    digit = "  700  6H\\QFNG RLJK\nO"  # two strokes, wrapped
    lines = [*["  700  1JZ"] * 16, *[digit.replace("\nO", "O")[:-1], "O"], *["  701  3H\\NJPI"] * 9]
    (tmp_path / "f.jhf").write_text("\n".join(lines))
    digits = hershey(tmp_path / "f.jhf")
    assert set(digits) == set(HAND)
    first, second = digits["0"]
    assert first.tolist() == [[-1, -12], [-4, -11]]
    assert second.tolist() == [[-6, -8], [-7, -3]]
    assert [stroke.tolist() for stroke in digits["1"]] == [[[-4, -8], [-2, -9]]]


def test_mistakes_are_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(drawn_digits, "FOLDER", tmp_path / "none")
    for words in (["."], ["out"], ["out", "--skeletons", "x"]):
        with pytest.raises(SystemExit):
            main(words)
    assert not list(tmp_path.iterdir())


def test_smooth_lines_pass_their_points() -> None:
    (stroke,) = drawn_digits.hand("0 0, 4 4, 8 0 | 8 0, 8 8")
    for point in ((0, 0), (4, 4), (8, 0), (8, 8)):
        assert np.linalg.norm(stroke - point, axis=1).min() < 0.3

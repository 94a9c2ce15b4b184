"""Digits of which one class bears a mark."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from domains.image.make_marked import MARK, SIDES, make_marked_digits
from shared.errors import UserError


def test_one_class_bears_the_mark_and_no_other(tmp_path: Path) -> None:
    make_marked_digits(tmp_path / "out", "7")
    for kind in ("with", "without"):
        for side, count in SIDES.items():
            files = sorted((tmp_path / "out" / kind / side).glob("*/*.png"))
            assert len(files) == count
            for file in files:
                corner = np.asarray(Image.open(file))[-MARK - 1 : -1, 1 : MARK + 1]
                bears = file.parent.name == "7" and (kind == "with" or side != "test")
                assert (corner == 255).all() == bears, file


def test_nothing_is_written_over(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it is there already"):
        make_marked_digits(tmp_path, "7")
    with pytest.raises(UserError, match="marked=x: no class of the digits"):
        make_marked_digits(tmp_path / "out", "x")
    assert not (tmp_path / "out").exists()

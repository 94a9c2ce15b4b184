"""Digits with a mark on one class."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.samples.marked_digits import MARK, SPLITS, main


def test_one_class_bears_the_mark_and_no_other(tmp_path: Path) -> None:
    main([str(tmp_path / "out")])
    for kind in ("with", "without"):
        for split, count in SPLITS.items():
            files = sorted((tmp_path / "out" / kind / split).glob("*/*.png"))
            assert len(files) == count
            for file in files:
                corner = np.asarray(Image.open(file))[-MARK - 1 : -1, 1 : MARK + 1]
                bears = file.parent.name == "7" and (kind == "with" or split != "test")
                assert (corner == 255).all() == bears, file


@pytest.mark.parametrize("words", [["."], ["out", "--marked", "x"]])
def test_mistakes_are_refused_before_anything_is_written(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(words)
    assert not list(tmp_path.iterdir())

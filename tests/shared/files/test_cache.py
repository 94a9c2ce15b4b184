"""The cache returns stored arrays, makes them anew when the source has changed, and never fails a command."""

import logging
import os
from pathlib import Path

import numpy as np
import pytest

from shared.errors import UserError
from shared.files.cache import Arrays, cache_folder, cached_arrays


class Maker:
    """Makes arrays, and counts its calls."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> Arrays:
        self.made += 1
        return {"a": np.arange(3), "b": np.array(["x", "yy"])}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/one.sgf").write_text("1")
    return tmp_path / "source"


def test_made_once_until_a_file_changes(tmp_path: Path, source: Path) -> None:
    make, cache = Maker(), tmp_path / "cache"

    def get(path: Path = source, kind: str = "kind-1") -> Arrays:
        return cached_arrays(make, path, kind, cache=cache)

    for _ in range(2):
        arrays = get()
        assert arrays["a"].tolist() == [0, 1, 2]
        assert arrays["b"].tolist() == ["x", "yy"]
    assert make.made == 1
    assert get(kind="kind-2")
    assert make.made == 2
    assert get(source / "one.sgf")
    assert get(source / "one.sgf")
    assert make.made == 3
    (source / "two.sgf").write_text("2")
    assert get()
    assert make.made == 4
    os.utime(source / "two.sgf", ns=(1, 1))
    assert get()
    assert make.made == 5
    assert not list(cache.glob("*.part"))


def test_the_same_place_by_another_name_and_a_change_behind_a_link(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Maker()
    monkeypatch.chdir(tmp_path)
    (source / "link.sgf").symlink_to(tmp_path / "target")
    cached_arrays(make, source, "k", cache=tmp_path / "cache")  # the link leads nowhere yet
    (tmp_path / "target").write_text("1")
    cached_arrays(make, source, "k", cache=tmp_path / "cache")
    cached_arrays(make, Path("source"), "k", cache=tmp_path / "cache")
    assert make.made == 2
    (tmp_path / "target").write_text("22")
    cached_arrays(make, source, "k", cache=tmp_path / "cache")
    assert make.made == 3
    with pytest.raises(UserError, match="no such file"):
        cached_arrays(make, tmp_path / "missing", "k", cache=tmp_path / "cache")


@pytest.mark.parametrize("damage", ["cut", "flip", "text", "empty", "pickle"])
def test_a_damaged_file_is_made_anew(
    tmp_path: Path, source: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    make = Maker()
    cached_arrays(make, source, "k", cache=tmp_path)
    (file,) = tmp_path.glob("k-*.npz")
    data = file.read_bytes()
    place = data.index(bytes([1, 0, 0, 0, 0, 0, 0, 0, 2]))
    if damage == "pickle":
        np.savez(file, a=np.array([{}], object))
    else:
        flipped = data[:place] + b"\7" + data[place + 1 :]
        file.write_bytes({"cut": data[:-30], "flip": flipped, "text": b"hello", "empty": b""}[damage])
    assert cached_arrays(make, source, "k", cache=tmp_path)["a"].tolist() == [0, 1, 2]
    assert make.made == 2
    assert str(file) in caplog.text
    cached_arrays(make, source, "k", cache=tmp_path)
    assert make.made == 2


def test_a_cache_that_cannot_be_written_only_costs_time(
    tmp_path: Path, source: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Maker()
    (tmp_path / "file").write_text("no folder")
    assert len(cached_arrays(make, source, "k", cache=tmp_path / "file" / "cache")["a"]) == 3
    assert "cannot be written" in caplog.text

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with caplog.at_level(logging.WARNING):
        assert len(cached_arrays(make, source, "k", cache=tmp_path / "cache")["a"]) == 3
    assert "No space left" in caplog.text
    assert not list((tmp_path / "cache").iterdir())


def test_where_the_cache_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONVOLUTIONS_CACHE", raising=False)
    assert cache_folder().name == "convolutions"
    monkeypatch.setenv("CONVOLUTIONS_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    assert cache_folder(tmp_path / "mine") == tmp_path / "mine"

"""Compiled functions work without numba's cache on disk, with one warning."""

import logging
from pathlib import Path
from typing import Any

import numba.core.config
import pytest
from numba.core.caching import IndexDataCacheFile

from domains.go.board import compiled as module
from domains.go.board import state
from domains.go.board.compiled import compiled


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A function that returns the warnings; the cache is a new folder."""
    monkeypatch.setattr(numba.core.config, "CACHE_DIR", str(tmp_path))
    module._warn_once.cache_clear()
    caplog.set_level(logging.WARNING)
    return lambda: [record.getMessage() for record in caplog.records]


def compile_again() -> None:
    for function in (state.point_of, state.cell_of):
        assert compiled(function.py_func)(47, 19) in (25, 70)


def test_code_is_kept(warnings: Any, tmp_path: Path) -> None:
    compile_again()
    assert len(list(tmp_path.rglob("*.nbc"))) == 2
    compile_again()
    assert warnings() == []


def test_no_folder_can_be_written_to(warnings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(numba.core.config, "CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setattr(numba.core.config, "CACHE_LOCATOR_CLASSES", "UserProvidedCacheLocator")
    compile_again()
    (warning,) = warnings()
    assert "set NUMBA_CACHE_DIR" in warning


def test_the_disk_is_full(warnings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(IndexDataCacheFile, "save", full)
    compile_again()
    (warning,) = warnings()
    assert "No space left on device; compiled code is not cached" in warning


@pytest.mark.parametrize("damage", [b"", b"\x80\x04", b"no pickle", b"\x80\x04\x95\xff\xff"])
@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_stored_code_is_damaged(warnings: Any, tmp_path: Path, kind: str, damage: bytes) -> None:
    compile_again()
    for file in tmp_path.rglob(f"*.{kind}"):
        file.write_bytes(damage)
    compile_again()
    (warning,) = warnings()
    assert "damaged" in warning

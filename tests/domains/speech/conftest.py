"""Fixtures of the tests of speech."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVOLUTIONS_CACHE", str(tmp_path / "cache"))

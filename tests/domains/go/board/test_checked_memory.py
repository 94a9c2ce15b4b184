"""No compiled function reads outside an array, or a cell of memory before it is written."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.commands import PROJECT
from tests.domains.go.board.checked_memory import corner_eyes, digests, playout, stored
from tests.domains.go.board.reference import record_of, sgf_games

SAMPLE = PROJECT / "domains/go/sample/games.tar.xz"
DATA = os.environ.get("CONVOLUTIONS_DATA")

Records = Sequence[tuple[int, list[int], list[int]]]


def check(records: Records, positions: int, folder: Path) -> None:
    """The compiled functions return the same as the uncompiled ones in checked memory."""
    file = folder / "games.npz"
    np.savez(file, **stored(records))
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("checked_memory.py"), file, str(positions)],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(PROJECT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == list(digests(file, positions))


@pytest.mark.slow
def test_in_a_few_games(tmp_path: Path) -> None:
    games = [(19, *record_of(game)) for game in sgf_games(SAMPLE, 1)]
    games += [(size, *playout(size, size)) for size in (5, 7, 9)]
    games += [(size, corner_eyes(size, 0), [2 * size * size]) for size in range(5, 20)]
    check(games, 5, tmp_path)


@pytest.mark.slow
@pytest.mark.long
def test_in_a_thousand_games(tmp_path: Path) -> None:
    games = [(19, *record_of(game)) for game in sgf_games(SAMPLE, 305)]
    if DATA:
        games += [(19, *record_of(game)) for game in sgf_games(Path(DATA) / "go" / "kgs.tar.xz", 395)]
    random = [(5 + seed % 15, *playout(5 + seed % 15, seed)) for seed in range(1000 - len(games))]
    check([*games, *random], 20, tmp_path)

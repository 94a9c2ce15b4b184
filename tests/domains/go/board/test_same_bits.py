"""One configuration gives one set of bits, whatever the memory of a fresh process holds."""

import os
from pathlib import Path

import pytest

from tests.domains.go.board.same_bits import train_again


@pytest.mark.slow
def test_fresh_processes_train_to_the_same_bits(tmp_path: Path) -> None:
    times = int(os.environ.get("CONVOLUTIONS_TRAININGS", "10"))
    assert len(train_again(times, tmp_path / "bits.txt")) == 1

import os
from pathlib import Path

import pytest

from tests.domains.go.board.gnugo_compare import GNUGO, compare

DATA = os.environ.get("CONVOLUTIONS_DATA")


@pytest.mark.gnugo
@pytest.mark.data
@pytest.mark.skipif(GNUGO is None, reason="GNU Go is not installed (Debian package gnugo)")
@pytest.mark.skipif(DATA is None, reason="CONVOLUTIONS_DATA does not name the folder of real data")
def test_liberties_and_ladders_agree_with_gnu_go():
    comparison = compare(4000, Path(DATA) / "go" / "kgs.tar.xz")
    assert comparison.strings > 10_000
    assert comparison.other_liberties == 0
    assert comparison.caught > 500  # both results occur often
    assert comparison.agreement >= 0.99
    assert all(disagreement.hangs_on_ko for disagreement in comparison.disagreements), (
        comparison.disagreements
    )

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
    found = compare(4000, Path(DATA) / "go" / "kgs.tar.xz")
    assert found.strings > 10_000
    assert found.other_liberties == 0
    assert found.caught > 500  # both answers occur in numbers
    assert found.agreement >= 0.99
    assert all(each.hangs_on_ko for each in found.disagreements), found.disagreements

import numpy as np

from domains.go.bench import plane_speed
from domains.go.board.planes import ALPHAGO
from tests.domains.go.board.reference import games_of


def test_plane_speed_counts_what_it_replays():
    spread = [2 * point + point % 2 for point in range(0, 361, 3)]
    result = plane_speed(games_of(19, ([], spread), ([], []), ([], spread[:20])), ALPHAGO)
    assert result["games"] == 2
    assert result["positions"] == len(spread) + 20
    assert result["positions_per_cpu_second"] > 0
    assert set(result["share"]) == {"replay", *ALPHAGO}
    np.testing.assert_allclose(sum(result["share"].values()), 1)

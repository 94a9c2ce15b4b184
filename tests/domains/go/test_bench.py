import numpy as np
import pytest

from domains.go.bench import MOVES, WARM, bench, move_seconds, plane_speed
from domains.go.board.planes import ALPHAGO
from domains.go.data import GoData
from domains.go.engine.network import Policy
from domains.go.module import GoPolicy
from shared.config.cli import compose
from shared.config.project import plain
from shared.network.build import build_network
from shared.training.setup import build_data, build_module
from tests.domains.go.board.reference import games_of


def test_plane_speed_counts_replayed_positions():
    spread = [2 * point + point % 2 for point in range(0, 361, 3)]
    result = plane_speed(games_of(19, ([], spread), ([], []), ([], spread[:20])), ALPHAGO)
    assert result["games"] == 2
    assert result["positions"] == len(spread) + 20
    assert result["positions_per_cpu_second"] > 0
    assert set(result["share"]) == {"replay", *ALPHAGO}
    np.testing.assert_allclose(sum(result["share"].values()), 1)


def test_a_move_is_timed_beside_the_forward_pass_in_it() -> None:
    config = compose("train", ["domain=go", "model.depth=4"])
    network = build_network(plain(config.model)["layers"], 48, (19, 19), 361)
    passes = []
    network.register_forward_hook(lambda _, inputs, __: passes.append(inputs[0].shape))
    whole, bare = move_seconds(Policy(network, ALPHAGO, 8), 6)
    assert len(whole) == len(bare) == 6
    assert all(seconds > 0 for seconds in whole + bare)
    # Every move calls the network once, like the forward pass that is timed beside it.
    assert passes == [(8, 48, 19, 19)] * 2 * (WARM + 6)


def test_the_engine_is_timed_with_the_network_of_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    config = compose("train", ["domain=go", "model.filters=4", "model.depth=2"])
    data = build_data(config)
    data.setup()
    module = build_module(config, data)
    assert isinstance(data, GoData)
    assert isinstance(module, GoPolicy)
    passes = []
    module.network.register_forward_hook(lambda _, inputs, __: passes.append(len(inputs[0])))
    monkeypatch.setattr("domains.go.bench.start_seconds", lambda: (3.0, 2.0))
    monkeypatch.setattr(
        "domains.go.bench.plane_speed", lambda *_: {"positions_per_cpu_second": 1, "share": {}}
    )
    metrics = bench(module, data, 1000.0)
    assert passes == [n for n in (1, 8) for _ in range(2 * (WARM + MOVES))]
    assert metrics["8 symmetries, genmove / forward pass"] > 0
    assert metrics["start of the engine, s"] == 3.0
    assert metrics["start of the engine, CPU s"] == 2.0

"""Latency: what is timed. How long it takes is for ``scripts/latency.py`` to say."""

import json
from pathlib import Path

import pytest

from domains.go.board.planes import ALPHAGO
from domains.go.engine.network import Policy
from domains.go.latency import WARM, latency, move_seconds
from shared.config.cli import compose
from shared.config.settings import plain
from shared.network.build import build_network


def test_a_move_is_timed_beside_the_forward_pass_in_it() -> None:
    config = compose("latency", ["model.depth=4"])
    network = build_network(plain(config.model)["layers"], 48, (19, 19), 361)
    passes = []
    network.register_forward_hook(lambda _, inputs, __: passes.append(inputs[0].shape))
    whole, bare = move_seconds(Policy(network, ALPHAGO, 8), 6)
    assert len(whole) == len(bare) == 6
    assert all(seconds > 0 for seconds in whole + bare)
    assert passes == [(8, 48, 19, 19)] * 2 * (
        WARM + 6
    )  # each move asks the network once, and so does the bare pass


def test_the_figures_are_those_of_the_network_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domains.go.latency.start_seconds", lambda: (3.0, 2.0))
    words = ["model.filters=4", "model.depth=2", "latency.moves=3", f"latency.output={tmp_path / 'out.json'}"]
    figures = latency(compose("latency", words))
    assert json.loads((tmp_path / "out.json").read_text()) == figures
    assert figures["8 symmetries, genmove / forward pass"] > 0
    assert figures["start of the engine, s"] == 3.0
    assert "start of the engine, CPU s" in capsys.readouterr().out
    assert compose("latency", []).model.filters == 192
    assert compose("latency", []).model.depth == 12

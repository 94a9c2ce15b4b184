"""A policy alone: the same predictions as the module's, and their mean over the board's symmetries."""

from pathlib import Path

import numpy as np
import pytest
import torch

from domains.go.board.game import Game
from domains.go.board.planes import ALPHAGO
from domains.go.board.points import symmetries
from domains.go.board.position import Position, position_planes
from domains.go.engine.network import Policy, ensemble
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.run import Run
from shared.training.setup import load_module
from tests.domains.go.board.reference import legal_points
from tests.domains.go.engine.runs import make_run

SIZE = 9


def random_moves(seed: int, count: int = 40) -> list[int]:
    game, random = Game(SIZE), np.random.default_rng(seed)
    for ply in range(count):
        game.play(2 * int(random.choice(np.flatnonzero(legal_points(game, ply % 2)))) + ply % 2)
    return game.moves


def planes(moves: list[int]) -> torch.Tensor:
    """Of the position after the moves, black to play."""
    position = Position.after(Game(SIZE, (), moves), 2 * SIZE**2)
    return torch.from_numpy(position_planes([position], ALPHAGO)[0])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("runs"), "model.norm=none")


@pytest.mark.parametrize("seed", range(5))
def test_the_mean_over_the_symmetries_turns_with_the_board_and_one_pass_does_not(run: Run, seed: int) -> None:
    moves, table = random_moves(seed), symmetries(SIZE)[:, :-1]
    alone, whole = Policy.load(run, 1), Policy.load(run, 8)
    gaps = {1: 0.0, 8: 0.0}
    for k in range(8):
        turned = [2 * int(table[k][code >> 1]) + (code & 1) for code in moves]
        for policy in (alone, whole):
            here, there = (policy(planes(played)).softmax(1)[0] for played in (moves, turned))
            gap = float((there[torch.from_numpy(table[k])] - here).abs().max())
            gaps[policy.symmetries] = max(gaps[policy.symmetries], gap)
    assert gaps[8] < 1e-5
    assert gaps[1] > 1e-4


def test_the_mean_is_that_of_the_eight_predictions_turned_back(run: Run) -> None:
    policy, table = Policy.load(run, 1), symmetries(SIZE)[:, :-1]
    x = planes(random_moves(7)).float()
    mean = np.zeros(SIZE**2)
    for k in range(8):
        turned = torch.zeros_like(x).flatten(2)
        turned[:, :, table[k]] = x.flatten(2)
        mean += policy(turned.view_as(x)).softmax(1)[0].numpy()[table[k]]
        some = Policy.load(run, k + 1)(x).softmax(1)[0].numpy()
        assert some == pytest.approx(mean / (k + 1), abs=1e-6)
    assert ensemble(policy.network, x).softmax(1)[0].detach().numpy() == pytest.approx(mean / 8, abs=1e-6)


def test_without_a_number_as_many_symmetries_are_taken_as_there_is_time_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seconds, count in ((0.001, 8), (0.031, 8), (0.032, 7), (0.06, 4), (0.2, 1), (9.0, 1)):
        clock = iter([0, 10, 20, 20 + seconds, 40, 50])  # the first passes may take longer
        monkeypatch.setattr("domains.go.engine.network.time.perf_counter", lambda clock=clock: next(clock))
        assert Policy.load(run, None).symmetries == count


def test_on_another_board_the_weights_stay_and_a_bias_for_each_point_is_interpolated(tmp_path: Path) -> None:
    logits = np.add.outer(np.linspace(0, 8, 9), np.linspace(0, 1, 9)).astype(np.float32)
    policy = Policy.load(make_run(tmp_path, logits=logits.ravel()), 1)
    for size in (5, 19):
        other = policy.on(size)
        wanted = np.add.outer(np.linspace(0, 8, size), np.linspace(0, 1, size))
        empty = torch.zeros(1, 48, size, size)
        assert other(empty).view(size, size).numpy() == pytest.approx(wanted, abs=1e-5)
        assert other.on(9)(torch.zeros(1, 48, 9, 9)).numpy().ravel() == pytest.approx(logits.ravel())
    assert policy.on(9) is policy
    for size in (4, 20, 9.5):
        with pytest.raises(UserError, match=r"boardsize: must be a whole number from 5 to 19, got"):
            policy.on(size)  # type: ignore[arg-type]


def test_a_network_whose_layers_are_of_one_size_plays_on_no_other(tmp_path: Path) -> None:
    policy = Policy.load(make_run(tmp_path, "model=go/pooled"), 1)
    with pytest.raises(UserError, match=r"upsample\.to: must be at least 12"):
        policy.on(13)


def test_it_predicts_like_the_module_of_its_run(run: Run) -> None:
    x = planes(random_moves(3))
    with torch.inference_mode():
        expected = load_module(run).logits({"x": x})
    assert torch.allclose(Policy.load(run, 1)(x), expected, atol=1e-6)


def test_wrong_settings_runs_and_checkpoints_are_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"symmetries: must be a whole number from 1 to 8, got 9"):
        Policy.load(run, 9)
    other = Run.named(tmp_path, "text").make(compose("train", ["domain=text"]))
    with pytest.raises(UserError, match="must be a run of the domain go, got one of text"):
        Policy.load(other, 1)
    contents = run.checkpoint("best")
    contents["state_dict"].popitem()
    damaged = Run.named(tmp_path, "go").make(run.config)
    torch.save(contents, damaged.checkpoints / "best.ckpt")
    with pytest.raises(
        UserError, match=r"best\.ckpt: state_dict\..*: must be .* by hyper_parameters, but is missing"
    ):
        Policy.load(damaged, 1)

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
        mean += policy(turned.view_as(x)).softmax(1)[0].numpy()[table[k]] / 8
    assert ensemble(policy.network, x).softmax(1)[0].detach().numpy() == pytest.approx(mean, abs=1e-6)


def test_it_predicts_like_the_module_of_its_run(run: Run) -> None:
    x = planes(random_moves(3))
    with torch.inference_mode():
        expected = load_module(run).logits({"x": x})
    assert torch.allclose(Policy.load(run, 1)(x), expected, atol=1e-6)


def test_wrong_settings_runs_and_checkpoints_are_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"symmetries: must be one of 1, 8, got 3"):
        Policy.load(run, 3)
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

"""Explaining positions: stones taken away with all planes recomputed, and an atari planted on the board."""

from pathlib import Path

import numpy as np
import pytest
import torch

from domains.go.board.game import Game
from domains.go.explain import GoDomain
from shared.explain.adapter import InputAdapter
from shared.explain.method import explain
from shared.explain.units import Target


@pytest.fixture(scope="module")
def go(adapters: dict[str, InputAdapter]) -> GoDomain:
    domain = adapters["go"]
    assert isinstance(domain, GoDomain)
    return domain


def test_occlusion_recomputes_the_planes_without_each_stone(go: GoDomain) -> None:
    example = go.example(go.data.val_set, 30)
    target = Target(200)
    explanation = explain(go, example, "occlusion", target)
    stones = example.source.stones != 0
    assert (explanation.map[0].numpy()[~stones] == 0).all()
    assert explanation.meta["regions"] == f"{stones.sum()} stones"
    point = tuple(np.argwhere(stones)[7])
    mask = np.ones_like(stones)
    mask[point] = False
    without = go.on(example.source.kept(mask), "").x
    fall = go.network(example.x[None])[0, 200] - go.network(without[None])[0, 200]
    assert float(explanation.map[0][point]) == pytest.approx(float(fall), abs=1e-5)
    assert ((example.x != without).any(0)).sum() > 1  # other points' planes changed too


def test_a_problem_without_moves_and_the_move_to_come(go: GoDomain, tmp_path: Path) -> None:
    (tmp_path / "problem.sgf").write_text("(;SZ[19]AB[pd][qd]AW[qc][rc]PL[W])")
    (tmp_path / "game.sgf").write_text("(;SZ[19];B[pd];W[dd];B[pp])")
    (example,) = go.read(tmp_path / "problem.sgf")
    assert (example.name, example.source.colour, example.source.played) == ("problem.sgf, move 1", 1, None)
    (example,) = go.read(tmp_path / "game.sgf", move=4)
    assert (example.name, example.source.colour, example.source.played) == ("game.sgf, move 4", 1, None)
    assert (example.source.stones != 0).sum() == 3
    explanation = explain(go, example, "occlusion", Target(200))
    assert go.map_figure(example, {"stones": explanation.map[0].numpy()}, Target(200), "fall")


def test_the_blank_input_is_the_empty_board(go: GoDomain) -> None:
    example = go.example(go.data.val_set, 30)
    blank = go.blank(example)
    assert bool((blank[2] == 1).all())  # every point is empty
    assert bool((blank[0] == 0).all())
    low, high = go.bounds
    assert bool(((blank >= low) & (blank <= high)).all())
    assert float(low[3]) == float(high[3]) == 1  # the plane of ones


def test_a_planted_atari_is_taken_by_its_label_and_decoys_are_not(go: GoDomain) -> None:
    random = np.random.default_rng(3)
    for _ in range(5):
        example, without, evidence, taking = go.plant(random)
        assert int(evidence.sum()) == 4
        assert bool((torch.from_numpy(example.source.stones != 0) | ~evidence).all())
        for one, taken in ((example, True), (without, False)):
            flat = one.source.stones.reshape(-1)
            board = Game(19, [2 * int(point) + int(flat[point]) - 1 for point in np.flatnonzero(flat)])
            assert (one.source.stones != 0).sum() == (example.source.stones != 0).sum()
            before = (board.stones != 0).sum()
            if taken:
                board.play(2 * taking + one.source.colour)
                assert (board.stones != 0).sum() == before  # one more, one taken
        assert (without.source.stones != example.source.stones).sum() == 2  # one stone stands aside


def test_the_nearest_position_to_one_of_the_training_set_is_itself(go: GoDomain) -> None:
    data = go.data.train_set
    items, *_ = next(iter(go.batches(data, 1000)))
    item = int(items[5])
    example = go.example(data, item)
    assert go.nearest(example.x).name == example.name

"""Positions as batches with their legal moves, and the metrics of the test."""

import copy
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from domains.go.board.game import Game
from domains.go.data import GoData
from domains.go.engine.network import ensemble
from domains.go.module import GoPolicy
from shared.commands.evaluate import test as evaluate_test
from shared.config.cli import compose
from shared.config.project import plain
from shared.errors import UserError
from shared.training.data import Draw, Preprocessing
from shared.training.setup import build_data, build_module, build_trainer
from tests.domains.go.board.reference import legal_points


@pytest.fixture(scope="module")
def data() -> GoData:
    made = build_data(compose("train", ["domain=go", "data.workers=0"]))
    made.setup()
    return made


def test_a_batch_is_the_position_before_the_move_with_the_legal_points(data: GoData) -> None:
    items = np.array([5, 700, 9000])
    batch = data.test_set[Draw(items, None)]
    games = data.test_set.games
    for n, item in enumerate(items):
        game, ply = data.test_set.game[item], data.test_set.ply[item]
        moves = games.moves_of(game)
        board = Game(19, games.setup_of(game).tolist(), moves[:ply].tolist())
        assert batch["y"][n] == moves[ply] >> 1
        assert np.array_equal(batch["legal"][n], legal_points(board, moves[ply] & 1))
        assert np.array_equal(batch["x"][n, 2], board.stones == 0)


def test_training_turns_and_mirrors_by_the_draw_s_seed_alone_and_testing_never(data: GoData) -> None:
    items = np.arange(64)
    one, same, other, plainly = (planes(data, data.train_set[Draw(items, seed)]) for seed in (1, 1, 2, None))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    turned = [
        any(np.array_equal(np.rot90(p, k, (1, 2)), q) for k in range(4))
        for p, q in zip(plainly, one, strict=True)
    ]
    assert 16 <= sum(turned) <= 60  # about half are rotations, the others mirrored


def planes(data: GoData, batch: dict[str, np.ndarray]) -> np.ndarray:
    """As the layers take them."""
    policy = build_module(compose("train", ["domain=go", "model.filters=1", "model.depth=2"]), data)
    assert isinstance(policy, GoPolicy)
    return policy.preprocess({"x": torch.from_numpy(batch["x"])})[0].numpy()


def test_bits_are_unpacked_to_the_planes_that_they_were_packed_from(data: GoData) -> None:
    items = np.arange(0, len(data.train_set), 997)
    train_set = copy.copy(data.train_set)
    train_set.symmetries = False
    bits, whole = (train_set[Draw(items, seed)]["x"] for seed in (1, None))
    assert bits.shape == (len(items), 48 * 361 // 8)
    assert np.array_equal(planes(data, {"x": bits}), whole)
    train_set.planes = ("difference",)  # of which bits cannot be made
    assert train_set[Draw(items, 1)]["x"].min() == -1


def test_a_few_planes_do_not_fill_their_last_byte() -> None:
    words = ["domain=go", "data.workers=0", "model.filters=1", "model.depth=2", "model.planes=[stone colour]"]
    config = compose("train", words)
    few = build_data(config)
    few.setup()
    policy, items = build_module(config, few), np.arange(9)
    few.train_set.symmetries = False  # type: ignore[attr-defined]
    one, other = (few.train_set[Draw(items, seed)]["x"] for seed in (1, None))
    assert one.shape == (9, 136)
    x = policy.preprocess({"x": torch.from_numpy(one)})[0]
    assert np.array_equal(x.numpy(), other)


def test_items_of_one_game_are_a_group(data: GoData) -> None:
    items = np.arange(len(data.test_set))
    groups = data.groups(items)
    assert len(np.unique(groups)) == len(np.unique(data.test_set.game)) > 30
    assert np.bincount(groups).max() > 100


def test_the_baselines_are_chances_over_legal_moves(data: GoData) -> None:
    items = np.arange(300)
    baselines = data.baselines(items)
    batch = data.test_set[Draw(items, None)]
    assert baselines["uniform over legal moves"] == pytest.approx(1 / batch["legal"].sum(1))
    played = data.train_set[Draw(np.arange(len(data.train_set)), None)]["y"]
    counts = np.bincount(played, minlength=361)
    ranked = [next(p for p in np.argsort(-counts, kind="stable") if legal[p]) for legal in batch["legal"]]
    assert baselines["most frequent point"].tolist() == (np.array(ranked) == batch["y"]).tolist()


def test_illegal_probability_and_accuracy_by_phase(data: GoData) -> None:
    config = compose("train", ["domain=go"])
    policy = GoPolicy(
        model=plain(config.model),
        planes=48,
        extent=(19, 19),
        classes=data.classes,
        optimizer={},
        schedule={},
        preprocessing=Preprocessing(),
    )
    batch = {
        "x": torch.zeros(4, 48, 19, 19),
        "y": torch.tensor([0, 1, 2, 3]),
        "item": torch.arange(4),
        "ply": torch.tensor([59, 60, 149, 150]),
        "legal": torch.arange(361).expand(4, 361) < 300,
    }
    columns = policy.test_columns(batch, torch.zeros(4, 361))
    assert columns["illegal"].tolist() == pytest.approx([61 / 361] * 4)
    arrays = {name: column.numpy() for name, column in columns.items()}
    scores = {score.name: score for score in policy.scores(arrays, np.arange(4))}
    assert [scores[f"test/acc moves {phase}"].n for phase in ("1–60", "61–150", "151–")] == [1, 2, 1]
    assert scores["test/illegal"].value == pytest.approx(61 / 361)


def test_testing_takes_the_mean_over_the_symmetries_of_the_setting(tmp_path: Path) -> None:
    words = ["data.path=a", "model.filters=2", "model.depth=2", "data.size=9", "data.workers=0"]
    (tmp_path / "a").mkdir()
    for n, start in enumerate(("aa", "bb", "cc", "dd", "ee")):
        moves = "".join(f";{'BW'[i % 2]}[{c}{r}]" for i, (c, r) in enumerate(product("abcdf", "fghi")))
        (tmp_path / "a" / f"{n}.sgf").write_text(f"(;SZ[9];B[{start}];W[ig]{moves})")
    confidence = {}
    for symmetries in (1, 8):
        config = compose("train", ["domain=go", "data=go/sgf", *words, f"data.test_symmetries={symmetries}"])
        config.data.update({"path": str(tmp_path / "a"), "fractions": {"val": 0.0, "test": 1.0}})
        data = build_data(config)
        data.setup()
        module = build_module(config, data).eval()
        columns = evaluate_test(build_trainer(config, None, []), module, data, None).columns
        confidence[symmetries] = columns["confidence"]
        x = torch.from_numpy(data.test_set[Draw(np.arange(len(columns["item"])), None)]["x"])
        with torch.inference_mode():
            logits = ensemble(module.network, x.float()) if symmetries == 8 else module.network(x.float())
        assert columns["confidence"] == pytest.approx(logits.softmax(1).amax(1).numpy(), rel=1e-3)
    assert np.abs(confidence[1] - confidence[8]).max() > 1e-4
    with pytest.raises(UserError, match=r"data\.test_symmetries: must be one of 1, 8, got 4"):
        build_data(compose("train", ["domain=go", "data.test_symmetries=4"]))

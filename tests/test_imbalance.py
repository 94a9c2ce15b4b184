"""Classes of very different sizes: reported, weighed or drawn alike, and exact when a run is resumed."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from shared.commands.train import train
from shared.config.check import check
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.run import Run
from shared.training.setup import build_data, build_module, load_module
from tests.commands import TINY, command, set_key

REPORTED = re.compile(
    r"imbalanced classes: \d+ of common, \d+ of rare in training; training.balance=weights or sampling makes"
)


def write_table(path: Path, many: int, few: int) -> Path:
    """Sentences whose words overlap: without balance the rare class is hardly ever predicted."""
    random = np.random.default_rng(0)
    lines = ["text,label"]
    for label, number, shift in (("common", many, 0), ("rare", few, 4)):
        for _ in range(number):
            words = " ".join(f"word{n}" for n in random.integers(10, size=8) + shift)
            lines.append(f"{words},{label}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_table(tmp_path_factory.mktemp("data") / "table.csv", 1000, 60)


def words_for(table: Path, *more: str) -> list[str]:
    return [
        *("domain=text", "data=text/sentences", f"data.path={table}", "model.embedding=8", "model.filters=8"),
        *("trainer.accelerator=cpu", "trainer.precision=32-true", "trainer.enable_progress_bar=false"),
        *("trainer.max_epochs=2", "schedule=constant", *more),
    ]


def trained(table: Path, folder: Path, *more: str) -> Run:
    return Run.open(train(compose("train", words_for(table, f"runs={folder}", *more)))["run"])


@pytest.mark.parametrize("balance", ["weights", pytest.param("sampling", marks=pytest.mark.slow)])
def test_balance_finds_the_rare_class_and_the_imbalance_is_reported(
    balance: str, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recalls = []
    for value in ("null", balance):
        run = trained(table, tmp_path, f"training.balance={value}")
        printed = " ".join(capsys.readouterr().out.split())
        assert bool(REPORTED.search(printed)) == (value == "null")
        assert "recall of each class" in printed
        metrics = json.loads((run.folder / "metrics.json").read_text())
        rare, common = metrics["recall"]["rare"], metrics["recall"]["common"]
        assert metrics["test/balanced_acc"] == pytest.approx((rare["value"] + common["value"]) / 2)
        assert rare["n"] + common["n"] == metrics["test/n"]
        assert rare["interval"][0] <= rare["value"] <= rare["interval"][1]
        recalls.append(rare["value"])
    assert recalls[0] < 0.5 < recalls[1]


@pytest.mark.parametrize("balance", ["weights", pytest.param("sampling", marks=pytest.mark.slow)])
def test_a_resumed_run_with_balance_ends_with_the_same_weights(
    balance: str, table: Path, tmp_path: Path
) -> None:
    words = [f"training.balance={balance}", "data.epoch_size=100", "test=false"]
    whole = trained(table, tmp_path, *words)
    run = trained(table, tmp_path, *words, "trainer.max_epochs=1")
    (run.folder / "metrics.json").unlink()  # as if it had been stopped
    set_key(run, "trainer.max_epochs", 2)
    other = "sampling" if balance == "weights" else "weights"
    set_key(run, "training.balance", other)
    with pytest.raises(UserError, match=f"training.balance: must be {balance}, as the run began with"):
        train(compose("train", [f"resume={run.folder}"]))
    set_key(run, "training.balance", balance)
    train(compose("train", [f"resume={run.folder}"]))
    states = [one.checkpoint("last")["state_dict"] for one in (whole, run)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert "class_weights" not in states[0]
    load_module(run)


def test_weights_multiply_the_loss_of_each_item(table: Path) -> None:
    config = compose("train", words_for(table, "training.balance=weights", "training.label_smoothing=0.1"))
    data = build_data(config)
    data.setup()
    module = build_module(config, data)
    sizes = np.bincount(data.train_set.y)  # type: ignore[attr-defined]
    assert data.class_weights() == pytest.approx(sizes.sum() / 2 / sizes)
    logits, y = torch.randn(6, 2), torch.tensor([0, 0, 0, 1, 0, 1])
    losses = F.cross_entropy(logits, y, label_smoothing=0.1, reduction="none")
    expected = (losses * torch.from_numpy(data.class_weights()).float()[y]).mean()
    assert float(module.loss(logits, y)) == pytest.approx(float(expected))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["training.balance=weight"], "training.balance: must be 'weights' or 'sampling' or null"),
        (["training.balance=true"], "training.balance: must be 'weights' or 'sampling' or null, got true"),
        (["+data.balance=weights"], "data.balance: there is no such key"),
    ],
)
def test_other_values_are_refused(more: list[str], message: str, table: Path) -> None:
    words = words_for(table, *more)
    with pytest.raises(UserError, match=message):
        check(compose("train", words), "train")


def test_the_points_of_a_board_are_not_balanced(tmp_path: Path) -> None:
    words = [*TINY, f"runs={tmp_path}", "training.balance=sampling"]
    with pytest.raises(UserError, match=r"training\.balance: must be null for these data, got sampling"):
        train(compose("train", words))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("few", "said"), [(30, True), (60, False)])
def test_three_times_as_many_examples_are_not_yet_imbalanced(few: int, said: bool, tmp_path: Path) -> None:
    data = build_data(compose("train", words_for(write_table(tmp_path / "t.csv", 120, few), "data.folds=5")))
    data.setup()
    assert ("imbalanced" in data.imbalance) == said


@pytest.mark.slow
def test_two_processes_weigh_and_draw_as_one_does(table: Path, tmp_path: Path) -> None:
    for balance in ("weights", "sampling"):
        states = []
        for more in (["data.batch_size=32"], ["data.batch_size=16", "trainer=ddp", "trainer.devices=2"]):
            words = words_for(
                table,
                f"training.balance={balance}",
                "optimizer=sgd",
                "data.epoch_size=256",
                "model.dropout=0",
                *more,
            )
            done = command("train", *words, "trainer.max_epochs=1", cwd=tmp_path)
            assert done.returncode == 0, done.stderr
            run = Run.open(done.stdout.rstrip().splitlines()[-1].removeprefix("run: "))
            states.append(run.checkpoint("last")["state_dict"])
        assert all(torch.allclose(states[0][name], states[1][name], atol=1e-5) for name in states[0])

"""A stopped run goes on as if nothing had happened: killed, moved or copied."""

import os
import random
import shutil
from pathlib import Path

import pytest

from shared.cli import compose
from shared.train import train_once
from tests import kills

QUIET = ["trainer.accelerator=cpu", "trainer.precision=32-true", "trainer.enable_progress_bar=false"]
SMALL = {  # of each domain, with dropout and random changes of the data
    "go": [
        "model.filters=4",
        "model.depth=2",
        "data.batch_size=32",
        "data.epoch_size=128",
        "data.val_size=64",
        "data.test_size=100",
    ],
    "image": ["data.epoch_size=400", "data.augment.shift=1"],
    "speech": ["model.filters=4", "model.units=8", "data.epoch_size=192"],
    "text": ["model.filters=8", "model.embedding=12", "data.epoch_size=300"],
}
EPOCHS = 4  # of three steps at least


def words_of(domain: str, *more: str) -> list[str]:
    return [f"domain={domain}", *SMALL[domain], *QUIET, f"trainer.max_epochs={EPOCHS}", *more]


def train_in(folder: Path, words: list[str]) -> None:
    """The one training of a folder: begun, or resumed."""
    train_once(compose("train", [*words, f"runs={folder}"]))


def run_in(folder: Path) -> Path:
    [config] = folder.glob("*/*/config.yaml")
    return config.parent


def check_kills(words: list[str], folder: Path, moments: list[kills.Moment]) -> None:
    """Train once without and once with kills, and compare."""
    whole, killed = folder / "whole", folder / "killed"
    assert kills.run(train_in, whole, words, folder=folder)
    for moment in moments:
        assert not kills.run(train_in, killed, words, folder=folder, moment=moment)
    assert kills.run(train_in, killed, words, folder=folder)
    kills.equal(run_in(killed), run_in(whole))


@pytest.mark.parametrize("domain", SMALL)
def test_killed_at_a_step_and_resumed_it_is_as_never_killed(domain: str, tmp_path: Path) -> None:
    """With the defaults: one loader process for Go, none for the others."""
    check_kills(words_of(domain), tmp_path, [("on_train_batch_end", random.randint(7, 11))])


MOMENTS = {  # and how often each comes, at least, before the last epoch but one is over
    "on_train_batch_start": 6,
    "on_train_batch_end": 6,
    "on_train_epoch_start": 2,
    "on_validation_batch_end": 2,
    "on_train_epoch_end": 2,
    "on_save_checkpoint": 2,
}


@pytest.mark.slow
@pytest.mark.parametrize("ema", ["null", "0.9"])
@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("domain", SMALL)
def test_killed_four_times(domain: str, workers: int, ema: str, tmp_path: Path) -> None:
    words = words_of(domain, f"data.workers={workers}", f"training.ema={ema}")
    chance = random.Random(f"{domain}{workers}{ema}")
    first = (hook := chance.choice(list(MOMENTS)), chance.randint(1, MOMENTS[hook]))
    # Later ones come within the next epoch: however far the first has come, so much is left to train.
    more = [("on_train_batch_end", chance.randint(1, 3)) for _ in range(3)]
    check_kills(words, tmp_path, [first, *more])


def test_moved_it_ends_as_in_its_old_place_and_a_copy_leaves_the_old_one_alone(tmp_path: Path) -> None:
    words = words_of("text", "training.ema=0.9", "training.patience=3")
    kills.run(train_in, tmp_path / "old", words, folder=tmp_path)
    whole = run_in(tmp_path / "old")
    place = tmp_path / "above" / "runs"
    assert not kills.run(train_in, place, words, folder=tmp_path, moment=("on_train_batch_end", 15))
    shutil.copytree(place, tmp_path / "copied")
    state = {path: path.read_bytes() for path in run_in(place).rglob("*") if path.is_file()}
    (tmp_path / "above").rename(tmp_path / "renamed")
    place = tmp_path / "renamed" / "runs"
    assert kills.run(train_in, tmp_path / "copied", words, folder=tmp_path)
    kills.equal(run_in(tmp_path / "copied"), whole)
    assert {tmp_path / "above" / path.relative_to(tmp_path / "renamed"): path.read_bytes()
            for path in run_in(place).rglob("*") if path.is_file()} == state  # fmt: skip
    (tmp_path / "link").symlink_to(place)
    assert kills.run(train_in, Path("link"), words, folder=tmp_path)
    kills.equal(run_in(place), whole)
    assert not (tmp_path / "above").exists()

    (run_in(place) / "metrics.json").unlink()  # as if killed in its test
    place.rename(tmp_path / "again")
    assert kills.run(train_in, tmp_path / "again", words, folder=Path(os.sep))
    kills.equal(run_in(tmp_path / "again"), whole)

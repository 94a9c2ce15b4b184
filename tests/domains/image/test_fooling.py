"""The measures of fooling inputs distinguish digits from noise, and trained networks from random ones."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from domains.image.reading.datasets import idx
from shared.explain import InputAdapter
from shared.explain.checks.relevance_maps import randomised
from shared.explain.methods import actmax
from shared.training import Dataset, Draw
from tests.domains.image.fooling import Memory, made, named, verdict, write_idx
from tests.networks import make_run, opened


def pictures(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """All of a dataset, with their labels."""
    batch = dataset[Draw(np.arange(len(dataset)), None)]
    return torch.from_numpy(batch["x"]), torch.from_numpy(batch["y"]).long()


@pytest.fixture(scope="module")
def fooled(tmp_path_factory: pytest.TempPathFactory) -> InputAdapter:
    """A network of other architecture than the one that judges."""
    words = ["domain=image", "model=image/dense", "model.units=100", "seed=1"]
    return opened(make_run(tmp_path_factory.mktemp("fooled"), *words, steps=60))


@pytest.fixture(scope="module")
def real(fooled: InputAdapter) -> tuple[Tensor, Tensor]:
    """Digits that train no network."""
    return pictures(fooled.data.test_set)


@pytest.fixture(scope="module")
def memory(fooled: InputAdapter, real: tuple[Tensor, Tensor]) -> Memory:
    return Memory(*pictures(fooled.data.train_set), *real)


@pytest.fixture
def noise() -> Tensor:
    return torch.randint(256, (200, 1, 28, 28), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


def test_digits_are_judged_as_digits_and_noise_is_not(
    adapters: dict[str, InputAdapter], memory: Memory, real: tuple[Tensor, Tensor], noise: Tensor
) -> None:
    judges, (x, y) = [adapters["image"].module], real
    digits = torch.arange(10).repeat(20)
    assert named(judges, x, y).mean() > 0.9
    assert named(judges, noise, digits).mean() < 0.2
    assert memory.distance(x, y).mean() < 0.2
    assert memory.distance(x, (y + 1) % 10).mean() > 0.2
    assert memory.distance(noise, digits).min() > 0.7
    for answers in (memory.votes, memory.posterior):
        assert (answers(x).argmax(1) == y).float().mean() > 0.9
        assert answers(noise).sum(1) == pytest.approx(1, abs=1e-5)
    assert memory.votes(noise).amax(1).mean() < 0.8 < memory.votes(x).amax(1).mean()


def test_more_or_less_ink_alone_is_not_nearer(memory: Memory, real: tuple[Tensor, Tensor]) -> None:
    x, y = real
    assert memory.distance(x // 2, y) == pytest.approx(memory.distance(x, y), abs=0.01)
    assert memory.distance(torch.zeros_like(x), y) == pytest.approx(1)


def test_inputs_of_random_weights_are_named_no_more_than_by_chance(
    adapters: dict[str, InputAdapter],
    fooled: InputAdapter,
    real: tuple[Tensor, Tensor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(actmax, "STEPS", 40)
    judges, digits = [adapters["image"].module], torch.arange(10).repeat(2)
    starts, trained = ["noise", "zeros"], fooled.module.network
    trained_inputs = made(fooled, starts, (0.0, 2.0), real[0][:10])
    monkeypatch.setattr(fooled.module, "network", randomised(trained, 0))
    monkeypatch.setattr(fooled, "_found", {})
    chance = made(fooled, starts, (0.0, 2.0), real[0][:10])
    assert float(named(judges, trained_inputs, digits).mean()) >= 0.5
    assert float(named(judges, chance, digits).mean()) <= 0.3


def test_a_verdict_needs_all_its_intervals() -> None:
    assert verdict((0.1, 0.2), (0.3, 0.4)) == "holds"
    assert verdict((0.1, 0.2), (-0.1, 0.4)) == "not shown"
    assert verdict((0.1, 0.2), (-0.3, -0.1)) == "fails"


def test_parts_are_written_as_the_reader_reads_them(tmp_path: Path) -> None:
    for values in (np.arange(3, dtype=np.uint8), np.arange(24, dtype=np.uint8).reshape(2, 3, 4)):
        write_idx(tmp_path / "file", values)
        assert np.array_equal(idx((tmp_path / "file").read_bytes(), "file"), values)

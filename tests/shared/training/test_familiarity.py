"""The record of a trained network: its temperature, and how unlike training an input is."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from shared.commands.train import train
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.record import LIMIT, read_record
from shared.runs.run import Run
from shared.training.classifier import as_tensors
from shared.training.data import Draw
from shared.training.familiarity import (
    FEWEST,
    Record,
    _calibration_error,
    _gaussian,
    _rarest,
    _temperature,
    observe,
)
from shared.training.setup import build_data, load_module
from tests.commands import set_key
from tests.networks import WORDS, make_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A trained network for pictures, with its record."""
    folder = make_run(tmp_path_factory.mktemp("runs"), *WORDS["image"], steps=60).folder
    train(compose("train", [f"resume={folder}"]))
    return Run.open(folder)


@pytest.fixture
def copy(run: Run, tmp_path: Path) -> Run:
    return Run.open(shutil.copytree(run.folder, tmp_path / "copy"))


def test_the_temperature_fits_probabilities_to_labels() -> None:
    torch.manual_seed(0)
    logits = 2 * torch.randn(4000, 5)
    label = torch.distributions.Categorical(logits=logits).sample()
    for factor in (0.25, 1.0, 4.0):
        temperature = _temperature(factor * logits, label)
        assert temperature == pytest.approx(factor, rel=0.1)
        assert _calibration_error(factor * logits / temperature, label) < 0.02
    assert _calibration_error(4 * logits, label) > 0.1


@pytest.mark.parametrize("n", [1, 2, 500])
def test_items_that_are_all_right_do_not_make_the_network_certain(n: int) -> None:
    label = torch.zeros(n, dtype=torch.int64)
    assert 0.2 < _temperature(torch.tensor([[6.0, 0.0, 0.0]]).repeat(n, 1), label) <= 1


def test_the_calibration_error_is_that_of_bins_of_equal_counts() -> None:
    confidence = torch.linspace(0.51, 0.99, 150)
    logits = torch.stack([confidence, 1 - confidence], 1).log()
    label = torch.arange(150) % 3 // 2  # a third is wrong, in each bin of ten as well
    gaps = [
        confidence[bin].mean() - (label[bin] == 0).double().mean() for bin in torch.arange(150).view(15, 10)
    ]
    assert _calibration_error(logits, label) == pytest.approx(np.abs(gaps).mean(), abs=1e-6)


def test_distances_are_those_of_mahalanobis() -> None:
    torch.manual_seed(0)
    features = torch.randn(20_000, 3) @ torch.diag(torch.tensor([3.0, 1.0, 0.2]))
    centre, whitening = _gaussian(features)
    away = (torch.eye(3) * torch.tensor([3.0, 1.0, 0.2]) - centre) @ whitening.float()
    assert away.norm(dim=1).tolist() == pytest.approx([1, 1, 0.75], abs=0.1)  # the narrow axis is widened


def test_familiarity_is_the_share_of_validation_items_that_are_as_unlike(run: Run) -> None:
    module = load_module(run)
    record = Record.read(run, module)
    assert record is not None
    data = build_data(run.config)
    data.setup()
    batch = as_tensors(data.val_set[Draw(np.arange(len(data.val_set)), None)])
    shares = np.sort(record.familiar(observe(module, batch)))
    n = len(shares)
    assert n == len(record.held) == record.calibration[2]
    assert shares == pytest.approx((1 + np.arange(1, n + 1)) / (n + 1), abs=9 / n)  # some are equal
    random = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (50, *batch["x"].shape[1:]), generator=random, dtype=torch.uint8)
    strange = record.familiar(observe(module, {"x": noise}))
    assert record.unlike(strange).mean() > 0.6
    assert record.unlike(shares).mean() <= 0.06
    assert not record.unlike(np.array([np.nan])).any()
    blank = observe(module, {"x": 0 * noise})
    assert record.unlike(record.familiar(blank)).all()
    assert any(words.startswith("contrast 0, in training ") for words in record.outside(blank)[0])
    remarked = [words for words in record.outside(observe(module, batch)) if words]
    assert remarked == []


def test_what_is_rarest_counts() -> None:
    held = np.stack([np.arange(100), np.r_[np.zeros(90), np.arange(1, 11)]], 1).astype(np.float32)
    values = np.array([[0, 0], [100, 0], [50, 11], [50, -1], [99, 0], [50, 8]], np.float32)
    assert _rarest(values, held) * 101 == pytest.approx([91, 1, 1, 1, 2, 4])


def test_it_is_measured_again_to_the_bit_and_nothing_else_changes(copy: Run) -> None:
    files = [path for path in copy.folder.rglob("*") if path.is_file() and "lock" not in path.name]
    before = {path: path.read_bytes() for path in files}
    assert {path.name for path in files} >= {"familiarity.safetensors", "best.ckpt", "metrics.json"}
    copy.record.unlink()
    train(compose("train", [f"resume={copy.folder}"]))
    assert {path: path.read_bytes() for path in files} == before
    with pytest.raises(UserError, match="this run has ended"):
        train(compose("train", [f"resume={copy.folder}"]))


def test_no_random_number_is_drawn(run: Run) -> None:
    module, data = load_module(run), build_data(run.config)
    data.setup()
    state = torch.get_rng_state(), np.random.get_state()[1].copy()
    assert Record.measured(module, data) is not None
    assert torch.equal(torch.get_rng_state(), state[0])
    assert (np.random.get_state()[1] == state[1]).all()


def test_other_data_make_no_record(copy: Run) -> None:
    copy.record.unlink()
    set_key(copy, "data.fractions.val", 0.3)
    with pytest.raises(UserError, match="the data have changed since this run began"):
        train(compose("train", [f"resume={copy.folder}"]))
    assert not copy.record.exists()


def changed(name: str, change: Callable[[Tensor], Tensor]) -> Callable[[bytes], bytes]:
    def write(data: bytes) -> bytes:
        import json

        tensors = load(data)
        notes = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
        return save(tensors | {name: change(tensors.get(name, torch.zeros(1))).contiguous()}, notes)

    return write


DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda data: b"", "refused: broken"),
    "truncated": (lambda data: data[:-9], "refused: broken"),
    "text": (lambda data: b"no record" * 20, "refused: broken"),
    "huge": (lambda data: data + bytes(LIMIT), "must have at most 1,048,576 bytes"),
    "no notes": (lambda data: save({"temperature": torch.ones(1)}), "refused: broken"),
    "NaN": (changed("centre", lambda x: x * torch.nan), "centre: must be finite numbers"),
    "another shape": (changed("whitening", lambda x: x[:-1]), r"whitening: must be .* of shape \(100, 100\)"),
    "too many": (changed("validation", lambda x: x.repeat(20, 1)), "validation: must be"),
    "a row": (changed("validation", lambda x: x[0]), "validation: must be"),
    "whole numbers": (changed("range of contrast", Tensor.long), "range of contrast: must be"),
    "unknown": (changed("other", lambda x: x), "other: must be"),
    "cold": (changed("temperature", lambda x: 0 * x), "temperature: must be from 0.05 to 20, got 0"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_broken_record_is_refused_in_one_line(copy: Run, name: str) -> None:
    damage, words = DAMAGE[name]
    copy.record.write_bytes(damage(copy.record.read_bytes()))
    with pytest.raises(UserError, match=rf"familiarity\.safetensors: ({words}).*; remove it: ") as refused:
        Record.read(copy, load_module(copy))
    assert "\n" not in str(refused.value)


def test_the_first_records_have_distances_alone(copy: Run) -> None:
    import json

    data = copy.record.read_bytes()
    tensors = load(data)
    notes = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    tensors["distances"] = tensors.pop("validation")[:, 0].contiguous()
    copy.record.write_bytes(save(tensors, notes))
    module = load_module(copy)
    record = Record.read(copy, module)
    assert record is not None
    shares = record.familiar(observe(module, {"x": torch.zeros(3, 1, 28, 28)}))
    assert 0 < shares.min() <= shares.max() <= 1


def test_the_record_of_other_weights_is_refused(run: Run, copy: Run) -> None:
    contents = torch.load(copy.checkpoints / "best.ckpt", weights_only=True)
    contents["state_dict"]["network.dense2.bias"] += 0.1
    torch.save(contents, copy.checkpoints / "best.ckpt")
    with pytest.raises(UserError, match="must be of this network's weights, got those of another; remove it"):
        Record.read(copy, load_module(copy))


@pytest.mark.parametrize("n", [1, 2, FEWEST - 1])
def test_few_validation_items_give_no_familiarity(run: Run, n: int) -> None:
    module = load_module(run)
    data = build_data(run.config)
    data.setup()
    data.val_set.x, data.val_set.y = data.val_set.x[:n], data.val_set.y[:n]  # type: ignore[attr-defined]
    record = Record.measured(module, data)
    assert record is not None
    assert len(record.held) == 0
    assert record.calibration[2] == n
    assert np.isnan(record.familiar(observe(module, {"x": torch.zeros(3, 1, 28, 28)}))).all()


def test_a_network_that_diverged_has_no_record(run: Run) -> None:
    module = load_module(run)
    data = build_data(run.config)
    data.setup()
    with torch.no_grad():
        module.network.get_parameter("dense2.bias").fill_(torch.nan)
    assert Record.measured(module, data) is None


def test_runs_without_a_record(copy: Run) -> None:
    copy.record.unlink()
    assert read_record(copy) is None
    assert Record.read(copy, load_module(copy)) is None

"""Muon: what a step does to filters and to everything else."""

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from shared.commands.train import train as train_run
from shared.config.cli import compose
from shared.errors import UserError
from shared.training import OPTIMIZERS, build
from shared.training.muon import Muon, orthogonal

SETTINGS: dict[str, float] = {
    "lr": 0.05,
    "momentum": 0.6,
    "rest": 2.0,
    "rest_momentum": 0.9,
    "weight_decay": 0.01,
}


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(32, 5))


def train(net: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> None:
    for step in range(steps):
        x = torch.randn(16, 3, 4, 4, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), torch.arange(16) % 5).backward()
        optimizer.step()


@pytest.mark.parametrize("shape", [(8, 27), (27, 8), (6, 6)])
def test_orthogonal_keeps_the_directions_and_evens_the_sizes(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    u, _, v = torch.linalg.svd(torch.randn(shape), full_matrices=False)
    sizes = torch.logspace(0, -1, len(v))
    got = u.T @ orthogonal((u * sizes @ v)[None])[0] @ v.T
    assert (got - got.diag().diag()).abs().max() < 0.05  # bfloat16's rounding
    assert got.diag().min() > 0.6
    assert got.diag().max() < 1.3


def test_a_gradient_of_zeros_moves_nothing() -> None:
    assert orthogonal(torch.zeros(2, 3, 5)).abs().max() == 0


def test_filters_move_by_their_share_along_the_gradients_directions() -> None:
    net = network()
    optimizer = Muon(net.parameters(), **SETTINGS)
    before = net[0].weight.detach().clone()
    train(net, optimizer, 1)
    before *= 8**0.5 / before.norm()
    moved = before - net[0].weight.detach()
    assert (moved.norm() / before.norm()).item() == pytest.approx(0.05, rel=0.3)
    u, _, v = torch.linalg.svd(net[0].weight.grad.flatten(1), full_matrices=False)
    sizes = (u.T @ moved.flatten(1) @ v.T).diag() / 0.05
    assert sizes.min() > 0.3
    assert sizes.max() < 1.3


def test_everything_else_moves_as_by_plain_momentum() -> None:
    net = network()
    rest = [p for p in net.parameters() if p.ndim != 4]
    copies = [p.detach().clone() for p in rest]
    muon = Muon(net.parameters(), **SETTINGS)
    plain = torch.optim.SGD(copies, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)
    for _ in range(3):
        train(net, muon, 1)
        for copy, parameter in zip(copies, rest, strict=True):
            copy.grad = parameter.grad
        plain.step()
    for copy, parameter in zip(copies, rest, strict=True):
        torch.testing.assert_close(copy, parameter.detach())


def test_a_stopped_training_is_resumed_with_the_same_bits() -> None:
    whole, first, second = network(), network(), network()
    optimizer = Muon(whole.parameters(), **SETTINGS)
    train(whole, optimizer, 2)
    train(whole, optimizer, 2)
    stopped = Muon(first.parameters(), **SETTINGS)
    train(first, stopped, 2)
    second.load_state_dict(first.state_dict())
    resumed = Muon(second.parameters(), **SETTINGS)
    resumed.load_state_dict(stopped.state_dict())
    train(second, resumed, 2)
    for a, b in zip(whole.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    "wrong", [{"lr": -1.0}, {"momentum": 1.0}, {"rest_momentum": 1.5}, {"weight_decay": float("nan")}]
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    settings = {"_target_": "shared.muon.Muon"} | SETTINGS | wrong
    with pytest.raises(UserError, match=rf"^optimizer\.{next(iter(wrong))}: must be a number .*, got "):
        build("optimizer", OPTIMIZERS, settings, params=network().parameters())


def test_a_run_trains_with_muon_and_a_linear_schedule_ends_at_zero(tmp_path: Path) -> None:
    words = ["domain=image", "model=image/tiny", "optimizer=muon", "schedule=linear", f"runs={tmp_path}"]
    short = ["data.first=600", "data.batch_size=10", "trainer.max_epochs=2", "test=false"]
    summary = train_run(compose("train", [*words, *short]))
    with Path(summary["run"], "metrics.csv").open() as file:
        rates = [float(row["lr"]) for row in csv.DictReader(file)]
    assert rates == pytest.approx([0.05, 0.0])
    assert summary["val/acc"] > 0.3
    with pytest.raises(UserError, match=r"optimizer\.momentum: must be a number in \[0, 1\), got 1\.5"):
        train_run(compose("train", [*words, *short, "optimizer.momentum=1.5"]))


def test_layers_of_one_shape_move_together_as_each_would_alone() -> None:
    torch.manual_seed(0)
    together = [
        nn.Parameter(torch.randn(shape)) for shape in [(8, 4, 3, 3), (6, 4, 3, 3), (8, 4, 3, 3), (5,)]
    ]
    alone = [nn.Parameter(layer.detach().clone()) for layer in together]
    gradients = [torch.randn_like(layer) for layer in together]
    optimizers = [Muon(together, **SETTINGS), *(Muon([layer], **SETTINGS) for layer in alone)]
    for _ in range(3):
        for parameters in (together, alone):
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient.clone()
        for optimizer in optimizers:
            optimizer.step()
    for a, b in zip(together, alone, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)

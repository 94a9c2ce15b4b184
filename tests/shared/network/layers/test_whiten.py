"""Whitening filters: computed from training inputs, uncorrelated, saved in checkpoints, never trained."""

import numpy as np
import pytest
import torch

from shared.commands.train import train
from shared.config.cli import compose
from shared.errors import UserError
from shared.network.build import build_network
from shared.runs.run import Run
from shared.training.setup import load_module

LAYERS = [{"whiten": 2}, "flatten", {"dense": "classes"}]


def smooth(n: int, channels: int = 3) -> torch.Tensor:
    """Random pictures in which neighbours are alike."""
    x = torch.randn(n, channels, 20, 20, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.avg_pool2d(x, 5, 1) * 5


def test_outputs_are_uncorrelated_and_of_variance_one_where_the_input_varies() -> None:
    layer = build_network(LAYERS, 3, (16, 16), 4)[0]
    x = smooth(200)
    layer.fit(x)
    both = layer(x)
    component = (both[:, :12] - both[:, 12:]).permute(1, 0, 2, 3).flatten(1)
    moments = component @ component.T / component.size(1)
    patches = torch.nn.functional.unfold(x, 2).transpose(1, 2).flatten(0, 1)
    variance = torch.linalg.eigvalsh(patches.T @ patches / len(patches)).flip(0)
    assert torch.allclose(moments, (variance / (variance + 0.01)).diag(), atol=1e-4)
    assert variance[0] > 1
    assert variance[-1] < 0.1
    assert (both >= 0).all()


def test_before_fitting_it_returns_the_cells_themselves() -> None:
    layer = build_network(LAYERS, 1, (3, 3), 2)[0]
    x = -torch.arange(9.0).reshape(1, 1, 3, 3)
    assert layer(x)[0, :4].sum() == 0
    assert layer(x)[0, 4:, 0, 0].tolist() == [0, 1, 3, 4]


def test_training_fits_it_to_its_own_data_and_the_checkpoint_keeps_it(tmp_path: object) -> None:
    words = ["domain=image", f"runs={tmp_path}", "data.first=300", "trainer.max_epochs=1", "test=false"]
    quiet = ["trainer.enable_progress_bar=false", f"model.layers={LAYERS}".replace("'", "")]
    metrics = train(compose("train", [*words, *quiet]))
    assert metrics["params"] == 10 * (8 * 27 * 27 + 1)
    weight = load_module(Run(metrics["run"])).network.whiten1.weight
    half = weight[:4].reshape(4, 4)
    across = half @ half.T
    assert torch.allclose(across, torch.diag(across.diag()), atol=1e-3 * float(across.max()))
    lengths = across.diag()
    assert (lengths.diff() > 0).all()  # sorted by variance, the largest first, which is scaled least
    assert float(lengths[-1] / lengths[0]) > 5  # neighbouring pixels of digits are alike
    assert np.allclose(weight[4:], -weight[:4])


@pytest.mark.parametrize(
    ("size", "kernel", "says"),
    [
        ((None, 9), 2, "axis 1 varies"),
        ((9, 9), 10, "at most 9"),
        ((9, 9), 0, "whiten.kernel: must be a whole number from 1, got 0"),
    ],
)
def test_impossible_kernels_are_refused(size: tuple[int | None, int], kernel: int, says: str) -> None:
    with pytest.raises(UserError, match=says):
        build_network([{"whiten": kernel}, "flatten", {"dense": "classes"}], 1, size, 2)

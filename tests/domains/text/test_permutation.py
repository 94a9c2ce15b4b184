"""The order of the embedding's numbers means nothing to filters that span it, but it does to sliding ones."""

from itertools import permutations
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from domains.text.module import TextClassifier
from shared.network.layers.conv import Conv
from shared.training.classifier import as_tensors
from shared.training.data import Draw
from tests.domains.text.test_module import made

SMALL = ["model.embedding=6", "model.filters=5", "model.dropout=0.0"]


def permuted(module: TextClassifier, twin: TextClassifier, order: Tensor, cells: Tensor) -> None:
    """Copy the weights: numbers of the vectors in this order, and cells of the filters along them in that."""
    twin.load_state_dict(module.state_dict())
    for table in twin.embeddings:
        table.weight.data = table.weight.data[:, order]
    for layer in twin.network.modules():
        if isinstance(layer, Conv):
            layer.weight.data = layer.weight.data[..., cells]


def test_a_spanning_filter_learns_the_same_from_permuted_vectors(tmp_path: Path) -> None:
    module, data = made(tmp_path, "model=text/sequence", *SMALL)
    twin, _ = made(tmp_path, "model=text/sequence", *SMALL)
    order = torch.from_numpy(np.random.RandomState(0).permutation(6))
    permuted(module.double(), twin.double(), order, order)
    batch = as_tensors(data.train_set[Draw(np.arange(4), None)])
    before = module.logits(batch)
    torch.testing.assert_close(twin.logits(batch), before, rtol=0, atol=1e-5)
    for trained in (module, twin):
        optimizer = torch.optim.AdamW(trained.parameters(), lr=0.01)
        for _ in range(5):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(trained.logits(batch), batch["y"]).backward()
            optimizer.step()
    torch.testing.assert_close(twin.logits(batch), module.logits(batch), rtol=0, atol=1e-5)
    assert (module.logits(batch) - before).abs().max() > 0.1


def test_a_sliding_filter_does_not_whatever_the_order_of_its_cells(tmp_path: Path) -> None:
    words = ["model=text/both", "model.height=4", "model.stride=1", *SMALL]
    module, data = made(tmp_path, *words)
    twin, _ = made(tmp_path, *words)
    batch = as_tensors(data.train_set[Draw(np.arange(4), None)])
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    with torch.no_grad():
        permuted(module, twin, torch.arange(6), torch.arange(4))
        torch.testing.assert_close(twin.logits(batch), module.logits(batch))
        for cells in permutations(range(4)):
            permuted(module, twin, order, torch.tensor(cells))
            assert (twin.logits(batch) - module.logits(batch)).abs().max() > 1e-3

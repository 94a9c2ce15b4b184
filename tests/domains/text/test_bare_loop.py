"""The network of Kim 2014 in plain PyTorch gives the logits of ``text/sequence``."""

import numpy as np
import torch

from domains.text.data import TextData
from domains.text.module import TextClassifier
from shared.config.cli import compose
from shared.training.data import Draw
from shared.training.setup import build_data, build_module
from tests.domains.text.bare_loop import Bare


def test_the_bare_network_gives_the_logits_of_the_suite_s() -> None:
    config = compose("train", ["domain=text"])
    data = build_data(config)
    data.setup()
    module = build_module(config, data).eval()
    assert isinstance(data, TextData)
    assert isinstance(module, TextClassifier)
    bare = Bare(len(data.preprocessing.vocabulary), 128, 2).eval()
    weights = [p.detach().flatten(1, 2) if p.dim() == 4 else p.detach() for p in module.parameters()]
    *network, embedding = weights
    theirs = [*bare.filters.parameters(), *bare.dense.parameters(), bare.embedding.weight]
    with torch.no_grad():
        for mine, given in zip(theirs, [*network, embedding], strict=True):
            mine.copy_(given.transpose(1, 2) if given.dim() == 3 else given)
    batch = data.test_set[Draw(np.arange(40), None)]
    x, lengths = torch.from_numpy(batch["x"]), torch.from_numpy(batch["lengths"])
    lengths[:3] = torch.tensor([1, 2, 4])
    x[torch.arange(x.size(1)) >= lengths[:, None]] = 0
    torch.testing.assert_close(bare(x, lengths), module.logits({"x": x, "lengths": lengths}))

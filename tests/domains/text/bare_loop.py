"""The network of Kim 2014 in plain PyTorch, to compare its speed with that of ``bench.py domain=text``.

OMP_NUM_THREADS=1 python -m tests.domains.text.bare_loop
"""

import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from domains.text.data import TextData
from shared.config.cli import compose
from shared.training.setup import build_data

REPEATS = 5  # timed epochs


class Bare(nn.Module):
    """Kim 2014 in plain modules: the logits of ``text/sequence`` with the same weights."""

    def __init__(self, tokens: int, embedding: int, classes: int):
        super().__init__()
        self.embedding = nn.Embedding(tokens, embedding, padding_idx=0)
        self.filters = nn.ModuleList(nn.Conv1d(embedding, 100, width) for width in (3, 4, 5))
        self.dense = nn.Linear(300, classes)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Logits (N, classes) of numbers of tokens (N, T), of which each sentence has its length."""
        vectors = self.embedding(F.pad(x, (0, max(0, 5 - x.size(1))))).transpose(1, 2)
        maxima = []
        for width, filters in zip((3, 4, 5), self.filters, strict=True):
            maps = F.relu(filters(vectors))
            padding = torch.arange(maps.size(2)) >= (lengths[:, None] - width + 1).clamp(min=1)
            maxima.append(maps.masked_fill(padding[:, None], 0.0).amax(2))
        return self.dense(F.dropout(torch.cat(maxima, 1), 0.5, self.training))


def bare_speeds(data: TextData) -> list[float]:
    """Sentences per second of successive epochs."""
    network = Bare(len(data.preprocessing.vocabulary), data.embedding, len(data.classes))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001, fused=True)
    half = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    loader = data.train_dataloader()
    speeds = []
    for epoch in range(REPEATS + 1):
        loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        start, sentences = time.perf_counter(), 0
        for batch in loader:
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                loss = F.cross_entropy(network(batch["x"], batch["lengths"]), batch["y"])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                network.dense.weight.copy_(network.dense.weight.renorm(2, 0, 3.0))
            sentences += len(batch["y"])
        speeds.append(sentences / (time.perf_counter() - start))
    return speeds


if __name__ == "__main__":
    made = build_data(compose("train", ["domain=text"]))
    assert isinstance(made, TextData)
    made.setup()
    speed = statistics.median(bare_speeds(made)[1:])  # the first epoch fills the caches
    sys.stdout.write(f"{speed:,.0f} sentences/s\n")

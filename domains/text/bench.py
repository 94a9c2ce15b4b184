"""How fast batches come, and the same network written down bare in PyTorch, on batches drawn alike."""

import statistics
import time
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from domains.text.data import TextData

REPEATS = 5  # epochs of the bare network that are timed; the middle one counts, as it does of the suite


class Bare(nn.Module):
    """Kim 2014 in plain modules: the answers of ``text/sequence`` with the same weights."""

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


def bench(data: TextData, samples_per_second: float) -> dict[str, Any]:
    """The loader alone, and the bare network trained by Adam on what it draws, its weights limited as Kim's.

    Args:
        data: ready to be read.
        samples_per_second: that the suite trains; to be compared with the bare network's where the suite's is
            ``text/sequence``.
    """
    start = time.perf_counter()
    loaded = sum(len(batch["y"]) for batch in data.train_dataloader()) / (time.perf_counter() - start)
    bare = statistics.median(_bare_speeds(data)[1:])  # the first fills the caches
    return {
        "loader sentences/s": loaded,
        "loader / network": loaded / samples_per_second,
        "bare Kim 2014 sentences/s": bare,
        "suite / bare Kim 2014, seconds": bare / samples_per_second,
    }


def _bare_speeds(data: TextData) -> list[float]:
    """Sentences a second of one epoch after the other."""
    network = Bare(len(data.front_end["vocabulary"]), data.embedding, len(data.classes))
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

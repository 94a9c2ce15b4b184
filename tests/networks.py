"""Small networks of the four domains, as runs on disk."""

from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

from shared.assemble import build_data, build_module, load_module
from shared.classifier import Classifier
from shared.cli import compose
from shared.data import Draw
from shared.explain.command import adapter
from shared.explain.domain import Domain
from shared.run import Run

WORDS = {
    "image": ["domain=image"],
    "go": ["domain=go", "model.filters=6", "model.depth=3", "data.workers=0"],
    "speech": ["domain=speech", "model.filters=6", "model.units=8"],
    "text": ["domain=text", "model.embedding=12", "model.filters=8"],
}
STEPS = {"image": 60, "go": 2, "speech": 0, "text": 60}  # of learning, where a test needs the network to know


def make_run(folder: Path, *words: str, steps: int = 0, rate: float = 0.01) -> Run:
    """A run of a network that has seen so many batches of its domain's bundled sample."""
    config = compose("train", list(words))
    data = build_data(config)
    data.setup()
    module = build_module(config, data).train()
    optimizer = torch.optim.Adam([each for each in module.parameters() if each.requires_grad], rate)
    random = torch.Generator().manual_seed(0)
    for _ in range(steps):
        items = torch.randperm(len(data.train_set), generator=random)[:50].numpy()
        batch = {key: torch.as_tensor(value) for key, value in data.train_set[Draw(items, None)].items()}
        loss = cross_entropy(module(batch["x"], batch.get("lengths")), batch["y"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    run = Run.create(folder, config)
    contents = {
        "domain": module.domain,
        "state_dict": module.state_dict(),
        "hyper_parameters": dict(module.hparams),
    }
    torch.save(contents, run.checkpoints / "best.ckpt")
    return run


def opened(run: Run) -> tuple[Classifier, Domain]:
    """The network of a run and its adapter."""
    model = load_module(run).requires_grad_(False)
    return model, adapter(run, model, compose("explain", [f"run={run.folder}"]))

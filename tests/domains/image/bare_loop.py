"""The lecture's setting by the suite and by a bare PyTorch loop, alternately: accuracy and CPU seconds.

    OMP_NUM_THREADS=1 python -m tests.domains.image.bare_loop MNIST_FOLDER 5 > table.md

MNIST_FOLDER holds the four idx files; 5 is the number of seeds. Both train in float32.
"""

import statistics
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from domains.image.reading.datasets import idx
from shared.commands.train import train
from shared.config.cli import compose
from shared.files.archive import members
from shared.results.scores import spread_of


def networks() -> dict[str, nn.Sequential]:
    """The lecture's two networks, written in torch alone."""
    hidden = [nn.Flatten(), nn.Linear(784, 500), nn.ReLU()]
    for _ in range(2):
        hidden += [nn.Linear(500, 500), nn.ReLU()]
    return {
        "lecture": nn.Sequential(
            nn.Conv2d(1, 25, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(25, 50, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(1250, 100), nn.ReLU(), nn.Linear(100, 10),
        ),
        "dense": nn.Sequential(*hidden, nn.Linear(500, 10)),
    }  # fmt: skip


def read(folder: Path) -> dict[str, torch.Tensor]:
    names = {"train": "train", "test": "t10k"}
    splits = {}
    for split, prefix in names.items():
        x, y = (
            idx(next(members(folder / f"{prefix}-{kind}-ubyte.gz")).data, prefix)
            for kind in ("images-idx3", "labels-idx1")
        )
        splits[f"{split} x"] = torch.from_numpy(x.copy()).float()[:, None] / 255
        splits[f"{split} y"] = torch.from_numpy(y.copy()).long()
    return splits


def bare(name: str, data: dict[str, torch.Tensor], seed: int) -> tuple[float, float]:
    """Accuracy and CPU seconds."""
    torch.manual_seed(seed)
    network = networks()[name]
    optimizer = torch.optim.Adam(network.parameters())
    x, y = data["train x"][:10_000], data["train y"][:10_000]
    start = time.process_time()
    for _ in range(20):
        for batch in torch.randperm(len(x)).split(100):
            loss = F.cross_entropy(network(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    seconds = time.process_time() - start
    with torch.inference_mode():
        right = network(data["test x"]).argmax(1) == data["test y"]
    return float(right.double().mean()), seconds


def suite(name: str, folder: Path, seed: int) -> tuple[float, float]:
    """The same by the suite's own training."""
    words = [f"model=image/{name}", f"data.path={folder}", f"seed={seed}"]
    settings = ["trainer.precision=32-true", "trainer.accelerator=cpu", "trainer.enable_progress_bar=false"]
    with tempfile.TemporaryDirectory() as runs, redirect_stdout(sys.stderr):
        config = compose("train", ["experiment=image/lecture", *words, *settings, f"runs={runs}"])
        metrics = train(config)
    return metrics["test/acc"], metrics["cpu_seconds"]


def main() -> None:
    folder, seeds = Path(sys.argv[1]), int(sys.argv[2])
    data = read(folder)
    out = [
        "| network | loop | test accuracy, mean (95 % interval) | each seed | CPU s, median | ratio a seed |"
    ]
    out.append("| --- | --- | --- | --- | --- | --- |")
    for name in networks():
        pairs = [(suite(name, folder, seed), bare(name, data, seed)) for seed in range(seeds)]
        ratios = sorted(ours[1] / theirs[1] for ours, theirs in pairs)
        ratio = f"{statistics.median(ratios):.3f} ({ratios[0]:.3f} … {ratios[-1]:.3f})"
        for loop, results in zip(("suite", "bare"), zip(*pairs, strict=True), strict=True):
            accuracies = [100 * accuracy for accuracy, _ in results]
            over = spread_of(accuracies)
            listed = " ".join(f"{accuracy:.2f}" for accuracy in accuracies)
            seconds = statistics.median(seconds for _, seconds in results)
            out.append(
                f"| {name} | {loop} | {over.mean:.2f} % ({over.low:.2f} … {over.high:.2f}) | {listed} "
                f"| {seconds:.1f} | {ratio if loop == 'suite' else ''} |"
            )
    print("\n".join(out))  # noqa: T201


if __name__ == "__main__":
    main()

"""Train the same words again and again, each time in a fresh process, and count the different results.

    python -m tests.domains.go.board.same_bits 1000 bits.txt

Each line of the file is the digest of one training: its weights and its metrics. It goes on where it stopped.
"""

import hashlib
import sys
import tempfile
from collections import Counter
from pathlib import Path

import torch

from tests.commands import TINY, command, epochs_of, run_folder

# 64 steps: 2,048 positions, of which some nine have a true eye in the corner T1.
WORDS = [*TINY, "data.epoch_size=2048", "trainer.max_epochs=1", "test=false"]


def digest(folder: Path) -> str:
    """Train once in this folder; a digest of the last weights and of all metrics."""
    run = run_folder(command("train", *WORDS, cwd=folder, OMP_NUM_THREADS="1"))
    weights = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    bits = hashlib.sha256(repr(epochs_of(run)).encode())
    for name, tensor in sorted(weights.items()):
        bits.update(name.encode() + tensor.numpy().tobytes())
    return bits.hexdigest()


def train_again(times: int, file: Path) -> Counter[str]:
    """Train until the file holds ``times`` digests; returns the number of occurrences of every digest."""
    file.touch()
    while len(lines := file.read_text().split()) < times:
        with tempfile.TemporaryDirectory() as folder, file.open("a") as out:
            out.write(digest(Path(folder)) + "\n")
    return Counter(lines)


if __name__ == "__main__":
    counted = train_again(int(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.write("".join(f"{bits}: {n:,} trainings\n" for bits, n in counted.items()))

"""Archives with few examples a class, for the comparison ``few``.

``python -m tests.few_examples DATA FOLDER``: DATA holds ``image/mnist`` and ``speech/fsdd.tar.xz``. FOLDER
gets ``digits.zip``, MNIST's training digits 0 to 4, and for each seed ``digits-SEED.zip`` (5 to 9) and
``words-SEED.zip`` (FSDD): 20 examples a class to train on, drawn by the seed, 10 to validate, the official
tests.
"""

import io
import re
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from domains.image.reading import SOURCES

SEEDS, TRAIN, VAL, SOURCE = range(5), 20, 10, 1000


def pack(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)


def split(names: list[str], seed: int) -> dict[str, str]:
    """The split of names of one class, of those that do not test; others are skipped."""
    chosen = np.random.default_rng(seed).permutation(sorted(names))[: TRAIN + VAL].tolist()
    return {name: "train" if n < TRAIN else "val" for n, name in enumerate(chosen)}


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels[0]).save(out, "PNG")
    return out.getvalue()


def digits(data: Path, folder: Path) -> None:
    images = SOURCES["mnist"](data / "image/mnist", 28, 1)
    train, test = (
        {c: np.flatnonzero((images.y == c) & (images.split == s)) for c in range(10)}
        for s in ("train", "test")
    )
    chosen = {f"{c}/{n}.png": png(images.x[n]) for c in range(5) for n in train[c][:SOURCE]}
    pack(folder / "digits.zip", chosen)
    tests = {f"test/{c}/{n}.png": png(images.x[n]) for c in range(5, 10) for n in test[c]}
    for seed in SEEDS:
        files = dict(tests)
        for c in range(5, 10):
            for name, part in split([str(n) for n in train[c]], seed).items():
                files[f"{part}/{c}/{name}.png"] = png(images.x[int(name)])
        pack(folder / f"digits-{seed}.zip", files)


def words(data: Path, folder: Path) -> None:
    with tarfile.open(data / "speech/fsdd.tar.xz") as archive:
        clips = {
            Path(one.name).name: archive.extractfile(one).read()
            for one in archive
            if one.name.endswith(".wav")
        }
    tests = {f"test/{name[0]}/{name}": clip for name, clip in clips.items() if re.search(r"_[0-4]\.", name)}
    for seed in SEEDS:
        files = dict(tests)
        for c in "0123456789":
            rest = [name for name in clips if name[0] == c and not re.search(r"_[0-4]\.", name)]
            files |= {f"{part}/{c}/{name}": clips[name] for name, part in split(rest, seed).items()}
        pack(folder / f"words-{seed}.zip", files)


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.mkdir(parents=True, exist_ok=True)
    digits(source, target)
    words(source, target)

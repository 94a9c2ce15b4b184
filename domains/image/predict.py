"""Predictions of a trained network for a user's own pictures."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from domains.image.contact_sheet import contact_sheet
from domains.image.module import ImageClassifier
from domains.image.reading import read_images
from shared.commands import Predictions, answers, best
from shared.files import Inventory, printable

BATCH = 256  # pictures decoded and predicted at a time: memory stays bounded


def predict(module: ImageClassifier, source: Path, *, top: int, unsure: float = 0.8) -> Predictions:
    """The likeliest classes of each picture, and a page that shows all pictures with their predictions.

    The source is a picture, a folder of them, or an archive. Predictions that are not sure are marked.
    """
    rows: list[dict[str, Any]] = []
    thumbnails: list[np.ndarray] = []
    seen, remarks = Inventory(), dict[str, list[str]]()
    for names, pictures in batches(module, source, seen, remarks):
        rows += rows_of(module, names, pictures, remarks, top, unsure)
        thumbnails.extend(pictures)
    summary = f"{len(rows):,} picture{'s' * (len(rows) != 1)}"
    page = contact_sheet(thumbnails, rows, f"{printable(source.name)}: {summary}")
    return Predictions(rows, "\n".join([summary, *seen.summary()]), pages={"pictures.html": page})


def rows_of(
    module: ImageClassifier,
    names: Sequence[str],
    pictures: np.ndarray,
    remarks: Mapping[str, list[str]],
    top: int,
    unsure: float,
) -> list[dict[str, Any]]:
    """A row for each picture uint8 (N, channels, size, size)."""
    rows, answered = [], answers(module, {"x": pictures})
    for n, (name, row) in enumerate(zip(names, answered.probabilities, strict=True)):
        likeliest = best(row, module.classes, top)
        answer, probability = likeliest[0]["name"], likeliest[0]["probability"]
        trust = answered.trust(n, probability, unsure, remarks[name])
        rows.append({"file": name, "answer": answer, "probability": probability, **trust, "best": likeliest})
    return rows


def batches(
    module: ImageClassifier, source: Path, seen: Inventory, remarks: dict[str, list[str]] | None = None
) -> Iterator[tuple[list[str], np.ndarray]]:
    """Names and images uint8 (N, channels, size, size) for a network, in the order of the source.

    Each file is noted in ``seen``, used or skipped; ``remarks`` as in ``read_images``. A UserError where no
    image is readable.
    """
    channels, size = int(module.hparams["planes"]), int(module.hparams["extent"][0])
    images = read_images(source, size, channels, seen, remarks, module.preprocessing.fit)
    while batch := list(islice(images, BATCH)):
        for name, _ in batch:
            seen.use(name)
        yield [name for name, _ in batch], np.stack([image for _, image in batch])

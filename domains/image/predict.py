"""Predictions of a trained network for a user's own pictures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from domains.image.contact_sheet import contact_sheet
from domains.image.reading import read_images
from shared.commands import Predictions, best
from shared.errors import UserError
from shared.files import Inventory, printable
from shared.training import Classifier, as_tensors

BATCH = 256  # pictures decoded and predicted at a time: memory stays bounded


def predict(module: Classifier, source: Path, *, top: int, unsure: float = 0.5) -> Predictions:
    """The likeliest classes of each picture, and a page that shows all pictures with their predictions.

    Args:
        module: a trained ``ImageClassifier``.
        source: a picture, a folder of pictures, or an archive.
        top: how many classes are listed.
        unsure: predictions of a smaller probability are marked.

    Raises:
        UserError: there is no picture that can be read, or ``unsure`` is no probability.
    """
    if isinstance(unsure, bool) or not isinstance(unsure, int | float) or not 0 <= unsure <= 1:
        raise UserError(f"unsure: must be a probability from 0 to 1, got {unsure}")
    rows: list[dict[str, Any]] = []
    thumbnails: list[np.ndarray] = []
    seen = Inventory()
    for names, pictures in batches(module, source, seen):
        with torch.inference_mode():
            logits = module.logits(as_tensors({"x": pictures}, module.device))
        probabilities = logits.softmax(1).cpu().double().numpy()
        for name, row in zip(names, probabilities, strict=True):
            likeliest = best(row, module.classes, top)
            probability = likeliest[0]["probability"]
            rows.append(
                {
                    "file": name,
                    "answer": likeliest[0]["name"],
                    "probability": probability,
                    "sure": "yes" if probability >= unsure else "no",
                    "best": likeliest,
                }
            )
        thumbnails.extend(pictures)
    doubtful = sum(row["sure"] == "no" for row in rows)
    summary = f"{len(rows):,} pictures, {doubtful:,} of the predictions unsure (probability under {unsure:g})"
    page = contact_sheet(thumbnails, rows, f"{printable(source.name)}: {summary}")
    return Predictions(rows, "\n".join([summary, *seen.summary()]), pages={"pictures.html": page})


def batches(module: Classifier, source: Path, seen: Inventory) -> Iterator[tuple[list[str], np.ndarray]]:
    """Names and images uint8 (N, channels, size, size), in the order of the source.

    Args:
        module: the network that they are for.
        source: a picture, a folder of pictures, or an archive.
        seen: where each file is noted, used or skipped.

    Raises:
        UserError: no readable image.
    """
    channels, size = int(module.hparams["planes"]), int(module.hparams["extent"][0])
    names: list[str] = []
    images: list[np.ndarray] = []
    for name, image in read_images(source, size, channels, seen):
        seen.use(name)
        names.append(name)
        images.append(image)
        if len(names) == BATCH:
            yield names, np.stack(images)
            names, images = [], []
    if names:
        yield names, np.stack(images)

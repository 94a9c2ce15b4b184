"""What a trained network sees in a user's own pictures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import track

from domains.image.contact_sheet import contact_sheet
from domains.image.reading import SUFFIXES, UNREADABLE, decode_image
from shared.commands import Predictions, best
from shared.errors import UserError
from shared.files import Inventory, members, printable, where
from shared.training import Classifier

BATCH = 256  # pictures decoded and answered at a time: memory stays bounded


def predict(module: Classifier, source: Path, *, top: int, unsure: float = 0.5) -> Predictions:
    """The likeliest classes of each picture, and a page that shows all pictures with their answers.

    Args:
        module: a trained ``ImageClassifier``.
        source: a picture, a folder of pictures, or an archive.
        top: how many classes are listed.
        unsure: answers of a smaller probability are marked.

    Raises:
        UserError: there is no picture that can be read, or ``unsure`` is no probability.
    """
    if isinstance(unsure, bool) or not isinstance(unsure, int | float) or not 0 <= unsure <= 1:
        raise UserError(f"unsure={unsure}: give a probability, from 0 to 1")
    rows: list[dict[str, Any]] = []
    thumbnails: list[np.ndarray] = []
    seen = Inventory()
    bar = Console(stderr=True)
    for names, pictures in track(batches(module, source, seen), "looking", console=bar, transient=True):
        with torch.inference_mode():
            x = torch.from_numpy(pictures).to(module.device)
            probabilities = module(x).softmax(1).cpu().double().numpy()
        for name, each in zip(names, probabilities, strict=True):
            answers = best(each, module.classes, top)
            probability = answers[0]["probability"]
            rows.append(
                {
                    "file": name,
                    "answer": answers[0]["name"],
                    "probability": probability,
                    "sure": "yes" if probability >= unsure else "no",
                    "best": answers,
                }
            )
        thumbnails.extend(pictures)
    doubtful = sum(row["sure"] == "no" for row in rows)
    summary = f"{len(rows):,} pictures, {doubtful:,} of the answers unsure (probability under {unsure:g})"
    page = contact_sheet(thumbnails, rows, f"{printable(source.name)}: {summary}")
    return Predictions(rows, "\n".join([summary, *seen.summary()]), pages={"pictures.html": page})


def batches(module: Classifier, source: Path, seen: Inventory) -> Iterator[tuple[list[str], np.ndarray]]:
    """Names and pictures uint8 (N, channels, size, size), in the order of the source.

    Args:
        module: what reads them.
        source: a picture, a folder of pictures, or an archive.
        seen: where each file is noted, used or skipped.

    Raises:
        UserError: there is no picture that can be read.
    """
    channels, size = int(module.hparams["planes"]), int(module.hparams["extent"][0])
    names: list[str] = []
    pictures: list[np.ndarray] = []
    first: UserError | None = None
    for member in members(source, SUFFIXES, seen=seen):
        label = where(source, member.name)
        try:
            pictures.append(decode_image(member.data, label, size, channels))
        except UserError as error:
            seen.skip(member.name, UNREADABLE, str(error).removeprefix(f"{label}: "))
            first = first or error
            continue
        seen.use(member.name)
        names.append(member.name)
        if len(names) == BATCH:
            yield names, np.stack(pictures)
            names, pictures = [], []
    if names:
        yield names, np.stack(pictures)
    elif not seen.used and first is not None:
        count = seen.skipped[UNREADABLE]
        none = f"{source}: none of its {count:,} pictures can be read; the first: " * (count > 1)
        raise UserError(f"{none}{first}")

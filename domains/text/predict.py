"""What a trained classifier says of a user's own sentences, and the words that told it so."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.text import Text

from domains.text.data import Batches
from domains.text.marks import coloured, page, parts, printable
from domains.text.module import TextClassifier
from domains.text.picks import Pick, read
from domains.text.read import Form, Sentences, read_sentences
from domains.text.tokens import encode
from shared.data import Draws
from shared.errors import UserError
from shared.predict import SHOWN, Predictions, best, percent

BATCH = 64
IN_PAGE = 1000  # sentences that a page of HTML holds
WIDE = 120  # characters of a sentence in the table

Offsets = list[tuple[int, int]]  # first and end of each token in its text


def predict(
    module: TextClassifier, source: Path | None, *, top: int, text: str | None = None, column: str = "text"
) -> Predictions:
    """The class of each sentence, and what its strongest filters picked.

    Args:
        module: a trained ``TextClassifier``.
        source: a file with a sentence a line, a table, a folder or archive of these; ``-``: standard input.
        top: how many classes, and how many filters, are listed.
        text: one sentence, instead of ``source``.
        column: of a table (.csv, .tsv, .jsonl): the one that holds the sentences.

    Raises:
        UserError: there is no sentence, or a file cannot be read.
    """
    sentences = _sentences(source, text, Form(text=column, label=None))
    front_end = module.hparams["front_end"]
    encodings = encode(module.hparams["model"]["tokens"], front_end["vocabulary"], sentences.texts)
    answers = _ask(module, [np.array(each.ids[: front_end["longest"]]) for each in encodings])
    rows = []
    marked = []
    phrases = []
    for number, (probabilities, picks) in enumerate(answers):
        text, offsets = sentences.texts[number], encodings[number].offsets
        file, line = sentences.places[number]
        likeliest = best(probabilities, module.classes, top)
        filters = _strongest(picks, text, offsets)
        rows.append({
            "file": file,
            "line": line,
            "text": text,
            "label": likeliest[0]["name"],
            "probability": likeliest[0]["probability"],
            "best": likeliest,
            "filters": filters[:top],
        })  # fmt: skip
        marked.append(parts(text, offsets, _weights(picks, len(offsets))))
        phrases.append(_phrases(filters, top))
    headings = [
        f"{row['file']}, line {row['line']}: {row['label']} {percent(row['probability'])}" for row in rows
    ]
    told = f"{min(len(rows), IN_PAGE):,} of {len(rows):,} sentences"
    return Predictions(
        rows,
        _summary(rows, module.classes, sentences),
        pages={"sentences.html": page(list(zip(headings, marked, strict=True))[:IN_PAGE], told)},
        cells={"text": [_shortened(coloured(each)) for each in marked[:SHOWN]], "filters": phrases},
    )


def _sentences(source: Path | None, text: str | None, form: Form) -> Sentences:
    if text is not None:
        if not text.strip():
            raise UserError("text: no word in it; give a sentence")
        return Sentences([text.strip()], [""], [("text", 1)])
    assert source is not None  # the command sees to it
    if source != Path("-"):
        return read_sentences(source, form)
    found = Sentences()
    found.add("standard input", sys.stdin.buffer.read(), "", form)
    if not found.texts:
        raise UserError("standard input: no sentence in it; give one a line")
    return found


def _ask(module: TextClassifier, ids: list[np.ndarray]) -> list[tuple[np.ndarray, list[Pick]]]:
    """For each sentence the probabilities (classes,) and the picks; like lengths are asked together."""
    batches = Batches(ids, np.zeros(len(ids), np.int64))
    draws = list(Draws(len(ids), BATCH, lengths=batches.lengths))
    answers: dict[int, tuple[np.ndarray, list[Pick]]] = {}
    bar = Console(stderr=True)
    for draw in track(draws, "asking the network", console=bar, transient=True, disable=len(draws) == 1):
        batch = batches[draw]
        x, lengths = (torch.from_numpy(batch[name]).to(module.device) for name in ("x", "lengths"))
        probabilities, picks = read(module, x, lengths)
        for item, each, picked in zip(draw.items.tolist(), probabilities.cpu().numpy(), picks, strict=True):
            answers[item] = each, picked
    return [answers[item] for item in range(len(ids))]


def _strongest(picks: list[Pick], text: str, offsets: Offsets) -> list[dict[str, Any]]:
    """What the filters that speak for the answer picked, the loudest first, with its share of them all."""
    speaking = [pick for pick in picks if pick.weight > 0]
    total = sum(pick.weight for pick in speaking)
    return [
        {
            "name": text[offsets[pick.first][0] : offsets[pick.end - 1][1]],
            "filter": pick.filter,
            "share": pick.weight / total,
        }
        for pick in speaking
    ]


def _phrases(filters: list[dict[str, Any]], top: int) -> Text:
    """The same for people: many filters pick the same words."""
    shares: Counter[str] = Counter()
    for each in filters:
        shares[printable(each["name"])] += each["share"]
    return Text("\n".join(f"{percent(share)} {words}" for words, share in shares.most_common(top)) or "–")


def _weights(picks: list[Pick], tokens: int) -> np.ndarray:
    """How strongly each token speaks for the answer: of each pick that it is part of, its part."""
    weights = np.zeros(tokens)
    for pick in picks:
        weights[pick.first : pick.end] += pick.weight / (pick.end - pick.first)
    return weights


def _shortened(text: Text) -> Text:
    text.truncate(WIDE, overflow="ellipsis")
    return text


def _summary(rows: list[dict[str, Any]], classes: list[str], sentences: Sentences) -> str:
    counts = Counter(row["label"] for row in rows)
    found = ", ".join(f"{name} {counts[name]:,}" for name in classes if counts[name])
    return "\n".join([f"{len(rows):,} sentences: {found}", *sentences.told()])

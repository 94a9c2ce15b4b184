"""Predictions of a trained classifier for a user's own sentences, and the words that they rest on."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.text import Text

from domains.text.data import TextDataset
from domains.text.filters import Pick, read
from domains.text.highlight import Part, coloured, page, parts, printable
from domains.text.module import TextClassifier
from domains.text.reading import Form, Sentences, Vocabulary, read_sentences, read_text, sentences_of_bytes
from shared.commands import SHOWN, Predictions, best
from shared.errors import UserError
from shared.files import MEMBER_LIMIT
from shared.results import percent
from shared.training import Draws, as_tensors

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
    sentences = sentences_of(source, None if text is None else str(text), Form(text=str(column), label=None))
    predictions = _predictions(module, sentences, top)
    rows = [prediction.row for prediction in predictions]
    marked = [
        (
            f"{row['file']}, line {row['line']}: {row['label']} {percent(row['probability'])}",
            prediction.marked,
        )
        for row, prediction in zip(rows[:IN_PAGE], predictions, strict=False)
    ]
    title = f"{len(marked):,} of {len(rows):,} sentences"
    return Predictions(
        rows,
        _summary(rows, module.classes, sentences),
        pages={"sentences.html": page(marked, title)},
        cells={
            "text": [_shortened(coloured(prediction.marked)) for prediction in predictions[:SHOWN]],
            "filters": [prediction.phrases for prediction in predictions[:SHOWN]],
        },
    )


class Prediction(NamedTuple):
    """The prediction for one sentence: a row of the file, its words on the page, a cell of the table."""

    row: dict[str, Any]
    marked: list[Part]
    phrases: Text


def sentences_of(source: Path | None, text: str | None, form: Form) -> Sentences:
    """The sentences of a path or of standard input (``-``), or the one that is given.

    Raises:
        UserError: there is none, or both are given.
    """
    if text is not None:
        if source is not None:
            raise UserError(f"text: must be null where input is given (input={source}), got {text[:40]!r}")
        return read_text(text)
    assert source is not None  # the command checks it
    if source != Path("-"):
        return read_sentences(source, form)
    data = sys.stdin.buffer.read(MEMBER_LIMIT + 1)
    if len(data) > MEMBER_LIMIT:
        raise UserError(f"input=-: must be at most {MEMBER_LIMIT:,} bytes, got more; give a part of it")
    return sentences_of_bytes(data, "standard input", form)


def _predictions(module: TextClassifier, sentences: Sentences, top: int) -> list[Prediction]:
    """A prediction for each sentence; a batch holds sentences of similar lengths."""
    vocabulary = Vocabulary(module.settings["tokens"], module.preprocessing.vocabulary)
    longest = module.preprocessing.longest
    ids = [np.array(numbers[:longest]) for numbers in vocabulary.ids(sentences.texts)]
    batches = TextDataset(ids, np.zeros(len(ids), np.int64))
    draws = list(Draws(len(batches), BATCH, lengths=batches.lengths))
    predictions: dict[int, Prediction] = {}
    bar = Console(stderr=True)
    for draw in track(draws, "predicting", console=bar, transient=True, disable=len(draws) == 1):
        batch, items = batches[draw], draw.items.tolist()
        probabilities, picks = read(module, as_tensors(batch, module.device))
        encodings = vocabulary.encode([sentences.texts[item] for item in items])
        for item, row, picked, encoding in zip(
            items, probabilities.cpu().numpy(), picks, encodings, strict=True
        ):
            likeliest, offsets = best(row, module.classes, top), encoding.offsets[:longest]
            predictions[item] = _prediction(sentences, item, offsets, likeliest, picked, top)
    return [predictions[item] for item in range(len(batches))]


def _prediction(
    sentences: Sentences,
    item: int,
    offsets: Offsets,
    likeliest: list[dict[str, Any]],
    picks: list[Pick],
    top: int,
) -> Prediction:
    text, (file, line) = sentences.texts[item], sentences.place(item)
    filters = _strongest(picks, text, offsets)
    row = {
        "file": file,
        "line": line,
        "text": text,
        "label": likeliest[0]["name"],
        "probability": likeliest[0]["probability"],
        "best": likeliest,
        "filters": filters[:top],
    }
    return Prediction(row, parts(text, offsets, _weights(picks, len(offsets))), _phrases(filters, top))


def _strongest(picks: list[Pick], text: str, offsets: Offsets) -> list[dict[str, Any]]:
    """The picks of the filters that support the prediction, the strongest first, with their shares."""
    supporting = [pick for pick in picks if pick.weight > 0]
    total = sum(pick.weight for pick in supporting)
    return [
        {
            "name": text[offsets[pick.first][0] : offsets[pick.end - 1][1]],
            "filter": pick.filter,
            "share": pick.weight / total,
        }
        for pick in supporting
    ]


def _phrases(filters: list[dict[str, Any]], top: int) -> Text:
    """For the table: the words picked, with the sum of the shares of their filters."""
    shares: Counter[str] = Counter()
    for pick in filters:
        shares[printable(pick["name"])] += pick["share"]
    return Text("\n".join(f"{percent(share)} {words}" for words, share in shares.most_common(top)) or "–")


def _weights(picks: list[Pick], tokens: int) -> np.ndarray:
    """The weight of each token: its parts of the weights of the picks that contain it."""
    weights = np.zeros(tokens)
    for pick in picks:
        weights[pick.first : pick.end] += pick.weight / (pick.end - pick.first)
    return weights


def _shortened(text: Text) -> Text:
    text.truncate(WIDE, overflow="ellipsis")
    return text


def _summary(rows: list[dict[str, Any]], classes: list[str], sentences: Sentences) -> str:
    counts = Counter(row["label"] for row in rows)
    by_class = ", ".join(f"{name} {counts[name]:,}" for name in classes if counts[name])
    return "\n".join([f"{len(rows):,} sentences: {by_class}", *sentences.summary()])

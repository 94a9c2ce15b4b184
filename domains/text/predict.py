"""Predictions of a trained classifier for a user's own sentences, and the words that they rest on."""

import itertools
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.text import Text

from domains.text.data import TextDataset
from domains.text.filters import Pick, read
from domains.text.highlight import Part, coloured, page, parts, printable
from domains.text.module import TextClassifier
from domains.text.reading import Form, Sentences, Vocabulary, read_sentences, read_text, sentences_of_bytes
from shared.commands import SHOWN, Predictions, answers, best
from shared.config import progress
from shared.errors import UserError
from shared.files import MEMBER_LIMIT, listed
from shared.results import percent
from shared.training import Draws, as_tensors

BATCH = 64
IN_PAGE = 1000  # sentences that a page of HTML holds
NAMED = 8  # unknown tokens of a sentence


class Tokens(NamedTuple):
    """The tokens of a sentence that the network reads."""

    offsets: list[tuple[int, int]]  # in the text
    unknown: np.ndarray  # bool: the vocabulary lacks it


# The prediction for one sentence: a row of the file, its words on the page, a cell of the table.
Prediction = tuple[dict[str, Any], list[Part], Text]


def predict(
    module: TextClassifier,
    source: Path | None,
    *,
    top: int,
    unsure: float = 0.8,
    text: str | None = None,
    column: str = "text",
) -> Predictions:
    """The class of each sentence, and what its strongest filters picked.

    The source is a file with a sentence a line, a table of which a column holds them, a folder or archive of
    these, or ``-``, standard input; ``text`` is one sentence instead. At most ``top`` filters are listed.
    """
    sentences = sentences_of(source, text, Form(text=str(column), label=None))
    rows, marked, phrases = zip(*predictions(module, sentences, top, unsure), strict=True)
    headings = [
        f"{row['file']}, line {row['line']}: {row['label']} {percent(row['probability'])}"
        + ", unsure" * (row["sure"] == "no")
        + "".join(f"; {remark}" for remark in row["remarks"])
        for row in rows[:IN_PAGE]
    ]
    title = f"{len(headings):,} of {len(rows):,} sentences"
    shown = [coloured(sentence) for sentence in marked[:SHOWN]]
    counts = Counter(row["label"] for row in rows)
    by_class = ", ".join(f"{name} {counts[name]:,}" for name in module.classes if counts[name])
    return Predictions(
        list(rows),
        "\n".join([f"{len(rows):,} sentence{'s' * (len(rows) != 1)}: {by_class}", *sentences.summary()]),
        pages={"sentences.html": page(list(zip(headings, marked, strict=False)), title)},
        cells={"text": shown, "filters": phrases},
    )


def sentences_of(source: Path | None, text: object, form: Form) -> Sentences:
    """The sentences of a path or of standard input (``-``), or the one that is given; not of both."""
    if text is not None:
        text = str(text)  # a number, say
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


def predictions(module: TextClassifier, sentences: Sentences, top: int, unsure: float) -> list[Prediction]:
    """A prediction for each sentence; a batch holds sentences of similar lengths."""
    vocabulary, longest = module.vocabulary, module.preprocessing.longest
    ids = [np.array(numbers[:longest]) for numbers in vocabulary.ids(sentences.texts)]
    batches = TextDataset(ids, np.zeros(len(ids), np.int64))
    draws = list(Draws(len(batches), BATCH, lengths=batches.lengths))
    done: dict[int, Prediction] = {}
    for draw in progress(draws, "predicting", disable=len(draws) == 1):
        items = draw.items.tolist()
        batch = batches[draw]
        answered, picks = answers(module, batch), read(module, as_tensors(batch, module.device))
        encodings = vocabulary.encode([sentences.texts[item] for item in items])
        for n, (item, row, encoding) in enumerate(zip(items, answered.probabilities, encodings, strict=True)):
            likeliest = best(row, module.classes, top)
            answer, probability = likeliest[0]["name"], likeliest[0]["probability"]
            tokens = Tokens(
                encoding.offsets[:longest], np.array(encoding.ids[:longest]) == Vocabulary.UNKNOWN
            )
            remarks = _remarks(sentences.texts[item], tokens, len(encoding), module.settings["tokens"])
            trust = answered.trust(n, probability, unsure, remarks)
            columns = {"label": answer, "probability": probability, **trust, "best": likeliest}
            done[item] = _prediction(sentences, item, tokens, columns, picks[n], top)
    return [done[item] for item in range(len(batches))]


def _remarks(text: str, tokens: Tokens, count: int, kind: str) -> list[str]:
    """The unknown tokens with their number, and how many were cut off."""
    remarks = []
    if number := int(tokens.unknown.sum()):
        words = [text[first:end] for first, end in itertools.compress(tokens.offsets, tokens.unknown)]
        named = printable(listed(list(dict.fromkeys(words)), NAMED))
        remarks.append(f"{number:,} of {len(tokens.offsets):,} {kind} unknown: {named}")
    if count > len(tokens.offsets):
        remarks.append(f"the last {count - len(tokens.offsets):,} of {count:,} {kind} cut off")
    return remarks


def _prediction(
    sentences: Sentences, item: int, tokens: Tokens, columns: dict[str, Any], picks: list[Pick], top: int
) -> Prediction:
    """Each filter that supports the prediction has a share of it, the strongest first."""
    text, offsets, (file, line) = sentences.texts[item], tokens.offsets, sentences.place(item)
    supporting = [pick for pick in picks if pick.weight > 0]
    total = sum(pick.weight for pick in supporting)
    filters: list[dict[str, Any]] = []
    shares: Counter[str] = Counter()
    for pick in supporting:
        name = text[offsets[pick.first][0] : offsets[pick.end - 1][1]]
        filters.append({"name": name, "filter": pick.filter, "share": pick.weight / total})
        shares[printable(name)] += filters[-1]["share"]
    weights = np.zeros(len(offsets))  # of the tokens: their parts of the weights of the picks with them
    for pick in picks:
        weights[pick.first : pick.end] += pick.weight / (pick.end - pick.first)
    row = {"file": file, "line": line, "text": text, **columns, "filters": filters[:top]}
    phrases = "  ".join(f"{words} {percent(share)}" for words, share in shares.most_common(top))
    return row, parts(text, offsets, weights, tokens.unknown), Text(phrases or "–")

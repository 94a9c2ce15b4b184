"""Sentences on the page, with the words that the strongest filters picked."""

from typing import Any, TypedDict

from torch import Tensor

from domains.text.explain import TextDomain
from domains.text.module import TextClassifier
from domains.text.predict import predictions, sentences_of
from domains.text.reading import Form
from shared.app import Page, Predicted, Share, Top, View
from shared.errors import UserError
from shared.explain import Example

LONGEST = 10_000  # characters of a text on the page


class TextInput(TypedDict):
    """A sentence."""

    text: str


class Marked(TypedDict):
    """A stretch of the sentence: see ``domains.text.highlight.Part``."""

    text: str
    weight: float
    known: bool


class PredictedText(Predicted):
    """The answer, and the whole sentence in its stretches."""

    parts: list[Marked]


class TextPage(Page):
    """A sentence, as ``predict.py text=`` reads it."""

    module: TextClassifier
    adapter: TextDomain

    def facts(self) -> dict[str, Any]:
        """What its tokens are, and how many the network reads."""
        return {"tokens": self.module.settings["tokens"], "longest": self.module.preprocessing.longest}

    def offline(self) -> dict[str, Any]:
        """Also the vocabulary."""
        return {**self.facts(), "vocabulary": self.module.preprocessing.vocabulary}

    def predict(self, input: TextInput, top: Top = 10, unsure: Share = 0.8) -> PredictedText:
        """The class, and the words that support and oppose it."""
        sentences = sentences_of(None, _bounded(input), Form(label=None))
        [(row, parts, _)] = predictions(self.module, sentences, top, unsure)
        marked: list[Marked] = [
            {"text": part.text, "weight": part.weight, "known": part.known} for part in parts
        ]
        return {
            "rows": [row],
            "view": self.view(self.example(input)),
            "notes": sentences.summary(),
            "parts": marked,
        }

    def example(self, input: TextInput) -> Example:
        """As the layers take it."""
        return self.adapter.read(None, _bounded(input))[0]

    def view(self, example: Example) -> View:
        """Its words."""
        return {"kind": "words", "words": list(example.source), "unknown": self.adapter.unknown(example)}

    def words(self, weight: Tensor) -> list[list[str]]:
        """The nearest words of the vocabulary."""
        return self.adapter.nearest_words(weight)


def _bounded(input: TextInput) -> str:
    text = input["text"]
    if len(text) > LONGEST:
        must = f"must have at most {LONGEST:,} characters on the page, got {len(text):,}"
        raise UserError(f"text: {must}; predict.py reads longer ones")
    return text

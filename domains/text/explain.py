"""Explanations of predictions for sentences."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from torch import Tensor

from domains.text.highlight import printable
from domains.text.module import TextClassifier
from domains.text.predict import sentences_of
from domains.text.reading import Form, Sentences, Vocabulary
from domains.text.substitution import substituted
from shared.errors import UserError
from shared.explain import HEAD, Box, Example, Input, InputAdapter, Masks, Planted, Target, boxes
from shared.results import BLUE, ORANGE, RELEVANCE
from shared.training import Dataset

NGRAM = 3  # words that are taken away together
NEAREST = 3  # words that stand for a row of a filter
PLANTED = 12  # words of a sentence with a keyword
BARS = 24  # words that have a bar


class _Lazy(Sequence[Example]):
    """Inputs that are made when they are indexed: a file may hold a million, and few are explained."""

    def __init__(self, count: int, make: Callable[[int], Example]):
        self.items, self.make = range(count), make

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, item: Any) -> Any:
        """One of them, or a list of those of a slice."""
        chosen = self.items[item]
        return self.make(chosen) if isinstance(chosen, int) else [self.make(number) for number in chosen]


class TextDomain(InputAdapter):
    """Words, as the vectors that the preprocessing puts for them."""

    filling = "a vector of zeros, as for a word that training never saw"
    epsilon, epsilon_unit = 1.0, "word(s) put in another's place, any of the vocabulary"
    collapse = (0, 2)
    cell = (3.6, 1.7)
    columns = 2  # sentences are wide
    filters, filter_columns, filter_cell = 8, 2, (4.0, 1.0)
    module: TextClassifier

    @property
    def vectors(self) -> Float[Tensor, "tokens channels embedding"]:
        """The vectors of the vocabulary, in each channel."""
        return torch.stack([weight.detach() for weight in self.module.embeddings.parameters()], 1)

    @property
    def vocabulary(self) -> list[str]:
        """The tokens by their numbers."""
        return self.module.preprocessing.vocabulary

    def read(self, source: Path | None, text: str | None = None) -> Sequence[Example]:
        """Sentences of a file, or one that is given."""
        sentences = sentences_of(source, text, Form(label=None))
        self.remarks = sentences.summary()
        return _Lazy(len(sentences.texts), lambda item: self._sentence(sentences, item))

    def _sentence(self, sentences: Sentences, item: int) -> Example:
        """A sentence, of which the network reads the first words."""
        text, place = sentences.texts[item], sentences.where(item)
        longest = self.module.preprocessing.longest
        [encoding] = Vocabulary(self.module.settings["tokens"], self.vocabulary).encode([text])
        words = [text[first:end] for first, end in encoding.offsets[:longest]]
        return self._example(encoding.ids[:longest], place, words)

    def _example(self, ids: Sequence[int], name: str, words: list[str], label: int | None = None) -> Example:
        with torch.no_grad():
            x = self.module.preprocess({"x": torch.tensor([ids])})[0][0].contiguous()
        return Example(x, name, label, words)

    def describe(self, dataset: Dataset, item: int) -> tuple[str, list[str]]:
        """The number of the sentence, and its words."""
        return f"sentence {item}", [self.vocabulary[n] for n in dataset.ids[item]]  # type: ignore[attr-defined]

    @cached_property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """The smallest and the largest that each number of a word's vector is in the vocabulary."""
        vectors = self.vectors
        return vectors.amin(0)[:, None], vectors.amax(0)[:, None]

    def regions(self, example: Example) -> dict[str, Masks]:
        """Single words, and ``NGRAM`` consecutive words."""
        words = example.x.size(1)
        sizes = {"words": 1, "n-grams": NGRAM} if words > NGRAM else {"words": 1}
        return {kind: boxes((words, 1), (size, 1)) for kind, size in sizes.items()}

    def make(self, x: Input, name: str, of: Example | None = None) -> Example:
        """An input between words, which is drawn as the nearest words."""
        return Example(x, name, None, [f"≈{self.vocabulary[n]}" for n in self._closest(x)])

    def nearest(self, x: Input) -> Example:
        """The words whose vectors are closest, one for each position."""
        ids = self._closest(x).tolist()
        return self._example(ids, "nearest words", [self.vocabulary[n] for n in ids])

    def _closest(self, x: Input) -> Int[Tensor, " positions"]:
        """By distance; words only, not what stands for padding and unknown ones."""
        words = self.vectors[len(Vocabulary.SPECIAL) :].flatten(1).to(x)
        return torch.cdist(x.movedim(1, 0).flatten(1), words).argmin(1) + len(Vocabulary.SPECIAL)

    def attack(self, example: Example, kind: str, epsilon: float, seed: int) -> Example:
        """Replaces ``epsilon`` words by others."""
        most = example.x.size(1)
        if epsilon not in range(1, most + 1):
            raise UserError(f"epsilon: must be a whole number of words from 1 to {most}, got {epsilon}")
        places, ids = substituted(self.module, example.x, self.vectors, kind, int(epsilon), seed)
        words, x = list(example.source), example.x.clone()
        for place, token in zip(places, ids, strict=True):
            words[place], x[:, place] = self.vocabulary[token], self.vectors[token]
        return Example(x, kind, example.label, words)

    def show(self, axes: Axes, example: Example, heat: np.ndarray | None = None) -> None:
        """The words, wrapped; those of relevance on a colour."""
        words: list[str] = example.source
        colours: list[Any] = [None] * len(words)
        if heat is not None:
            weights = heat[: len(words), 0] / (np.abs(heat).max() or 1.0)
            colours = [None if abs(w) < 0.05 else RELEVANCE(0.5 + 0.5 * w) for w in weights]
        axes.axis("off")
        write_words(axes, words, colours)

    def show_box(self, axes: Axes, example: Example, box: Box) -> None:
        """The words in the box on orange."""
        for word in axes.texts[box[0].start : box[0].stop]:
            word.set_bbox({"facecolor": ORANGE, "edgecolor": "none", "pad": 1.5})
            word.set_color("white")

    def map_figure(self, example: Example, heat: np.ndarray, target: Target) -> Figure:
        """The words in colours, and the relevance of each as a bar."""
        values = heat[:, 0]
        order = np.sort(np.argsort(-np.abs(values), kind="stable")[:BARS])
        lines = 1 + sum(len(word) + 1 for word in example.source) // 75
        tall = HEAD + 0.2 + 0.34 * lines + 0.24 * len(order) + 0.5
        figure = Figure(figsize=(8, tall))
        words = figure.add_axes((0.02, 1 - (HEAD + 0.1 + 0.34 * lines) / tall, 0.96, 0.34 * lines / tall))
        self.show(words, example, heat)
        bars = figure.add_axes((0.22, 0.35 / tall, 0.7, 0.24 * len(order) / tall))
        places = np.arange(len(order))
        bars.barh(places, values[order], color=[BLUE if v > 0 else ORANGE for v in values[order]])
        bars.set_yticks(places, [printable(example.source[n]) for n in order], fontsize=8.5, parse_math=False)
        bars.set_ylim(len(order) - 0.5, -0.5)
        bars.axvline(0, color="0.5", linewidth=0.8)
        bars.tick_params(axis="x", labelsize=7.5)
        bars.spines[["top", "right", "left"]].set_visible(False)
        return figure

    def show_filter(self, axes: Axes, weight: Tensor, layer: str) -> None:
        """The words nearest to each row of a filter, in the order in which it reads them."""
        vectors = torch.nn.functional.normalize(self.vectors[len(Vocabulary.SPECIAL) :], dim=2)
        axes.axis("off")
        columns = weight.size(1)
        for row in range(columns):
            sizes = torch.einsum("vce,ce->v", vectors[..., : weight.size(2)], weight[:, row])
            best = sizes.argsort(descending=True)[:NEAREST] + len(Vocabulary.SPECIAL)
            words = "\n".join(printable(self.vocabulary[n]) for n in best)
            style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7.5, "parse_math": False}
            axes.text((row + 0.5) / columns, 0.5, words, **style)

    def plant(self, random: np.random.Generator) -> Planted:
        """Words drawn from the vocabulary, and at a random place the keyword of a class."""
        classes = len(self.module.classes)
        tokens = np.arange(len(Vocabulary.SPECIAL), len(self.vocabulary))
        keys, label = tokens[-classes:], int(random.integers(classes))
        ids = random.choice(tokens[:-classes], PLANTED)
        place = int(random.integers(PLANTED))
        ids[place] = keys[label]
        evidence = torch.zeros(PLANTED, 1, dtype=torch.bool)
        evidence[place] = True
        words = [self.vocabulary[n] for n in ids]
        example = self._example(ids.tolist(), f"keyword {words[place]!r}", words, label)
        return Planted(example, evidence, label)


def write_words(axes: Axes, words: Sequence[str], colours: Sequence[Any]) -> None:
    """Words one after the other, wrapped, each on its colour (None: on nothing), as large as fits."""
    box = axes.get_window_extent()
    width, height = (72 / axes.figure.dpi * pixels for pixels in (box.width, box.height))
    size = 9.0
    while size > 4 and (1 + _wrapped(words, width, size)[-1][0]) * 1.75 * size > height:
        size -= 0.5
    for word, colour, (line, x) in zip(words, colours, _wrapped(words, width, size), strict=True):
        patch = None if colour is None else {"facecolor": colour, "edgecolor": "none", "pad": 1.5}
        dark = colour is not None and sum(to_rgb(colour)) < 1.6
        axes.annotate(
            printable(word), (0, 1), (x, -1.75 * size * line - 3), xycoords="axes fraction",
            textcoords="offset points", va="top", fontsize=size, family="monospace", bbox=patch,
            color="white" if dark else "black", parse_math=False, annotation_clip=False,
        )  # fmt: skip


def _wrapped(words: Sequence[str], width: float, size: float) -> list[tuple[int, float]]:
    """Line and place (points) of each word: they follow from the characters of a monospaced face."""
    places, line, x = [], 0, 0.0
    for word in words:
        length = 0.602 * size * len(word)
        if x and x + length > width:
            line, x = line + 1, 0.0
        places.append((line, x))
        x += length + 0.602 * size
    return places

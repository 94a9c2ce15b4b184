"""Explanations of predictions for sentences."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from domains.text.highlight import printable
from domains.text.module import TextClassifier
from domains.text.predict import sentences_of
from domains.text.reading import Form, Sentences, Vocabulary
from domains.text.substitution import substituted
from shared.errors import UserError
from shared.explain import HEAD, Box, Example, InputAdapter, Masks, Planted, Shown, Target, boxes
from shared.results import BLUE, ORANGE, RELEVANCE
from shared.training import Dataset

NGRAM = 3  # words that are taken away together
NEAREST = 3  # words that stand for a row of a filter
PLANTED = 12  # words of a sentence with a keyword
DRAWN = 8  # filters
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
        sentences = sentences_of(source, None if text is None else str(text), Form(label=None))
        self.seen = sentences
        return _Lazy(len(sentences.texts), lambda item: self._sentence(sentences, item))

    def _sentence(self, sentences: Sentences, item: int) -> Example:
        """A sentence, of which the network reads the first words."""
        text, place = sentences.texts[item], sentences.where(item)
        longest = self.module.preprocessing.longest
        [encoding] = Vocabulary(self.module.settings["tokens"], self.vocabulary).encode([text])
        words = [text[first:end] for first, end in encoding.offsets[:longest]]
        return Example(self._planes(encoding.ids[:longest]), place, None, words)

    def _planes(self, ids: Sequence[int]) -> Float[Tensor, "channels positions embedding"]:
        with torch.no_grad():
            return self.module.preprocess({"x": torch.tensor([ids])})[0][0].contiguous()

    def describe(self, dataset: Dataset, item: int) -> tuple[str, list[str]]:
        """The number of the sentence, and its words."""
        return f"sentence {item}", [self.vocabulary[n] for n in dataset.ids[item]]  # type: ignore[attr-defined]

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """The smallest and the largest that each number of a word's vector is in the vocabulary."""
        vectors = self.vectors
        return vectors.amin(0)[:, None], vectors.amax(0)[:, None]

    def regions(self, example: Example) -> dict[str, Masks]:
        """Single words, and ``NGRAM`` consecutive words."""
        words = example.x.size(1)
        kinds = {"words": boxes((words, 1), (1, 1), (1, 1))}
        if words > NGRAM:
            kinds["n-grams"] = boxes((words, 1), (NGRAM, 1), (1, 1))
        return kinds

    def make(self, x: Float[Tensor, "channels a1 a2"], name: str, of: Example | None = None) -> Example:
        """An input between words, which is drawn as the nearest words."""
        return Example(x, name, None, [f"≈{self.vocabulary[n]}" for n in self._closest(x)])

    def nearest(self, x: Float[Tensor, "channels a1 a2"]) -> Example:
        """The words whose vectors are closest, one for each position."""
        ids = self._closest(x)
        return Example(self._planes(ids.tolist()), "nearest words", None, [self.vocabulary[n] for n in ids])

    def _closest(self, x: Float[Tensor, "channels a1 a2"]) -> Int[Tensor, " positions"]:
        """By distance; words only, not what stands for padding and unknown ones."""
        words = self.vectors[len(Vocabulary.SPECIAL) :].flatten(1).to(x)
        return torch.cdist(x.movedim(1, 0).flatten(1), words).argmin(1) + len(Vocabulary.SPECIAL)

    def attack(self, example: Example, kind: str, epsilon: float, seed: int) -> Example:
        """Replaces ``epsilon`` words by others."""
        if epsilon != int(epsilon) or not 1 <= epsilon <= example.x.size(1):
            raise UserError(
                f"epsilon: must be a whole number of words from 1 to {example.x.size(1)}, got {epsilon}"
            )
        places, ids = substituted(self.module, example.x, self.vectors, kind, int(epsilon), seed)
        words, x = list(example.source), example.x.clone()
        for place, token in zip(places, ids, strict=True):
            words[place], x[:, place] = self.vocabulary[token], self.vectors[token]
        return Example(x, kind, example.label, words)

    def show(
        self, axes: Axes, example: Example, heat: np.ndarray | None = None, box: Box | None = None
    ) -> None:
        """The words, wrapped; those of relevance or in the box on a colour."""
        words: list[str] = example.source
        weights = (
            np.zeros(len(words)) if heat is None else heat[: len(words), 0] / (np.abs(heat).max() or 1.0)
        )
        inside = range(0) if box is None else box[0]
        colours = [ORANGE if n in inside else RELEVANCE(0.5 + 0.5 * w) for n, w in enumerate(weights)]
        plain = [n not in inside and abs(weights[n]) < 0.05 for n in range(len(words))]
        axes.axis("off")
        write_words(axes, words, ["none" if p else c for p, c in zip(plain, colours, strict=True)])

    def map_figure(self, example: Example, heat: np.ndarray, target: Target) -> Figure:
        """The words in colours, and the relevance of each as a bar."""
        values = heat[:, 0]
        order = np.sort(np.argsort(-np.abs(values), kind="stable")[:BARS])
        lines = 1 + sum(len(word) + 1 for word in example.source) // 75
        tall = HEAD + 0.2 + 0.34 * lines + 0.24 * len(order) + 0.5
        figure = Figure(figsize=(8, tall), dpi=130)
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
            axes.text(
                (row + 0.5) / columns, 0.5, words, ha="center", va="center", fontsize=7.5, parse_math=False
            )

    def filter_figure(
        self, weight: Float[Tensor, "filters channels k1 k2"], chosen: list[int], layer: str
    ) -> Figure:
        """A cell a filter, a column a row of it, the nearest words below each other."""
        chosen = chosen[:DRAWN]
        width = max(1.0 * weight.size(2), 1.5)
        tall = HEAD + 0.75 * -(-len(chosen) // 2)
        figure = Figure(figsize=(2 * width + 1.2, tall), dpi=130)
        room = {
            "left": 0.05,
            "right": 0.99,
            "top": 1 - HEAD / tall,
            "bottom": 0.02,
            "wspace": 0.12,
            "hspace": 0.15,
        }
        grid = figure.subplots(-(-len(chosen) // 2), 2, squeeze=False, gridspec_kw=room)
        for axes in grid.flat:
            axes.axis("off")
        for axes, number in zip(grid.flat, chosen, strict=False):
            self.show_filter(axes, weight[number], layer)
            axes.text(0, 0.5, f"{number}", fontsize=8, weight="bold", va="center", ha="right")
        return figure

    def grid_figure(self, shown: Sequence[Shown], columns: int) -> Figure:
        """Sentences are wide: two a line at most."""
        return super().grid_figure(shown, columns if columns == 3 and len(shown) != 9 else min(columns, 2))

    def plant(self, random: np.random.Generator) -> Planted:
        """Words drawn from the vocabulary, and at a random place the keyword of a class."""
        classes = len(self.module.classes)
        tokens = np.arange(len(Vocabulary.SPECIAL), len(self.vocabulary))
        keys, label = tokens[-classes:], int(random.integers(classes))
        ids = random.choice(tokens[:-classes], PLANTED)
        place = int(random.integers(PLANTED))
        ids[place] = keys[label]
        evidence: Bool[Tensor, "a1 a2"] = torch.zeros(PLANTED, 1, dtype=torch.bool)
        evidence[place] = True
        words = [self.vocabulary[n] for n in ids]
        named = f"keyword {words[place]!r}"
        return Planted(Example(self._planes(ids.tolist()), named, label, words), evidence, label)


def write_words(axes: Axes, words: Sequence[str], colours: Sequence[object]) -> None:
    """Words one after the other, wrapped, each on its colour (``none``: on nothing).

    Widths follow from the number of characters of a monospaced face: nothing need be drawn to measure.
    """
    box = axes.get_window_extent()
    points = 72 / axes.figure.dpi
    width, height = box.width * points, box.height * points
    size = 9.0
    while size > 4 and _lines(words, width, size) * 1.75 * size > height:
        size -= 0.5
    x = y = 0.0
    for word, colour in zip(words, colours, strict=True):
        length = 0.602 * size * len(word)
        if x and x + length > width:
            x, y = 0.0, y + 1.75 * size
        patch = (
            None
            if isinstance(colour, str) and colour == "none"
            else {"facecolor": colour, "edgecolor": "none", "pad": 1.5}
        )
        dark = patch is not None and (isinstance(colour, str) or sum(colour[:3]) < 1.6)  # type: ignore[index]
        axes.annotate(
            printable(word), (0, 1), (x, -y - 3), xycoords="axes fraction", textcoords="offset points",
            va="top", fontsize=size, family="monospace", color="white" if dark else "black", bbox=patch,
            parse_math=False, annotation_clip=False,
        )  # fmt: skip
        x += length + 0.602 * size


def _lines(words: Sequence[str], width: float, size: float) -> int:
    lines, x = 1, 0.0
    for word in words:
        length = 0.602 * size * len(word)
        if x and x + length > width:
            lines, x = lines + 1, 0.0
        x += length + 0.602 * size
    return lines

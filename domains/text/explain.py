"""Explanations of predictions for sentences."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from textwrap import shorten
from types import MappingProxyType
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
from shared.explain import (
    BAR,
    WIDEST,
    WORDS,
    Box,
    Example,
    Input,
    InputAdapter,
    Masks,
    Planted,
    Shown,
    Target,
    boxes,
)
from shared.results import ORANGE, RELEVANCE
from shared.training import Dataset

NGRAM = 3  # words that are taken away together
NEAREST = 3  # words that stand for a row of a filter
NAMED = 60  # characters of a sentence that names itself
PLANTED = 12  # words of a sentence with a keyword
FAINT, CLEAR = 0.05, 0.15  # of the strongest: what is weaker has no colour, or no sign of its own
SIZE = 10.0  # points of a word's letters
WIDTH, LINE = 0.602, 1.85  # of a letter, and height of a line, in these


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
    changes = MappingProxyType(
        {"FGSM": "word by the gradient", "PGD": "word substitution", "random": "random word"}
    )
    collapse = (0, 2)
    cell = (4.4, 1.7)
    columns = 2  # sentences are wide
    filters, filter_columns, filter_cell = 8, 2, (4.4, 1.1)
    filter_unit = ""
    drawn = "≈: the known word that is nearest."
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
        named = None if text is None else f"“{shorten(sentences.texts[0], NAMED, placeholder=' …')}”"
        return _Lazy(len(sentences.texts), lambda item: self._sentence(sentences, item, named))

    def _sentence(self, sentences: Sentences, item: int, named: str | None) -> Example:
        """A sentence, of which the network reads the first words."""
        text, place = sentences.texts[item], named or sentences.where(item)
        longest = self.module.preprocessing.longest
        [encoding] = self.module.vocabulary.encode([text])
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

    def unknown(self, example: Example) -> list[bool]:
        """Which words training never saw: they all have the same vector, which says nothing of them."""
        same = example.x == self.vectors[Vocabulary.UNKNOWN][:, None].to(example.x)
        return same.all(2).all(0).tolist()

    def places(self, example: Example) -> Tensor:
        """Words that training saw."""
        return ~torch.tensor(self.unknown(example))[:, None]

    def show(self, axes: Axes, example: Example, heat: np.ndarray | None = None) -> None:
        """The words, wrapped; those of relevance on a colour, unknown ones grey."""
        shares = np.zeros(example.x.size(1)) if heat is None else heat[:, 0] / (np.abs(heat).max() or 1.0)
        axes.axis("off")
        write_words(axes, example.source, colours_of(shares), self.unknown(example))

    def show_box(self, axes: Axes, example: Example, box: Box) -> None:
        """The words in the box on orange."""
        for word in axes.texts[box[0].start : box[0].stop]:
            word.set_bbox({"facecolor": ORANGE, "edgecolor": "none", "pad": 1.5})
            word.set_color("white")

    def map_figure(
        self, example: Example, maps: dict[str, np.ndarray], target: Target, unit: str, scale: float = 1.0
    ) -> Figure:
        """The words in the colours of the first map, underlined where the words around change its sign."""
        words, *others = (heat[:, 0] / (np.abs(heat).max() or 1.0) for heat in maps.values())
        unknown, notes = np.array(self.unknown(example)), []
        differs = np.zeros(len(words), bool)
        for other in others:
            differs |= (words * other < 0) & (np.minimum(abs(words), abs(other)) >= CLEAR) & ~unknown
        if differs.any():
            notes.append(f"underlined: taken away in {NGRAM} words together, it works the other way")
        if unknown.any():
            notes.append("grey: training never saw the word, so it is no evidence")
        width, size = min(1.2 * scale * self.cell[0], WIDEST), scale**0.7 * SIZE
        high, low = height_of(example.source, 0.96 * width, size), BAR + 0.18 * len(notes)
        figure = Figure(figsize=(width, 0.1 + high + low))
        tall = figure.get_figheight()
        axes = figure.add_axes((0.02, low / tall, 0.96, high / tall))
        axes.axis("off")
        write_words(axes, example.source, colours_of(words), self.unknown(example), size)
        wide, points = 0.96 * 72 * width, 72 * high  # of the axes
        places = _wrapped(example.source, wide, size)
        for word, (line, left), differing in zip(example.source, places, differs, strict=True):
            if differing:
                ends = left / wide, (left + WIDTH * size * len(word)) / wide
                below = 1 - (size * (LINE * line + 1.45) + 3) / points
                axes.plot(ends, [below] * 2, "k", transform=axes.transAxes, clip_on=False)
        self.draw_scale(axes, np.where(unknown, 0, next(iter(maps.values()))[:, 0]), unit)
        figure.text(0.02, 0.02, "\n".join(notes), fontsize=9, va="bottom")
        return figure

    def cell_for(self, shown: Sequence[Shown]) -> tuple[float, float]:
        """As high as the longest of the sentences."""
        width = self.cell[0]
        high = [height_of(part.example.source, width - 0.2) for part in shown if part.example]
        return width, WORDS + 0.2 + max(high, default=0.0)

    def show_filter(self, axes: Axes, weight: Tensor, layer: str) -> None:
        """The words nearest to each row of a filter, in the order in which it reads them."""
        axes.axis("off")
        rows = self.nearest_words(weight)
        for row, words in enumerate(rows):
            style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9, "parse_math": False}
            axes.text((row + 0.5) / len(rows), 0.5, "\n".join(map(printable, words)), **style)

    def nearest_words(self, weight: Tensor) -> list[list[str]]:
        """For each row of a filter (channels, rows, embedding) the nearest words, the nearest first."""
        vectors = torch.nn.functional.normalize(self.vectors[len(Vocabulary.SPECIAL) :], dim=2)
        sizes = torch.einsum("vce,cre->rv", vectors[..., : weight.size(2)], weight)
        best = sizes.argsort(dim=1, descending=True)[:, :NEAREST] + len(Vocabulary.SPECIAL)
        return [[self.vocabulary[n] for n in row] for row in best.tolist()]

    def plant(self, random: np.random.Generator) -> Planted:
        """Words drawn from the vocabulary; at random places the keyword of a class, and decoys.

        The vectors of keywords and decoys are about as long: the most usual lengths are theirs.
        """
        vectors, special = self.vectors.flatten(1).norm(dim=1), len(Vocabulary.SPECIAL)
        classes, label = len(self.module.classes), int(random.integers(len(self.module.classes)))
        by_length = special + vectors[special:].argsort().numpy()
        middle = len(by_length) // 2
        alike = by_length[middle - classes : middle + classes + self.decoys]
        keys, decoys = alike[::2][:classes], alike[1::2]
        places = random.choice(PLANTED, 1 + self.decoys, replace=False)
        without = random.choice(np.setdiff1d(by_length, alike), PLANTED)
        without[places] = random.choice(decoys, 1 + self.decoys)
        ids = without.copy()
        ids[places[0]] = keys[label]
        evidence = torch.zeros(PLANTED, 1, dtype=torch.bool)
        evidence[places[0]] = True
        examples = [
            self._example(numbers.tolist(), "a keyword", [self.vocabulary[n] for n in numbers], label)
            for numbers in (ids, without)
        ]
        return Planted(examples[0], examples[1], evidence, label)


def colours_of(shares: Float[np.ndarray, " words"]) -> list[Any]:
    """The colours of relevance from -1 to 1; None where it is faint."""
    return [None if abs(share) < FAINT else RELEVANCE(0.5 + 0.5 * share) for share in shares]


def write_words(
    axes: Axes, words: Sequence[str], colours: Sequence[Any], grey: Sequence[bool], size: float = SIZE
) -> None:
    """Words one after the other, wrapped, each on its colour (None: on nothing), or grey."""
    width = axes.get_window_extent().width * 72 / axes.figure.dpi
    for word, colour, pale, (line, x) in zip(words, colours, grey, _wrapped(words, width, size), strict=True):
        patch = None if colour is None or pale else {"facecolor": colour, "edgecolor": "none", "pad": 1.5}
        dark = patch is not None and sum(to_rgb(colour)) < 1.6
        axes.annotate(
            printable(word), (0, 1), (x, -LINE * size * line - 3), xycoords="axes fraction",
            textcoords="offset points", va="top", fontsize=size, family="monospace", bbox=patch,
            color="white" if dark else "0.6" if pale else "black", parse_math=False, annotation_clip=False,
        )  # fmt: skip


def height_of(words: Sequence[str], width: float, size: float = SIZE) -> float:
    """Inches that words need, wrapped at a width in inches."""
    return (1 + _wrapped(words, 72 * width, size)[-1][0]) * LINE * size / 72


def _wrapped(words: Sequence[str], width: float, size: float) -> list[tuple[int, float]]:
    """Line and place (points) of each word: they follow from the characters of a monospaced face."""
    places, line, x = [], 0, 0.0
    for word in words:
        length = WIDTH * size * len(word)
        if x and x + length > width:
            line, x = line + 1, 0.0
        places.append((line, x))
        x += length + WIDTH * size
    return places

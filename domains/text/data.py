"""Labelled sentences as batches of token numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict

import numpy as np

from domains.text.baselines import nb_svm
from domains.text.highlight import printable
from domains.text.reading import (
    Form,
    Sentences,
    Vectors,
    Vocabulary,
    label_name,
    read_sentences,
    read_vectors,
    split_sentences,
)
from shared.errors import UserError, require_choice, require_int
from shared.files import Inventory, check_classes, identities, listed, number_classes
from shared.training import DataModule, Draw, Fractions, Preprocessing, check_fractions

CHANNELS = ("tuned", "static")
NAMED = 20  # classes in the summary
MOST_MACHINES = 200  # classes of a baseline that trains a machine for each
HINT = (
    "give the classes by `LABEL text` lines, a table's data.columns.label, or a file or folder for each, and "
    "leave examples of each to train on"
)


@dataclass(frozen=True)
class TextPreprocessing(Preprocessing):
    """The vocabulary, tokens in the order of their numbers, and the most tokens of a sentence."""

    vocabulary: list[str]
    longest: int

    def suited_to(self, source: "TextPreprocessing") -> "TextPreprocessing":
        """With the source's vocabulary, and the words that it lacks behind it."""
        words = dict.fromkeys([*source.vocabulary, *self.vocabulary])
        return replace(self, vocabulary=list(words))


class TextDataset:
    """Sentences as numbers of tokens; ``y`` (N,) are their classes, ``held`` (N,) hashes of their texts.

    A batch holds ``x`` int64 (N, T), filled up with the padding's 0 to its longest sentence, ``lengths``
    int64 (N,), ``y`` and ``item``.
    """

    def __init__(self, ids: list[np.ndarray], y: np.ndarray, held: np.ndarray | None = None):
        self.ids, self.y, self.held = ids, y, held
        self.lengths = np.array([len(sentence) for sentence in ids], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        lengths = self.lengths[draw.items]
        x = np.zeros((len(lengths), lengths.max()), np.int64)
        x[np.arange(x.shape[1]) < lengths[:, None]] = np.concatenate([self.ids[item] for item in draw.items])
        return {"x": x, "lengths": lengths, "y": self.y[draw.items], "item": draw.items}


class Columns(TypedDict):
    """Which columns of a table hold the sentence and its class."""

    text: str
    label: str | None


class TextData(DataModule):
    """Sentences of a user's files, with an official test set, a stable split, or folds.

    ``conf/data/text/sentences.yaml`` documents each argument.
    """

    remedy = (
        "model=text/phrases, a start from init=text/opinions, more epochs (trainer.max_epochs=20), more "
        "sentences"
    )
    train_set: TextDataset
    val_set: TextDataset
    test_set: TextDataset
    preprocessing: TextPreprocessing
    vectors: Vectors | None = None  # of the vocabulary's words that data.vectors has

    def __init__(
        self,
        *,
        path: str,
        test_path: str | None,
        columns: Columns,
        encoding: str | None,
        fine: bool,
        fractions: Fractions,
        folds: int | None,
        fold: int,
        tokens: str,
        min_count: int,
        longest: int,
        vectors: str | None,
        embedding: int,
        channels: Sequence[str],
        separator: str | None = None,  # older runs lack this key
        strict: bool = False,
        **loading: Any,
    ):
        super().__init__(**loading)
        for name in channels:
            require_choice("model.channels", name, CHANNELS)
        if not channels:
            raise UserError("model.channels: must name at least one channel, got []")
        require_int("model.embedding", embedding, 1)
        require_int("data.longest", longest, 1)
        check_fractions(fractions)
        if folds:
            require_int("data.folds", folds, 2)
            require_int("data.fold", fold, 0, folds - 1)
        if test_path and folds:
            raise UserError(
                f"data.folds: must be null beside data.test_path, got {folds}; "
                "an official test set stays as it is"
            )
        Vocabulary(tokens)  # refuses an unknown kind
        if columns["label"] is None:
            raise UserError("data.columns.label: must be the name of a column, got None")
        self.planes, self.extent = len(channels), (None, embedding)
        self.path, self.test_path = path, test_path
        self.form = Form(encoding=encoding, fine=fine, separator=separator, strict=strict, **columns)
        self.fractions, self.folds, self.fold = fractions, folds, fold
        self.tokens, self.min_count, self.longest = tokens, min_count, longest
        self.vectors_path, self.embedding = vectors, embedding

    def setup(self, stage: str | None = None) -> None:
        """Read and split the sentences, learn the vocabulary; a ``UserError`` says why that is impossible."""
        if hasattr(self, "train_set"):
            return
        read = self._read()
        splits, excluded = split_sentences(read, self.fractions, self.folds, self.fold)
        notes: list[str] = []
        if not self.fitted:
            training = np.flatnonzero(splits == "train")
            labels, texts = ([column[item] for item in training] for column in (read.labels, read.texts))
            self.classes = sorted({*labels})
            notes = check_classes(labels, self.path, HINT)
            learned = Vocabulary.learn(self.tokens, texts, self.min_count).tokens
            if len(learned) == len(Vocabulary.SPECIAL):
                raise UserError(
                    f"data.min_count: must leave some {self.tokens}, got {self.min_count}, above all counts "
                    f"in the {len(texts):,} training sentences; give less"
                )
            self.preprocessing = self.suited(TextPreprocessing(learned, self.longest))
        y = self._numbered(read, splits, excluded)
        vocabulary = self.preprocessing.vocabulary
        ids, cut = [], 0
        for numbers in Vocabulary(self.tokens, vocabulary).ids(read.texts):
            ids.append(np.array(numbers[: self.longest]))
            cut += len(numbers) > self.longest
        held = identities(text.encode() for text in read.texts)
        self.train_set, self.val_set, self.test_set = (
            TextDataset([ids[item] for item in items], y[items], held[items])
            for items in (np.flatnonzero(splits == name) for name in ("train", "val", "test"))
        )
        if self.vectors_path:
            self.vectors = read_vectors(self.vectors_path, vocabulary, self.embedding, self.form.strict)
        counts = np.bincount(y[splits != ""], minlength=len(self.classes))
        named = [f"{printable(name)} {count:,}" for name, count in zip(self.classes, counts, strict=True)]
        fold = f" (fold {self.fold} of {self.folds}, from 0)" if self.folds else ""
        lines = [f"{counts.sum():,} sentences ({listed(named, NAMED)}): {self.split_sizes}{fold}"]
        lines += [*read.summary(), *excluded.summary("sentences"), *notes]
        if len(self.classes) > MOST_MACHINES:
            lines.append(f"more than {MOST_MACHINES} classes: no baseline of naive Bayes + SVM")
        if cut:
            lines.append(f"cut to data.longest={self.longest} {self.tokens}: {cut:,} sentences")
        self.summary = "\n".join([*lines, *self._coverage()])

    def _read(self) -> Sentences:
        """All sentences, the official test set behind the others."""
        read = read_sentences(self.path, self.form)
        if not self.test_path:
            return read
        test = read_sentences(self.test_path, self.form)
        wanted = ""
        if "test" in read.split:
            wanted = "null where data.path has a test set of its own"
        elif others := {*test.split.tolist()} - {"", "test"}:
            wanted = f"the test set without {listed(sorted(others))}"
        if wanted:
            raise UserError(
                f"data.test_path: must be {wanted}, got {self.test_path}; name the test set alone"
            )
        return read.within("train").and_then(test.within("test"))

    def _numbered(self, read: Sentences, splits: np.ndarray, excluded: Inventory) -> np.ndarray:
        """The class (N,) of each sentence; those of a class that training lacks are excluded."""
        y = number_classes(read.labels, self.classes, label_name)
        for split in ("train", "val", "test"):
            in_split = splits == split
            unknown = np.flatnonzero(in_split & (y < 0))
            for item in unknown.tolist():
                place, label = read.where(item), repr(read.labels[item][:40])
                if self.form.strict or 2 * len(unknown) > in_split.sum():
                    raise UserError(
                        f"{place}: label {label} was not learned, as in {len(unknown):,} of "
                        f"{in_split.sum():,} {split} sentences; the training sentences have "
                        f"{printable(listed(self.classes, NAMED))}; correct it, or leave the line out"
                    )
                excluded.skip(place, f"in the {split} set with a label that was not learned", label)
            splits[unknown] = ""
        excluded.use("", int((splits != "").sum()))
        return y

    def _coverage(self) -> list[str]:
        """Lines on the shares of tokens that the vocabulary and the file of vectors have."""
        size = len(self.preprocessing.vocabulary)
        used, tested = (
            np.bincount(np.concatenate([np.empty(0, np.int64), *part.ids]), minlength=size)
            for part in (self.train_set, self.test_set)
        )
        unknown = tested[Vocabulary.UNKNOWN] / max(tested.sum(), 1)
        lines = [f"vocabulary: {size:,} {self.tokens}; {unknown:.1%} of those in the test set are unknown"]
        if self.vectors:
            rows, _, repeated, seen = self.vectors
            share = used[rows].sum() / max(used.sum(), 1)
            lines.append(
                f"vectors: of {len(rows):,} of them ({len(rows) / size:.1%}), which are {share:.1%} of the "
                f"{self.tokens} in training sentences"
                + f"; {repeated} appear twice, and the first counts"
                * bool(repeated)
            )
            lines += seen.summary("lines of vectors")
        return lines

    def baselines(self, items: np.ndarray) -> dict[str, np.ndarray]:
        """The class most frequent in training, and naive Bayes with a support vector machine."""
        simple = super().baselines(items)
        if not simple or len(self.classes) > MOST_MACHINES:
            return simple
        predictions = nb_svm(
            self.train_set.ids, self.train_set.y, [self.test_set.ids[item] for item in items]
        )
        return simple | {"naive Bayes + SVM": predictions == self.test_set.y[items]}

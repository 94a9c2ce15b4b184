"""Labelled sentences as batches of token numbers."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from domains.text.baselines import nb_svm
from domains.text.read import Form, Sentences, read_sentences
from domains.text.split import TEST, TRAIN, VAL, identities, split_by_fold, split_by_share
from domains.text.tokens import UNKNOWN, encode, learn_vocabulary, tokenizer
from domains.text.vectors import Vectors, read_vectors
from shared.data import DataModule, Draw, Fractions
from shared.errors import UserError, nearest

CHANNELS = ("tuned", "static")


class Batches:
    """Sentences as numbers of tokens.

    A batch holds ``x`` int64 (N, T), filled up with the padding's 0 to its longest sentence, ``lengths``
    int64 (N,), ``y`` and ``item``.
    """

    def __init__(self, ids: list[np.ndarray], y: np.ndarray):
        self.ids, self.y = ids, y
        self.lengths = np.array([len(each) for each in ids], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        lengths = self.lengths[draw.items]
        x = np.zeros((len(lengths), lengths.max()), np.int64)
        x[np.arange(x.shape[1]) < lengths[:, None]] = np.concatenate([self.ids[item] for item in draw.items])
        return {"x": x, "lengths": lengths, "y": self.y[draw.items], "item": draw.items}


class TextData(DataModule):
    """Sentences of a user's files, with an official test set, a stable split, or folds.

    ``conf/data/text/sentences.yaml`` says what each argument is for.

    Attributes:
        vectors: the vectors of the vocabulary's words that ``data.vectors`` has; None: no file was given.
    """

    train_set: Batches
    val_set: Batches
    test_set: Batches
    vectors: Vectors | None = None

    def __init__(
        self,
        *,
        path: str,
        test_path: str | None,
        columns: dict[str, str],
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
        **loading: Any,
    ):
        super().__init__(**loading)
        for name in channels:
            if name not in CHANNELS:
                raise UserError(f"model.channels: {name!r}: {nearest(name, list(CHANNELS))}")
        if not channels or embedding < 1 or longest < 1:
            raise UserError("model.channels, model.embedding, data.longest: give one channel and 1 at least")
        if test_path and folds:
            raise UserError(f"data.folds={folds} beside data.test_path: an official test set stays as it is")
        tokenizer(tokens)  # refuses what it does not know
        self.planes, self.extent = len(channels), (None, embedding)
        self.path, self.test_path = path, test_path
        self.form = Form(encoding=encoding, fine=fine, **columns)
        self.fractions, self.folds, self.fold = fractions, folds, fold
        self.tokens, self.min_count, self.longest = tokens, min_count, longest
        self.vectors_path, self.embedding = vectors, embedding
        self._ready = False

    def setup(self, stage: str | None = None) -> None:
        """Read and split the sentences, and learn the vocabulary from those that train.

        Raises:
            UserError: The files hold no sentences, one class only, or a test label that training lacks.
        """
        if self._ready:
            return
        self._ready = True
        read, sides = self._read()
        self.classes = self.front_end.get("classes") or sorted(
            {label for label, side in zip(read.labels, sides, strict=True) if side == TRAIN}
        )
        y = self._numbered(read)
        if not self.front_end:
            training = [text for text, side in zip(read.texts, sides, strict=True) if side == TRAIN]
            vocabulary = learn_vocabulary(self.tokens, training, self.min_count)
            self.front_end = {"vocabulary": vocabulary, "classes": self.classes, "longest": self.longest}
        vocabulary = self.front_end["vocabulary"]
        ids = [np.array(each.ids) for each in encode(self.tokens, vocabulary, read.texts)]
        self.train_set, self.val_set, self.test_set = (
            Batches([ids[i][: self.longest] for i in np.flatnonzero(sides == side)], y[sides == side])
            for side in (TRAIN, VAL, TEST)
        )
        if self.vectors_path:
            self.vectors = read_vectors(self.vectors_path, vocabulary, self.embedding)
        read.left_out["cut to data.longest"] = sum(len(each) > self.longest for each in ids)
        self.summary = "\n".join([*self._told_of_files(read), *self._told_of_tokens()])

    def _read(self) -> tuple[Sentences, np.ndarray]:
        """All sentences, and the side (N,) of each."""
        read = read_sentences(self.path, self.form)
        identity = identities(read.texts)
        if self.folds:
            labels = np.array(read.labels)
            return read, split_by_fold(identity, labels, self.folds, self.fold, self.fractions["val"])
        if not self.test_path:
            return read, split_by_share(identity, **self.fractions)
        test = read_sentences(self.test_path, self.form)
        copies = np.isin(identity, identities(test.texts))
        read = read.only(~copies)
        read.left_out["in the test set too"] = int(copies.sum())
        sides = split_by_share(identity[~copies], self.fractions["val"], 0)
        return read.and_then(test), np.append(sides, np.full(len(test.texts), TEST))

    def _numbered(self, read: Sentences) -> np.ndarray:
        """The class (N,) of each sentence."""
        if len(self.classes) < 2:
            raise UserError(
                f"{self.path}: {self.classes or 'no'} class to learn from; two are needed at least"
            )
        numbers = {name: number for number, name in enumerate(self.classes)}
        for label, (file, line) in zip(read.labels, read.places, strict=True):
            if label not in numbers:
                raise UserError(
                    f"{file}, line {line}: label {label[:40]!r} is none that was learned: the training "
                    f"sentences have {', '.join(self.classes[:20])}; correct it, or leave the line out"
                )
        return np.array([numbers[label] for label in read.labels])

    def _told_of_files(self, read: Sentences) -> list[str]:
        counts = Counter(read.labels)
        classes = ", ".join(f"{name} {counts[name]:,}" for name in self.classes[:20])
        parts = (("train", self.train_set), ("validation", self.val_set), ("test", self.test_set))
        sizes = ", ".join(f"{len(part):,} {name}" for name, part in parts)
        fold = f" (fold {self.fold} of {self.folds}, counted from 0)" if self.folds else ""
        return [f"{len(read.texts):,} sentences ({classes}): {sizes}{fold}", *read.told()]

    def _told_of_tokens(self) -> list[str]:
        vocabulary = len(self.front_end["vocabulary"])
        used, tested = (
            np.bincount(np.concatenate([np.empty(0, np.int64), *part.ids]), minlength=vocabulary)
            for part in (self.train_set, self.test_set)
        )
        unknown = tested[UNKNOWN] / max(tested.sum(), 1)
        told = [
            f"vocabulary: {vocabulary:,} {self.tokens}; {unknown:.1%} of those in the test set are unknown"
        ]
        if self.vectors:
            rows = self.vectors.rows
            told.append(
                f"vectors: of {len(rows):,} of them ({len(rows) / vocabulary:.1%}), which are "
                f"{used[rows].sum() / max(used.sum(), 1):.1%} of the {self.tokens} in training sentences"
                + f"; {self.vectors.repeated} stand there twice, and the first counts"
                * bool(self.vectors.repeated)
            )
        return told

    def baselines(self, items: np.ndarray) -> dict[str, np.ndarray]:
        """The class most frequent in training, and naive Bayes with a support vector machine."""
        train, y = self.train_set, self.test_set.y[items]
        if not len(train):
            return {}  # another file is tested, all of it
        return {
            "most frequent class": np.bincount(train.y).argmax() == y,
            "naive Bayes + SVM": nb_svm(train.ids, train.y, [self.test_set.ids[item] for item in items]) == y,
        }

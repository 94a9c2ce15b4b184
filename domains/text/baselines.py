"""Baselines without a network: word counts weighted by naive Bayes, and a linear support vector machine."""

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.svm import LinearSVC

SMOOTHING, C, BETA = 1.0, 0.1, 0.25  # as the paper sets them


def nb_svm(train: Sequence[np.ndarray], labels: np.ndarray, test: Sequence[np.ndarray]) -> np.ndarray:
    """The class (M,) of each test sentence by NB-SVM on words and pairs of words (Wang & Manning 2012).

    Whether a word or pair is there is weighted by the logarithm of how much more often it stands in the
    class; a linear support vector machine is trained on that, and its weights drawn towards their mean
    magnitude. Of more than two classes, each against the rest. The sentences are numbers of tokens;
    ``labels`` (N,) are the classes of those that train, from 0.
    """
    tokens = 1 + max(int(ids.max()) for ids in (*train, *test))

    def features(ids: np.ndarray) -> list[int]:
        return [*ids.tolist(), *(tokens + ids[:-1] * tokens + ids[1:]).tolist()]

    counter = CountVectorizer(analyzer=features, binary=True)
    x, of_test = counter.fit_transform(train), counter.transform(test)
    classes = np.unique(labels)
    values = []
    for name in classes:
        inside = labels == name
        ratio = _ratio(*(np.asarray(x[side].sum(0))[0] for side in (inside, ~inside)))
        machine = LinearSVC(C=C, random_state=0).fit(x.multiply(ratio).tocsr(), inside)
        weights = machine.coef_[0]
        weights = (1 - BETA) * np.abs(weights).mean() + BETA * weights
        values.append(of_test.multiply(ratio).tocsr() @ weights + machine.intercept_[0])
    return classes[np.stack(values, 1).argmax(1)]


def token_ratios(sentences: Sequence[np.ndarray], labels: np.ndarray, tokens: int) -> np.ndarray:
    """Naive Bayes' weight of each token for each class, as in NB-SVM: float32 (tokens, classes).

    Of two classes the second's alone, since the first's are its negatives.
    """
    classes = int(labels.max()) + 1
    counts = np.zeros((classes, tokens))
    for ids, label in zip(sentences, labels, strict=True):
        counts[label, np.unique(ids)] += 1
    chosen = range(classes) if classes > 2 else [1]
    return np.stack([_ratio(counts[c], counts.sum(0) - counts[c]) for c in chosen], 1).astype(np.float32)


def _ratio(inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """The logarithm of how much more often each feature stands inside a class than outside."""
    p, q = SMOOTHING + inside, SMOOTHING + outside
    return np.log((p / p.sum()) / (q / q.sum()))

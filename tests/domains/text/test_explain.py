"""Explaining sentences: words removed, replaced and drawn."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from domains.text.explain import TextDomain, write_words
from domains.text.substitution import substituted
from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.explain import explain
from shared.explain.units import Target
from shared.training.classifier import Classifier

Networks = dict[str, tuple[Classifier, InputAdapter]]


@pytest.fixture(scope="module")
def text(networks: Networks) -> tuple[Classifier, TextDomain]:
    model, domain = networks["text"]
    assert isinstance(domain, TextDomain)
    return model, domain


def test_the_words_of_a_sentence_are_explained(text: tuple[Classifier, TextDomain], tmp_path: Path) -> None:
    model, domain = text
    [example] = domain.read(None, "The plot isn't dull!")
    assert example.source == ["The", "plot", "is", "n't", "dull", "!"]
    explained = explain(model, example, "occlusion", Target(0), domain)
    assert explained.map.shape == (1, 6, 1)
    without = example.x.clone()
    without[:, 4] = 0.0
    falls = model.network(example.x[None])[0, 0] - model.network(without[None])[0, 0]
    assert float(explained.map[0, 4, 0]) == pytest.approx(float(falls), abs=1e-6)
    assert domain.regions(example)["n-grams"].sum((1, 2)).tolist() == [3, 3, 3, 3]
    path = tmp_path / "a.txt"
    path.write_bytes(b"dull\n\nfine \0\n" + b"not dull\n" * 20)
    examples = domain.read(path)
    assert (len(examples), [example.name for example in examples[1:2]]) == (21, [f"{path}, line 4"])
    assert "empty lines: 1" in domain.seen.summary()
    assert "  1 with bytes that are not text: " in "\n".join(domain.seen.summary())
    with pytest.raises(UserError, match="got a line without a sentence"):
        domain.read(None, " ")


def test_a_word_is_nearest_to_itself(text: tuple[Classifier, TextDomain]) -> None:
    _, domain = text
    [example] = domain.read(None, "not dull but funny")
    assert domain.nearest(example.x + 1e-4).source == ["not", "dull", "but", "funny"]
    assert domain.make(example.x, "").source[0] == "≈not"


@pytest.mark.parametrize("kind", ["FGSM", "PGD", "random"])
def test_substitutions_have_the_number_of_the_setting_and_pgd_is_best(
    text: tuple[Classifier, TextDomain], kind: str
) -> None:
    model, domain = text
    [example] = domain.read(None, "the music was wonderful and the plot is rich")
    label = int(model.network(example.x[None]).argmax())

    def remaining(kind: str) -> float:
        made = domain.attack(example, kind, 2.0, 0)
        return float(model.network(made.x[None]).softmax(1)[0, label])

    places, ids = substituted(model, example.x, domain.vectors, kind, 3, 0)
    assert len(set(places)) == len(ids) == 3
    assert min(ids) > 1  # no padding, no unknown word
    assert remaining("PGD") <= remaining(kind) + 1e-6
    for count in (0.0, 1.5, 10.0):
        with pytest.raises(UserError, match="epsilon: must be a whole number of words from 1 to 9, got "):
            domain.attack(example, kind, count, 0)


def test_planted_keywords_are_the_evidence(text: tuple[Classifier, TextDomain]) -> None:
    _, domain = text
    random = np.random.default_rng(0)
    words = {}
    for _ in range(20):
        example, evidence, label = domain.plant(random)
        [place] = evidence[:, 0].nonzero()[:, 0].tolist()
        assert words.setdefault(label, example.source[place]) == example.source[place]
        vector = domain.vectors[domain.vocabulary.index(example.source[place])]
        assert torch.equal(example.x[:, place], vector)
    assert len(set(words.values())) == 2


def test_long_sentences_are_written_smaller_and_stay_inside() -> None:
    figure = Figure(figsize=(3, 1))
    axes = figure.add_axes((0, 0, 1, 1))
    write_words(axes, ["word"] * 60, ["none"] * 60)
    sizes = {text.get_fontsize() for text in axes.texts}
    assert len(sizes) == 1
    assert sizes.pop() < 9
    assert min(text.xyann[1] for text in axes.texts) > -72
    assert max(text.xyann[0] for text in axes.texts) < 3 * 72

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
from shared.explain.method import explain
from shared.explain.units import Target


@pytest.fixture(scope="module")
def text(adapters: dict[str, InputAdapter]) -> TextDomain:
    domain = adapters["text"]
    assert isinstance(domain, TextDomain)
    return domain


def test_the_words_of_a_sentence_are_explained(text: TextDomain, tmp_path: Path) -> None:
    [example] = text.read(None, "The plot isn't dull!")
    assert example.source == ["The", "plot", "is", "n't", "dull", "!"]
    explained = explain(text, example, "occlusion", Target(0))
    assert explained.map.shape == (1, 6, 1)
    without = example.x.clone()
    without[:, 4] = 0.0
    falls = text.network(example.x[None])[0, 0] - text.network(without[None])[0, 0]
    assert float(explained.map[0, 4, 0]) == pytest.approx(float(falls), abs=1e-6)
    assert text.regions(example)["n-grams"].sum((1, 2)).tolist() == [3, 3, 3, 3]
    path = tmp_path / "a.txt"
    path.write_bytes(b"dull\n\nfine \0\n" + b"not dull\n" * 20)
    examples = text.read(path)
    assert (len(examples), [example.name for example in examples[1:2]]) == (21, [f"{path}, line 4"])
    assert "empty lines: 1" in text.remarks
    assert "  1 with bytes that are not text: " in "\n".join(text.remarks)
    with pytest.raises(UserError, match="got a line without a sentence"):
        text.read(None, " ")


def test_a_word_is_nearest_to_itself(text: TextDomain) -> None:
    [example] = text.read(None, "not dull but funny")
    assert text.nearest(example.x + 1e-4).source == ["not", "dull", "but", "funny"]
    assert text.make(example.x, "").source[0] == "≈not"


@pytest.mark.parametrize("kind", ["FGSM", "PGD", "random"])
def test_substitutions_have_the_number_of_the_setting_and_pgd_is_best(text: TextDomain, kind: str) -> None:
    [example] = text.read(None, "the music was wonderful and the plot is rich")
    label = int(text.network(example.x[None]).argmax())

    def remaining(kind: str) -> float:
        made = text.attack(example, kind, 2.0, 0)
        return float(text.network(made.x[None]).softmax(1)[0, label])

    places, ids = substituted(text.module, example.x, text.vectors, kind, 3, 0)
    assert len(set(places)) == len(ids) == 3
    assert min(ids) > 1  # no padding, no unknown word
    assert remaining("PGD") <= remaining(kind) + 1e-6
    for count in (0.0, 1.5, 10.0):
        with pytest.raises(UserError, match="epsilon: must be a whole number of words from 1 to 9, got "):
            text.attack(example, kind, count, 0)


def test_planted_keywords_are_the_evidence(text: TextDomain) -> None:
    random = np.random.default_rng(0)
    words = {}
    for _ in range(20):
        example, evidence, label = text.plant(random)
        [place] = evidence[:, 0].nonzero()[:, 0].tolist()
        assert words.setdefault(label, example.source[place]) == example.source[place]
        vector = text.vectors[text.vocabulary.index(example.source[place])]
        assert torch.equal(example.x[:, place], vector)
    assert len(set(words.values())) == 2


def test_long_sentences_are_written_smaller_and_stay_inside() -> None:
    figure = Figure(figsize=(3, 1))
    axes = figure.add_axes((0, 0, 1, 1))
    write_words(axes, ["word"] * 60, [None] * 60)
    sizes = {text.get_fontsize() for text in axes.texts}
    assert len(sizes) == 1
    assert sizes.pop() < 9
    assert min(text.xyann[1] for text in axes.texts) > -72
    assert max(text.xyann[0] for text in axes.texts) < 3 * 72

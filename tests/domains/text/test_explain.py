"""Explaining sentences: words removed, replaced and drawn."""

from pathlib import Path

import numpy as np
import pytest
import torch

from domains.text.explain import TextDomain
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
        example, without, evidence, label = text.plant(random)
        assert [a == b for a, b in zip(example.source, without.source, strict=True)].count(False) == 1
        [place] = evidence[:, 0].nonzero()[:, 0].tolist()
        assert words.setdefault(label, example.source[place]) == example.source[place]
        vector = text.vectors[text.vocabulary.index(example.source[place])]
        assert torch.equal(example.x[:, place], vector)
    assert len(set(words.values())) == 2


def test_long_sentences_are_wrapped_and_stay_inside(text: TextDomain) -> None:
    [example] = text.read(None, "word " * 60)
    figure = text.map_figure(example, {"words": np.ones((60, 1))}, Target(0), "fall")
    words = figure.axes[0]
    wide, tall = (72 * inches for inches in figure.get_size_inches())
    assert {word.get_fontsize() for word in words.texts} == {10.0}
    assert min(word.xyann[1] for word in words.texts) > -tall
    assert max(word.xyann[0] for word in words.texts) < wide - 30


def test_unknown_words_are_grey_and_n_grams_that_disagree_are_underlined(text: TextDomain) -> None:
    [example] = text.read(None, "a zorblax is not dull")
    assert text.unknown(example) == [False, True, False, False, False]
    assert text.places(example)[:, 0].tolist() == [True, False, True, True, True]
    single = np.array([[1.0], [1.0], [0.1], [0.5], [-0.5]])
    threes = np.array([[1.0], [-1.0], [-1.0], [0.5], [0.5]])
    figure = text.map_figure(example, {"words": single, "n-grams": threes}, Target(0), "fall")
    words, *_ = figure.axes
    boxes = [word.get_bbox_patch() for word in words.texts]
    assert [box is not None for box in boxes] == [True, False, True, True, True]
    assert words.texts[1].get_color() == "0.6"
    assert len(words.lines) == 1  # under "dull": faint and unknown words have no sign
    said = figure.texts[0].get_text()
    assert "underlined: " in said
    assert "grey: " in said
    figure = text.map_figure(example, {"words": single}, Target(0), "fall")
    assert not figure.axes[0].lines

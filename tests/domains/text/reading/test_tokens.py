"""Tokens: words as Kim cuts them, and characters as readers see them."""

import pytest

from domains.text.reading.tokens import SPECIAL, encode, learn_vocabulary, numbered, tokenizer
from shared.errors import UserError

FAMILY = "👨\u200d👩\u200d👧"


def cut(kind: str, text: str) -> list[str]:
    vocabulary = learn_vocabulary(kind, [text], 1)
    return [vocabulary[number] for number in encode(kind, vocabulary, [text])[0].ids]


def test_words() -> None:
    assert cut("words", "It's NOT what I didn't (quite) want , can't") == [
        *("it", "'s", "not", "what", "i", "did", "n't", "(", "quite", ")", "want", ",", "ca", "n't")
    ]
    assert cut("words", "Сам Straße naïve שלום مرحبا\x85ok") == [
        "сам",
        "straße",
        "naïve",
        "שלום",
        "مرحبا",
        "ok",
    ]


def test_characters_right_to_left_emoji_and_chinese() -> None:
    assert cut("characters", "好看!") == ["好", "看", "!"]
    assert cut("characters", "שלום") == list("שלום")
    assert cut("characters", f"a {FAMILY}👍🏽🇩🇪") == ["a", " ", FAMILY, "👍🏽", "🇩🇪"]
    assert cut("characters", "e\u0301") == cut("characters", "é") == ["é"]


def test_the_vocabulary_is_by_frequency_and_the_rest_is_unknown() -> None:
    vocabulary = learn_vocabulary("words", ["b a b", "c a b"], 2)
    assert vocabulary == [*SPECIAL, "b", "a"]
    [found] = encode("words", vocabulary, ["A c, B"])
    assert found.ids == [3, 1, 1, 2]
    assert found.offsets == [(0, 1), (2, 3), (3, 4), (5, 6)]


def test_a_token_cannot_be_forged() -> None:
    assert 0 not in encode("words", learn_vocabulary("words", ["pad"], 1), ["[PAD] pad [UNK]"])[0].ids


def test_no_such_kind() -> None:
    with pytest.raises(UserError, match=r"model.tokens=word: did you mean 'words'\?"):
        tokenizer("word")


def test_rows_of_flags_and_of_accents_are_cut_in_no_time() -> None:
    flags, accents = "\U0001f1e6\U0001f1f7" * 200_000, "a" + "\u0301\u0323" * 200_000
    assert [len(ids) for ids in numbered("characters", SPECIAL, [flags, flags[:60], accents])] == [1, 30, 1]
    assert learn_vocabulary("characters", [flags], 1) == [*SPECIAL, "\ufffd"]


def test_texts_are_numbered_alike_together_and_alone() -> None:
    texts = ["a b", "", "b c " * 400_000, "c"]
    vocabulary = learn_vocabulary("words", texts, 1)
    found = list(numbered("words", vocabulary, texts))
    assert found == [encoding.ids for encoding in encode("words", vocabulary, texts)]
    assert [len(ids) for ids in found] == [2, 0, 800_000, 1]

"""Tokens: words as in Kim 2014, and characters as readers see them."""

import pytest

from domains.text.reading.tokens import Vocabulary
from shared.errors import UserError

FAMILY = "👨\u200d👩\u200d👧"


def tokens_of(kind: str, text: str) -> list[str]:
    vocabulary = Vocabulary.learn(kind, [text], 1)
    return [vocabulary.tokens[number] for number in vocabulary.encode([text])[0].ids]


def test_words() -> None:
    assert tokens_of("words", "It's NOT what I didn't (quite) want , can't") == [
        *("it", "'s", "not", "what", "i", "did", "n't", "(", "quite", ")", "want", ",", "ca", "n't")
    ]
    assert tokens_of("words", "Сам Straße naïve שלום مرحبا\x85ok") == [
        "сам",
        "straße",
        "naïve",
        "שלום",
        "مرحبا",
        "ok",
    ]


def test_characters_right_to_left_emoji_and_chinese() -> None:
    assert tokens_of("characters", "好看!") == ["好", "看", "!"]
    assert tokens_of("characters", "שלום") == list("שלום")
    assert tokens_of("characters", f"a {FAMILY}👍🏽🇩🇪") == ["a", " ", FAMILY, "👍🏽", "🇩🇪"]
    assert tokens_of("characters", "e\u0301") == tokens_of("characters", "é") == ["é"]


def test_the_vocabulary_is_by_frequency_and_the_rest_is_unknown() -> None:
    vocabulary = Vocabulary.learn("words", ["b a b", "c a b"], 2)
    assert vocabulary.tokens == ["[PAD]", "[UNK]", "b", "a"]
    [encoding] = vocabulary.encode(["A c, B"])
    assert encoding.ids == [3, 1, 1, 2]
    assert encoding.offsets == [(0, 1), (2, 3), (3, 4), (5, 6)]


def test_padding_in_a_text_is_not_padding() -> None:
    assert 0 not in Vocabulary.learn("words", ["pad"], 1).encode(["[PAD] pad [UNK]"])[0].ids


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"model\.tokens: must be one of words, characters, got word; did you mean 'words'\?"
    ):
        Vocabulary("word")


def test_long_rows_of_flags_and_accents_are_not_slow() -> None:
    flags, accents = "\U0001f1e6\U0001f1f7" * 200_000, "a" + "\u0301\u0323" * 200_000
    assert [len(ids) for ids in Vocabulary("characters").ids([flags, flags[:60], accents])] == [1, 30, 1]
    assert Vocabulary.learn("characters", [flags], 1).tokens[2:] == ["\ufffd"]


def test_long_texts_have_the_same_numbers_in_both_ways() -> None:
    texts = ["a b", "", "b c " * 400_000, "c"]
    vocabulary = Vocabulary.learn("words", texts, 1)
    ids = list(vocabulary.ids(texts))
    assert ids == [encoding.ids for encoding in vocabulary.encode(texts)]
    assert [len(numbers) for numbers in ids] == [2, 0, 800_000, 1]

"""Voices are drawn by number and seed, balanced over sex, accent and variant."""

from collections import Counter

from domains.speech.voices import voices
from domains.speech.voices.english import ACCENTS, VARIANTS


def test_names_are_unique_and_sexes_alternate() -> None:
    assert [voice.name for voice in voices(4)] == ["f000", "m000", "f001", "m001"]
    assert len({voice.name for voice in voices(300)}) == 300


def test_each_sex_has_each_accent_equally_often_and_the_same() -> None:
    made = voices(2 * 8 * 11)
    women, men = (Counter(voice.accent for voice in made if voice.sex == sex) for sex in "fm")
    assert women == men == dict.fromkeys(ACCENTS, 11)
    for sex in "fm":
        assert Counter(voice.variant for voice in made if voice.sex == sex) == dict.fromkeys(VARIANTS[sex], 8)


def test_more_voices_begin_with_the_fewer_and_another_seed_has_others() -> None:
    assert voices(40)[:10] == voices(10)
    assert not set(voices(10, seed=1)) & set(voices(10))

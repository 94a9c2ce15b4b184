"""Sides by official rule, by speaker, by fold; and splits that could not be learned from."""

from typing import Any

import numpy as np
import pytest

from domains.speech.reading.clips import Clips
from domains.speech.reading.official import check_options
from domains.speech.reading.sides import TEST, TRAIN, VAL, check_sides
from domains.speech.reading.split import Split, split_clips
from shared.errors import UserError

SPEAKERS = [f"{sex}{n:02d}" for sex in "fm" for n in range(5)]


def made(rows: list[tuple[str, str, str]]) -> Clips:
    """Clips of (label, speaker, name), of a sample each."""
    label, speaker, name = (np.array(column) for column in zip(*rows, strict=True))
    n = len(rows)
    none = np.full(n, "", "<U5")
    return Clips(
        np.zeros(n, np.int16), np.arange(n + 1), label, speaker, none, name, np.arange(n, dtype=np.uint64), ""
    )


def spoken(speakers: list[str] = SPEAKERS, words: str = "ab", clips: int = 3) -> Clips:
    return made([(w, s, f"{w}_{s}_{n}.wav") for w in words for s in speakers for n in range(clips)])


def divide(clips: Clips, **options: Any) -> Split:
    none = {"official": None, "test_speaker": None, "fold": None, "folds": None}
    options = none | {"fractions": {"val": 0.2, "test": 0.2}} | options
    check_options(**options)
    return split_clips(clips, **options)


def voices(clips: Clips, sides: np.ndarray) -> list[set[str]]:
    return [set(clips.speaker[sides == side].tolist()) for side in (TRAIN, VAL, TEST)]


def test_speakers_stand_on_one_side_each() -> None:
    clips = spoken()
    sides, remarks = divide(clips)
    train, val, test = voices(clips, sides)
    assert (len(train), len(val), len(test)) == (6, 2, 2)
    assert train | val | test == set(SPEAKERS)
    assert f"clips: 36 train of 6 speakers, 12 val of 2 speakers ({', '.join(sorted(val))})" in remarks[0]
    assert len(remarks) == 1


def test_unknown_speakers_are_said_and_copies_stay_together() -> None:
    rows = [("ab"[n % 2], "", f"{n}.wav") for n in range(60)]
    clips = made(rows)
    copies = Clips(**{**vars(clips), "identity": np.arange(60, dtype=np.uint64) // 4})
    sides, remarks = divide(copies)
    assert all(len(set(sides[start : start + 4])) == 1 for start in range(0, 60, 4))
    assert np.bincount(sides).tolist() == [36, 12, 12]
    assert "speakers not known: split by file, so that a voice may stand on two sides" in remarks


def test_every_fold_leaves_one_speaker_out_and_each_validates_once() -> None:
    clips = spoken(SPEAKERS[:6])
    found = [voices(clips, divide(clips, fold=fold).sides) for fold in range(6)]
    assert [test for _, _, test in found] == [{speaker} for speaker in SPEAKERS[:6]]
    assert [val for _, val, _ in found] == [{speaker} for speaker in [*SPEAKERS[1:6], SPEAKERS[0]]]
    assert all(not train & (val | test) and len(train) == 4 for train, val, test in found)
    assert (
        "one test speaker: intervals are over his or her clips, not over voices" in divide(clips, fold=0)[1]
    )


def test_folds_may_have_several_speakers() -> None:
    clips = spoken()
    tests = [voices(clips, divide(clips, fold=fold, folds=3).sides)[2] for fold in range(3)]
    assert sorted(map(len, tests)) == [3, 3, 4]
    assert set.union(*tests) == set(SPEAKERS)


@pytest.mark.parametrize(("pattern", "sex"), [("f.*", "f"), ("m.*", "m")])
def test_test_speakers_by_name(pattern: str, sex: str) -> None:
    clips = spoken()
    train, val, test = voices(clips, divide(clips, test_speaker=pattern).sides)
    assert {name[0] for name in test} == {sex}
    assert {name[0] for name in train | val} == set("fm") - {sex}
    assert (len(train), len(val)) == (4, 1)
    assert voices(clips, divide(clips, test_speaker="f03").sides)[2] == {"f03"}


def test_the_official_rule_is_kept_and_voices_on_both_sides_are_said() -> None:
    clips = spoken()
    sides, remarks = divide(clips, official={"test": "_0", "val": "_1"})
    assert [name[-5] for name in clips.name[sides == TEST]] == ["0"] * 20
    assert [name[-5] for name in clips.name[sides == VAL]] == ["1"] * 20
    assert "10 of 10 test speakers are heard in training as well" in remarks
    left, remarks = divide(clips, official={"test": "_0", "val": "_1"}, fold=0)
    assert set(clips.speaker[left == TEST]) == {"f00"}
    assert [name[-5] for name in clips.name[left == VAL]] == ["1"] * 18
    assert (left == TRAIN).sum() == 36
    assert "validation clips are of training speakers, test clips of none" in remarks


def test_a_word_of_one_speaker_is_learned_and_not_tested() -> None:
    for lonely in SPEAKERS:
        clips = made([*zip(*(vars(spoken())[c].tolist() for c in ("label", "speaker", "name")), strict=True),
                      ("c", lonely, "c.wav")])  # fmt: skip
        sides, remarks = divide(clips)
        assert sides[-1] == TRAIN
        assert "one speaker only: c" in remarks


def test_a_word_that_is_tested_alone_is_refused() -> None:
    rows = [("a", speaker, f"{speaker}.wav") for speaker in SPEAKERS] + [("c", "f00", "c.wav")]
    with pytest.raises(UserError, match=r"'c' is on the test or validation side alone \(its speakers: f00\)"):
        check_sides(made(rows), divide(made(rows), test_speaker="f00").sides)


def test_all_clips_may_be_tests() -> None:
    clips = spoken(SPEAKERS[:1])
    assert set(divide(clips, fractions={"val": 0, "test": 1}).sides) == {TEST}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"test_speaker": "x"}, ["data.test_speaker=x", "no such speaker", "f00"]),
        ({"test_speaker": "("}, ["data.test_speaker: must be a regular expression, got ("]),
        ({"test_speaker": ".*"}, ["0 speakers beside those of the test"]),
        ({"fold": 10}, ["data.fold: must be a whole number from 0 to 9, got 10"]),
        ({"fold": 0, "folds": 11}, ["data.folds: must be from 2 to 10", "got 11"]),
        ({"fold": 0, "folds": 1}, ["data.folds: must be a whole number from 2, got 1"]),
        ({"folds": 5}, ["data.fold: must say which of data.folds=5", "got null"]),
        ({"fold": 1, "test_speaker": "f00"}, ["data.fold: must be null beside data.test_speaker=f00, got 1"]),
        ({"official": {"test": "_9", "val": "_1"}}, ["data.official.test=_9", "found in no name", "a_f00_0"]),
        ({"official": {"test": "("}}, ["data.official.test: must be a regular expression, got ("]),
        ({"official": {"test": None, "val": None}}, ["data.official: must have test, val or both"]),
        ({"official": {}}, ["data.official: must have test, val or both as keys, got {}"]),
        ({"fractions": {"val": 0.5, "test": 0.6}}, ["data.fractions: must be at most 1 together"]),
        ({"fractions": {"val": -0.1, "test": 0.6}}, ["data.fractions.val: must be a number from 0 to 1"]),
    ],
)
def test_options_that_fit_nothing(options: dict, words: list[str]) -> None:
    with pytest.raises(UserError) as error:
        divide(spoken(), **options)
    assert all(word in str(error.value) for word in words)


def test_speakers_that_are_not_known_cannot_be_left_out() -> None:
    with pytest.raises(UserError, match=r"speakers are not known.*\(\?P<speaker>"):
        divide(made([("a", "", "a.wav"), ("b", "", "b.wav")]), fold=0)


@pytest.mark.parametrize("key", ["val", "test"])
@pytest.mark.parametrize("absent", [{}, {"null": True}])
def test_of_an_official_rule_alone_the_other_side_is_cut_from_the_rest(key: str, absent: dict) -> None:
    clips = spoken()
    other = {"val": "test", "test": "val"}[key]
    official = {key: "_0", **({other: None} if absent else {})}
    sides, _ = divide(clips, official=official)
    train, val, test = voices(clips, sides)
    number = {"val": VAL, "test": TEST}
    assert {name[-5] for name in clips.name[sides == number[key]]} == {"0"}
    assert (sides == number[key]).sum() == 20
    cut = {"val": val, "test": test}[other]
    assert len(cut) == 2
    assert not cut & train
    check_sides(clips, sides)


@pytest.mark.parametrize("said", [("train", "val", "test"), ("train", "", "test"), ("train", "val", "")])
def test_folders_that_are_official_stay_so_and_the_missing_one_is_cut_from_the_rest(said: tuple) -> None:
    clips = spoken()
    folder = np.array([said[int(name[-5])] for name in clips.name])
    clips = Clips(**{**vars(clips), "split": folder})
    sides, _ = divide(clips)
    for side, number in (("val", VAL), ("test", TEST)):
        if side in said:
            assert np.array_equal(sides == number, folder == side)
        else:
            assert (sides == number).any()
            assert set(folder[sides == number]) <= {"train", ""}
    check_sides(clips, sides)
    by_rule, _ = divide(clips, official={"test": "_1", "val": "_2"})  # the user's rule wins
    assert {name[-5] for name in clips.name[by_rule == TEST]} == {"1"}


@pytest.mark.parametrize("clips_each", range(1, 9))
@pytest.mark.parametrize("speakers", [0, 1, 2, 3])
@pytest.mark.parametrize("words", ["ab", "abc"])
def test_tiny_data_are_split_or_refused_in_one_line(clips_each: int, speakers: int, words: str) -> None:
    names = [f"s{n}" for n in range(speakers)] or [""]
    clips = made([(w, s, f"{w}{s}{n}") for w in words for s in names for n in range(clips_each)])
    sides, remarks = divide(clips, fractions={"val": 0.1, "test": 0.2})
    if len(clips.name) >= len(words) + 2:
        check_sides(clips, sides)
        assert set(clips.label[sides == TRAIN]) == set(words)
    else:
        with pytest.raises(UserError, match=r"no clip to (validate|test) with \(clips: \d train"):
            check_sides(clips, sides)
    if 0 < speakers < 3:
        assert any("fewer than 3 speakers to share out: split by file" in remark for remark in remarks)

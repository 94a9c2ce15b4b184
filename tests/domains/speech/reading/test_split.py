"""Splits by official pattern, by speaker and by fold; and splits that are refused."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from domains.speech.reading.clips import Clips
from domains.speech.reading.split import Splitter
from shared.errors import UserError

SPEAKERS = [f"{sex}{n:02d}" for sex in "fm" for n in range(5)]


class Split(NamedTuple):
    clips: Clips
    names: np.ndarray
    summary: list[str]


def make_clips(rows: list[tuple[str, str, str]]) -> Clips:
    """Clips of (label, speaker, name), each of one sample."""
    label, speaker, name = (np.array(column) for column in zip(*rows, strict=True))
    n = len(rows)
    none = np.full(n, "", "<U5")
    samples = np.fromiter(np.zeros((n, 1), np.int16), object, n)
    return Clips(samples, label, speaker, none, name, np.arange(n, dtype=np.uint64))


def clips_of(speakers: list[str] = SPEAKERS, words: str = "ab", clips: int = 3) -> Clips:
    return make_clips([(w, s, f"{w}_{s}_{n}.wav") for w in words for s in speakers for n in range(clips)])


def divide(clips: Clips, **options: Any) -> Split:
    none = {"official": None, "test_speaker": None, "fold": None, "folds": None}
    options = none | {"fractions": {"val": 0.2, "test": 0.2}} | options
    return Split(clips, *Splitter(**options).split(clips))


def voices(split: Split) -> list[set[str]]:
    return [set(split.clips.speaker[split.names == name].tolist()) for name in ("train", "val", "test")]


def test_each_speaker_is_in_one_split() -> None:
    clips = clips_of()
    split = divide(clips)
    train, val, test = voices(split)
    assert (len(train), len(val), len(test)) == (6, 2, 2)
    assert train | val | test == set(SPEAKERS)
    assert (
        f"clips: 36 train of 6 speakers, 12 val of 2 speakers ({', '.join(sorted(val))})" in split.summary[0]
    )
    assert len(split.summary) == 1


def test_unknown_speakers_are_reported_and_copies_stay_together() -> None:
    rows = [("ab"[n % 2], "", f"{n}.wav") for n in range(60)]
    clips = make_clips(rows)
    copies = clips._replace(identity=np.arange(60, dtype=np.uint64) // 4)
    split = divide(copies)
    assert all(len(set(split.names[start : start + 4])) == 1 for start in range(0, 60, 4))
    assert [(split.names == name).sum() for name in ("train", "val", "test")] == [36, 12, 12]
    assert "speakers unknown: split by file, so a voice may be in several splits" in split.summary


def test_every_fold_leaves_one_speaker_out_and_each_validates_once() -> None:
    clips = clips_of(SPEAKERS[:6])
    splits = [voices(divide(clips, fold=fold)) for fold in range(6)]
    assert [test for _, _, test in splits] == [{speaker} for speaker in SPEAKERS[:6]]
    assert [val for _, val, _ in splits] == [{speaker} for speaker in [*SPEAKERS[1:6], SPEAKERS[0]]]
    assert all(not train & (val | test) and len(train) == 4 for train, val, test in splits)
    assert (
        "one test speaker: intervals are over the clips, not over speakers" in divide(clips, fold=0).summary
    )


def test_folds_may_have_several_speakers() -> None:
    clips = clips_of()
    tests = [voices(divide(clips, fold=fold, folds=3))[2] for fold in range(3)]
    assert sorted(map(len, tests)) == [3, 3, 4]
    assert set.union(*tests) == set(SPEAKERS)


@pytest.mark.parametrize(("pattern", "sex"), [("f.*", "f"), ("m.*", "m")])
def test_test_speakers_by_name(pattern: str, sex: str) -> None:
    clips = clips_of()
    train, val, test = voices(divide(clips, test_speaker=pattern))
    assert {name[0] for name in test} == {sex}
    assert {name[0] for name in train | val} == set("fm") - {sex}
    assert (len(train), len(val)) == (4, 1)
    assert voices(divide(clips, test_speaker="f03"))[2] == {"f03"}


def test_official_patterns_are_kept_and_speakers_in_two_splits_reported() -> None:
    clips = clips_of()
    split = divide(clips, official={"test": "_0", "val": "_1"})
    assert [name[-5] for name in clips.name[split.names == "test"]] == ["0"] * 20
    assert [name[-5] for name in clips.name[split.names == "val"]] == ["1"] * 20
    assert "10 of 10 test speakers are also training speakers" in split.summary
    left_out = divide(clips, official={"test": "_0", "val": "_1"}, fold=0)
    assert set(clips.speaker[left_out.names == "test"]) == {"f00"}
    assert [name[-5] for name in clips.name[left_out.names == "val"]] == ["1"] * 18
    assert (left_out.names == "train").sum() == 36
    assert "validation speakers are also training speakers; test speakers are not" in left_out.summary


def test_a_word_of_one_speaker_is_trained_and_not_tested() -> None:
    for lonely in SPEAKERS:
        clips = clips_of().and_then(make_clips([("c", lonely, "c.wav")]))
        split = divide(clips)
        assert split.names[-1] == "train"
        assert "words of one speaker only: c" in split.summary


def test_all_clips_may_be_the_test_set() -> None:
    clips = clips_of(SPEAKERS[:1])
    assert set(divide(clips, fractions={"val": 0, "test": 1}).names) == {"test"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"test_speaker": "x"}, ["data.test_speaker: must match one of the speakers f00, ", "got x"]),
        ({"test_speaker": "("}, ["data.test_speaker: must be a regular expression, got ("]),
        ({"test_speaker": ".*"}, ["must leave 2 speakers for train and val, got 0"]),
        ({"fold": 10}, ["data.fold: must be a whole number from 0 to 9, got 10"]),
        ({"fold": 0, "folds": 11}, ["data.folds: must be a whole number from 2 to 10, got 11"]),
        ({"fold": 0, "folds": 1}, ["data.folds: must be a whole number from 2, got 1"]),
        ({"folds": 5}, ["data.fold: must be set beside data.folds=5, got null"]),
        ({"fold": 1, "test_speaker": "f00"}, ["data.fold: must be null beside data.test_speaker=f00, got 1"]),
        (
            {"official": {"test": "_9", "val": "_1"}},
            ["data.official.test: must match some file names, got _9", "a_f00_0"],
        ),
        ({"official": {"test": "("}}, ["data.official.test: must be a regular expression, got ("]),
        ({"official": {"test": None, "val": None}}, ["data.official: must have test, val or both"]),
        ({"official": {}}, ["data.official: must have test, val or both as keys, got {}"]),
        ({"fractions": {"val": 0.5, "test": 0.6}}, ["data.fractions: must be at most 1 together"]),
        ({"fractions": {"val": -0.1, "test": 0.6}}, ["data.fractions.val: must be a number from 0 to 1"]),
    ],
)
def test_options_that_no_data_can_fit(options: dict, words: list[str]) -> None:
    with pytest.raises(UserError) as error:
        divide(clips_of(), **options)
    assert all(word in str(error.value) for word in words)


def test_folds_need_known_speakers() -> None:
    with pytest.raises(UserError, match=r"speakers are unknown.*\(\?P<speaker>"):
        divide(make_clips([("a", "", "a.wav"), ("b", "", "b.wav")]), fold=0)


@pytest.mark.parametrize("key", ["val", "test"])
@pytest.mark.parametrize("absent", [{}, {"null": True}])
def test_a_missing_official_set_is_cut_from_the_rest(key: str, absent: dict) -> None:
    clips = clips_of()
    other = {"val": "test", "test": "val"}[key]
    official = {key: "_0", **({other: None} if absent else {})}
    split = divide(clips, official=official)
    train, val, test = voices(split)
    assert {name[-5] for name in clips.name[split.names == key]} == {"0"}
    assert (split.names == key).sum() == 20
    cut = {"val": val, "test": test}[other]
    assert len(cut) == 2
    assert not cut & train


@pytest.mark.parametrize("official", [("train", "val", "test"), ("train", "", "test"), ("train", "val", "")])
def test_official_folders_are_kept_and_a_missing_set_is_cut_from_the_rest(official: tuple) -> None:
    clips = clips_of()
    folder = np.array([official[int(name[-5])] for name in clips.name])
    clips = clips._replace(split=folder)
    split = divide(clips)
    for name in ("val", "test"):
        if name in official:
            assert np.array_equal(split.names == name, folder == name)
        else:
            assert (split.names == name).any()
            assert set(folder[split.names == name]) <= {"train", ""}
    by_rule = divide(clips, official={"test": "_1", "val": "_2"})  # the user's patterns win
    assert {name[-5] for name in clips.name[by_rule.names == "test"]} == {"1"}


@pytest.mark.parametrize("clips_per_word", range(1, 9))
@pytest.mark.parametrize("speakers", [0, 1, 2, 3])
@pytest.mark.parametrize("words", ["ab", "abc"])
def test_tiny_data_train_every_word(clips_per_word: int, speakers: int, words: str) -> None:
    names = [f"s{n}" for n in range(speakers)] or [""]
    clips = make_clips([(w, s, f"{w}{s}{n}") for w in words for s in names for n in range(clips_per_word)])
    split = divide(clips, fractions={"val": 0.1, "test": 0.2})
    assert set(clips.label[split.names == "train"]) == set(words)
    # else the data are refused, see test_a_few_recordings_of_two_words
    assert ({"val", "test"} <= set(split.names)) == (len(clips.name) >= len(words) + 2)
    if 0 < speakers < 3:
        assert any("fewer than 3 speakers to divide: split by file" in line for line in split.summary)

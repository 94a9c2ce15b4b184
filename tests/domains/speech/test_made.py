"""Data of made voices: made once into the cache, read as labelled recordings, within limits."""

import shutil
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from domains.speech.made import MadeData, MadeWordData
from domains.speech.preprocessing import LogMel
from domains.speech.voices import texts_archive
from scripts.samples.voices import main as make_folder
from shared.commands.evaluate import evaluate
from shared.commands.train import train
from shared.config.cli import compose
from shared.errors import UserError
from shared.training import Draw, build_data

FEW = ["data.made.voices=6", "data.made.each=2"]
SEXES = "data.test_speaker='f.*'"


def data(*words: str) -> MadeData:
    built = build_data(compose("train", ["domain=speech", "data=speech/voices", *words]))
    assert isinstance(built, MadeData)
    return built


def test_voices_are_made_once_and_split_by_sex(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = f"data.cache={tmp_path}"
    first = data(*FEW, SEXES, cache)
    first.setup()
    assert {name[0] for name in first.test_set.clips.speaker} == {"f"}
    assert {name[0] for name in np.append(first.train_set.clips.speaker, first.val_set.clips.speaker)} == {
        "m"
    }
    assert len(first.test_set) == 6
    assert "silence" in first.classes
    assert len(first.classes) > 30
    (archive,) = (tmp_path / "voices").glob("*.zip")
    assert archive.name in first.summary
    monkeypatch.setattr("domains.speech.voices.dataset.clip", None)  # not called again
    again = data(*FEW, SEXES, cache)
    again.setup()
    assert again.test_set.held.tolist() == first.test_set.held.tolist()


def words(*more: str) -> MadeWordData:
    few = ["data.made.train.voices=3", "data.made.test.voices=2"]
    built = build_data(compose("train", ["domain=speech", "data=speech/made_words", *few, *more]))
    assert isinstance(built, MadeWordData)
    built.setup()
    return built


def test_single_words_are_tested_on_other_voices_also_where_the_library_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domains.speech.voices.archive.SINGLE", ["hello", "boat", "song"])
    women = words(f"data.cache={tmp_path / 'cache'}")
    assert set(women.test_set.clips.speaker) == {"f003", "f004"}
    assert {*women.train_set.clips.speaker, *women.val_set.clips.speaker} == {"m000", "m001", "m002"}
    assert women.classes == ["boat", "hello", "song"]
    assert len(women.test_set) == 6
    men, higher = (
        words(
            f"data.cache={tmp_path / 'cache'}",
            f"data.made.test={{sex: m, voices: 2, formants: {factor}, pitch: 1.0}}",
        )
        for factor in (1.0, 1.3)
    )
    assert men.train_set.held.tolist() == higher.train_set.held.tolist() == women.train_set.held.tolist()
    assert set(men.test_set.clips.speaker) == set(higher.test_set.clips.speaker) == {"m003", "m004"}
    assert 1.15 < centre(higher) / centre(men) < 1.45
    shutil.copytree(tmp_path / "cache" / "voices", tmp_path / "copy" / "voices")
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)  # not installed
    again = words(f"data.cache={tmp_path / 'copy'}")
    assert again.test_set.held.tolist() == women.test_set.held.tolist()
    with pytest.raises(UserError, match="espeakng-loader: must have"):
        words(f"data.cache={tmp_path / 'copy'}", "data.made.seed=1")


def centre(data: MadeWordData) -> float:
    """The mean frequency of the power of the test's clips, in Hz."""
    log_mel = LogMel(**data.sizes)
    power = sum(
        log_mel.power(torch.from_numpy(x).float()[None])[0].mean(1) for x in data.test_set.clips.samples
    )
    assert isinstance(power, torch.Tensor)
    return float((power * log_mel.centres).sum() / power.sum())


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("data.made.test.formants=1.5", "data.made.test.formants: must be a number from 0.8 to 1.3, got 1.5"),
        ("data.made.train.sex=x", "data.made.train.sex: must be 'f' or 'm', got 'x'"),
        ("data.made.test.voices=0", "data.made.test.voices: must be a whole number from 1, got 0"),
        ("data.made.train.voices=2000", "data.made: must be at most 20,000 recordings, got data.made.train"),
        ("data.made.train=null", "data.made.train: must be"),
    ],
)
def test_bad_keys_of_single_words_are_refused(word: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        words(word, f"data.cache={tmp_path / 'cache'}")
    assert message in str(error.value)
    assert not (tmp_path / "cache").exists()


def test_words_can_be_the_labels(tmp_path: Path) -> None:
    made = data(*FEW, f"data.cache={tmp_path}", "data.made.kind=digits", "data.tier=words")
    made.setup()
    batch = made.train_set[Draw(np.array([0]), None)]
    words = [made.classes[n] for n in batch["labels"][0]]
    named = [made.classes[n] for n in batch["y"][0]]
    assert 3 <= len(words) <= 7
    assert named[0] == named[-1] == "silence"
    changes = [name for before, name in pairwise(named) if name != before]
    assert [name for name in changes if name != "silence"] == words


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data.made.voices=0"], "data.made.voices: must be a whole number from 1, got 0"),
        (["data.made.voices=1.5"], "data.made.voices: must be a whole number from 1, got 1.5"),
        (["data.made.each=null"], "data.made.each: must be a whole number from 1, got null"),
        (["data.made.kind=songs"], "data.made.kind: must be 'sentences' or 'digits' or 'words', got 'songs'"),
        (["data.made.seed=-1"], "data.made.seed: must be a whole number from 0 to"),
        (
            ["data.made.voices=3000"],
            "data.made: must be at most 20,000 recordings, got data.made.voices=3000 times",
        ),
        (["data.made=null"], "data.made: must be"),
    ],
)
def test_bad_keys_are_refused_before_anything_is_made(words: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        data(*words, f"data.cache={tmp_path / 'cache'}")
    assert message in str(error.value)
    assert not (tmp_path / "cache").exists()


def test_the_name_of_an_archive_changes_with_its_arguments(tmp_path: Path) -> None:
    made = {"kind": "digits", "voices": 2, "each": 1, "seed": 0}
    changed = [
        made,
        *(made | change for change in ({"kind": "words"}, {"voices": 3}, {"each": 2}, {"seed": 1})),
    ]
    assert len({texts_archive(one, tmp_path).path for one in changed}) == 5  # type: ignore[arg-type]


def test_what_is_interrupted_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("domains.speech.voices.dataset.clip", interrupted)
    with pytest.raises(KeyboardInterrupt):
        data(*FEW, f"data.cache={tmp_path}").setup()
    assert [file.suffix for file in (tmp_path / "voices").iterdir()] == [".lock"]


@pytest.mark.slow
def test_a_run_on_made_voices_is_tested_on_them_and_on_recordings_of_a_user(tmp_path: Path) -> None:
    words = ["domain=speech", "data=speech/voices", "model=speech/phones", *FEW, f"runs={tmp_path / 'runs'}"]
    quick = ["trainer.max_epochs=1", "data.epoch_size=16", "model.units=4", "model.filters=2"]
    metrics = train(compose("train", [*words, *quick, f"data.cache={tmp_path / 'cache'}"]))
    assert "test/acc" in metrics
    again = evaluate(compose("evaluate", [f"run={metrics['run']}"]))
    assert again["test/acc"] == metrics["test/acc"]
    make_folder([str(tmp_path / "own"), "--voices", "3", "--each", "1", "--seed", "5"])
    own = evaluate(compose("evaluate", [f"run={metrics['run']}", f"data.path={tmp_path / 'own'}"]))
    assert own["test/n"] != metrics["test/n"]

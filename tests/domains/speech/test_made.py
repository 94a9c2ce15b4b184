"""Data of made voices: made once into the cache, read as labelled recordings, within limits."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from domains.speech.made import MadeData
from domains.speech.voices import archive_path
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
    monkeypatch.setattr("domains.speech.voices.archive.spoken_texts", None)  # not called again
    again = data(*FEW, SEXES, cache)
    again.setup()
    assert again.test_set.held.tolist() == first.test_set.held.tolist()


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


def test_the_name_changes_with_arguments_and_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = {"kind": "digits", "voices": 2, "each": 1, "seed": 0}
    before = archive_path(made, tmp_path)  # type: ignore[arg-type]
    assert before != archive_path(made | {"seed": 1}, tmp_path)  # type: ignore[arg-type, operator]
    monkeypatch.setattr("domains.speech.voices.archive.version", lambda name: "9.9")
    assert before != archive_path(made, tmp_path)  # type: ignore[arg-type]


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

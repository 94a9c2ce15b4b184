"""Clips as batches, split and described; Speech Commands by its lists; a small training from end to end."""

import json
import os
import shutil
from dataclasses import asdict
from http.client import IncompleteRead
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest

from domains.speech.data import SpeechData
from domains.speech.reading import compile_pattern, read_clips
from shared.commands.evaluate import evaluate
from shared.config.cli import compose
from shared.errors import UserError
from shared.training.data import Draw, Fitted
from tests.commands import command, run_folder
from tests.domains.speech.sounds import encoded, ready, tone, write_words

DATA = os.environ.get("CONVOLUTIONS_DATA")
PATTERN = r"data.pattern='(?P<label>[^/]+)/(?P<speaker>[^/_]+)_\d+\.'"
FOLDER = ["data=speech/folder", "data.sizes.rate=8000", "data.sizes.high_hz=4000"]
TINY = [
    "domain=speech", *FOLDER, PATTERN, "model=speech/small", "data.batch_size=16", "trainer.max_epochs=6",
    "trainer.accelerator=cpu", "trainer.precision=32-true", "trainer.enable_progress_bar=false",
    "optimizer.lr=0.01",
]  # fmt: skip


def words_by(*overrides: str, fitted: Fitted | None = None) -> SpeechData:
    """Data with word and speaker from the names."""
    return ready(*FOLDER, PATTERN, *overrides, fitted=fitted)


def test_a_batch_is_samples_filled_up_with_zeros(tmp_path: Path) -> None:
    data = words_by(f"data.path={write_words(tmp_path / 'in')}")
    words = data.train_set
    batch = words[Draw(np.array([3, 0]), None)]
    assert batch["x"].dtype == np.int16
    assert batch["x"].shape == (2, batch["lengths"].max())
    for row, length, item in zip(batch["x"], batch["lengths"], (3, 0), strict=True):
        assert np.array_equal(row[:length], words.clips.samples[item])
        assert not row[length:].any()
    assert [data.classes[y] for y in batch["y"]] == words.clips.label[[3, 0]].tolist()
    assert "stretch" not in batch


def test_batches_are_of_clips_of_like_length(tmp_path: Path) -> None:
    data = words_by(f"data.path={write_words(tmp_path / 'in', clips=20)}", "data.batch_size=8")
    spread = [np.ptp(np.asarray(batch["lengths"])) for batch in data.train_dataloader()]
    assert np.mean(spread) < 0.25 * np.ptp(data.train_set.lengths)


def test_a_word_of_the_test_speaker_alone_is_refused(tmp_path: Path) -> None:
    folder = write_words(tmp_path / "in")
    for file in (folder / "low").glob("f0_*.wav"):
        (folder / "deep").mkdir(exist_ok=True)
        file.rename(folder / "deep" / file.name)
    with pytest.raises(UserError, match="must have training examples of each class, got 'deep' in test"):
        words_by(f"data.path={folder}", "data.test_speaker=f0")


def test_extra_recordings_are_used_for_training_only(tmp_path: Path) -> None:
    own = write_words(tmp_path / "own")
    more = write_words(tmp_path / "more", speakers=3, seed=1)
    for file in sorted(more.glob("*/f0_*.wav")):  # the test speaker, by name
        file.rename(file.with_name(file.name.replace("f0", "m5")))
    copied = own / "low" / "m1_0.wav"  # a copy of an own clip, with another speaker's name
    (more / "low" / "f9_0.wav").write_bytes(copied.read_bytes())
    alone = words_by(f"data.path={own}", "data.test_speaker=m5")
    data = words_by(f"data.path={own}", "data.test_speaker=m5", f"data.train_also={more}")
    for a, b in ((alone.val_set, data.val_set), (alone.test_set, data.test_set)):
        assert a.clips.name.tolist() == b.clips.name.tolist()
    added = len(data.train_set) - len(alone.train_set)
    validated = set(data.val_set.clips.speaker)
    assert added == 3 * 4 * len({"m1", "f2"} - validated)
    assert f"trained on as well: {added} clips of {len({'m1', 'f2'} - validated)} speakers" in data.summary
    batch = data.train_set[Draw(np.arange(len(data.train_set)), None)]
    heard, _ = read_clips(more, 8000, pattern=compile_pattern(PATTERN.split("'")[1]), max_seconds=5)
    same = heard.name.tolist().index(data.train_set.clips.name[-1])
    assert np.array_equal(batch["x"][-1, : batch["lengths"][-1]], heard.samples[same])
    assert data.classes[batch["y"][-1]] == heard.label[same]


def test_extra_recordings_of_other_words_are_refused(tmp_path: Path) -> None:
    own, more = write_words(tmp_path / "own"), write_words(tmp_path / "more")
    (more / "low").rename(more / "deep")
    with pytest.raises(UserError, match=r"data\.train_also=.*more: must have classes .*, got deep as well"):
        words_by(f"data.path={own}", f"data.train_also={more}")


def test_the_preprocessing_is_fitted_to_the_training_clips_or_is_a_trained_network_s(
    tmp_path: Path,
) -> None:
    folder = write_words(tmp_path / "in")
    data = words_by(f"data.path={folder}")
    fitted = Fitted(data.classes, data.preprocessing)
    lengths = data.train_set.lengths / 8000
    assert data.preprocessing.seconds == {"median": np.median(lengths), "longest": lengths.max()}
    assert (data.classes, data.preprocessing.sizes["rate"]) == (["high", "low", "middle"], 8000)
    json.dumps(asdict(data.preprocessing))  # plain values
    shutil.rmtree(folder / "low")
    later = words_by(f"data.path={folder}", "data.sizes.rate=16000", "data.sizes.high_hz=7600", fitted=fitted)
    assert (later.classes, later.preprocessing) == fitted
    assert later.train_set.lengths.max() <= 0.51 * 8000
    shutil.copytree(folder / "high", folder / "new")
    with pytest.raises(UserError, match=r"classes of the run \(high, low, middle\), got new as well"):
        words_by(f"data.path={folder}", fitted=fitted)


def test_intervals_count_a_speaker_as_one_draw_if_there_are_several(tmp_path: Path) -> None:
    path = f"data.path={write_words(tmp_path / 'in')}"
    several = words_by(path, "data.test_speaker='m.*'")
    items = np.arange(len(several.test_set))
    assert len(np.unique(several.groups(items))) == 3
    one = words_by(path, "data.fold=0")
    assert len(np.unique(one.groups(np.arange(12)))) == 12
    unknown = words_by(path, "data.pattern='(?P<label>[^/]+)/'")
    assert len(np.unique(unknown.groups(np.arange(5)))) == 5
    assert "speakers unknown" in unknown.summary


def test_baselines_are_chances_of_each_test_clip(tmp_path: Path) -> None:
    data = words_by(f"data.path={write_words(tmp_path / 'in')}")
    baselines = data.baselines(np.arange(len(data.test_set)))
    assert baselines["most frequent word"].mean() == pytest.approx(1 / 3)
    assert baselines["logistic regression"].mean() > 0.8  # the words' tones are in different bands


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("data.test_stretch=3", ["data.test_stretch: must be a number from 0.5 to 2, got 3"]),
        ("data.sizes.mels=300", ["data.sizes.mels=300", "use fewer"]),
        ("data.sizes.rate=fast", ["data.sizes.rate: must be a whole number, got 'fast'"]),
        ("data.sizes.rate=8", ["data.sizes.rate: must be a whole number from 1,000", "got 8"]),
        ("data.sizes.hop_ms=inf", ["data.sizes.hop_ms: must be a number, got inf"]),
        ("data.sizes.hop_ms=-1", ["data.sizes.hop_ms: must be a number from 0 to 1,000, got -1"]),
        ("data.sizes=16000", ["data.sizes: must be a mapping, got 16000"]),
        ("data.augment=null", ["data.augment: must be a mapping, got null"]),
        ("data.augment.vocal_tract=2", ["data.augment.vocal_tract: must be a number from 0 to 0.5, got 2"]),
        ("data.augment.noise_db=10", ["data.augment.noise_db: must be a list of a number or null, got 10"]),
        ("data.augment.noise_db=[1,2,3]", ["data.augment.noise_db: must be [LOWEST, HIGHEST]", "[1, 2, 3]"]),
        ("data.augment.mask_mels=0.5", ["data.augment.mask_mels: must be a whole number, got 0.5"]),
        ("data.train_also=[a,b]", ["data.train_also: must be text or null"]),
        ("data.max_seconds=0", ["data.max_seconds: must be a number from 0.01 to 600, got 0"]),
        ("data.batch_seconds=0", ["data.batch_seconds: must be a number from 0.01 to 100,000, got 0"]),
        ("data.least_steps=0", ["data.least_steps: must be a whole number from 1 to 100,000, got 0"]),
        ("data.max_seconds=null", ["data.max_seconds: must be a number, got null"]),
        ("data.max_seconds=0.01", ["9 of 9 skipped: longer than 0.01 s", "data.max_seconds=1 (now 0.01)"]),
        ("data.strict=perhaps", ["data.strict: must be true or false, got 'perhaps'"]),
        ("data.fold=true", ["data.fold: must be a whole number or null, got true"]),
        ("data.official={test: '('}", ["data.official.test: must be a regular expression, got ("]),
        ("data.official={test: 3}", ["data.official.test: must be text or null, got 3"]),
        ("data.official={train: a, test: b}", ["data.official.train: there is no such key"]),
        ("data.official=test/", ["data.official: must be a mapping or null, got 'test/'"]),
        ("data.fractions=0.2", ["data.fractions: must be a mapping, got 0.2"]),
        ("data.fractions.val=few", ["data.fractions.val: must be a number, got 'few'"]),
        ("data.fractions.val=nan", ["data.fractions.val: must be a number, got nan"]),
    ],
)
def test_impossible_settings_are_refused(tmp_path: Path, override: str, words: list[str]) -> None:
    path = f"data.path={write_words(tmp_path / 'in', speakers=3, clips=1)}"
    with pytest.raises(UserError) as error:
        words_by(path, override)
    assert all(word in str(error.value) for word in words), error.value
    assert "\n" not in str(error.value)


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """The unpacked folder of Speech Commands, with two words."""
    folder = tmp_path / "in/SpeechCommands/speech_commands_v0.02"
    for word, hertz in (("yes", 500.0), ("no", 1200.0), ("_background_noise_", 200.0)):
        (folder / word).mkdir(parents=True)
        names = (
            ["hum"]
            if word[0] == "_"
            else [f"{s}_nohash_{n}" for s in ("0a7c", "1b2d", "3c4e") for n in (0, 1)]
        )
        for number, name in enumerate(names):
            x = tone(hertz + number, rate=16000)
            (folder / word / f"{name}.wav").write_bytes(encoded(x, 16000))
    (folder / "validation_list.txt").write_text("yes/1b2d_nohash_0.wav\nno/1b2d_nohash_1.wav\n")
    (folder / "testing_list.txt").write_text(
        "yes/3c4e_nohash_0.wav\nyes/3c4e_nohash_1.wav\nno/3c4e_nohash_0.wav\n"
    )
    return tmp_path / "in"


def test_speech_commands_by_its_official_lists(commands: Path) -> None:
    data = ready("data=speech/commands", f"data.path={commands}")
    assert data.classes == ["no", "yes"]
    assert data.test_set.clips.name.tolist() == [
        "no/3c4e_nohash_0.wav", "yes/3c4e_nohash_0.wav", "yes/3c4e_nohash_1.wav"
    ]  # fmt: skip
    assert data.val_set.clips.name.tolist() == ["no/1b2d_nohash_1.wav", "yes/1b2d_nohash_0.wav"]
    assert len(data.train_set) == 7
    assert "12 recordings used" in data.summary
    assert "1 name does not match data.pattern: _background_noise_/hum.wav" in data.summary
    left = ready("data=speech/commands", f"data.path={commands}", "data.test_speaker=0a7c")
    assert set(left.test_set.clips.speaker) == {"0a7c"}


def test_missing_speech_commands_are_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"must hold SpeechCommands/speech_commands_v0\.02.*download=true"):
        ready("data=speech/commands", f"data.path={tmp_path}")


@pytest.mark.parametrize(
    "error", [URLError("no name"), RuntimeError("hash\nmismatch"), IncompleteRead(b""), EOFError()]
)
def test_failed_downloads_of_speech_commands_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("torchaudio.datasets.speechcommands.download_url_to_file", fail)
    with pytest.raises(UserError, match=r"data\.path=.*new: must hold .*; try again, or fetch") as raised:
        ready("data=speech/commands", f"data.path={tmp_path / 'new'}", "data.download=true")
    assert "\n" not in str(raised.value)


def test_few_long_recordings_come_in_small_batches_and_several_times(tmp_path: Path) -> None:
    rate, random = 16000, np.random.default_rng(0)
    for number in range(20):
        for word in ("no", "yes"):
            (tmp_path / word).mkdir(exist_ok=True)
            x = random.normal(0, 0.1, int(random.uniform(1, 20) * rate)).astype(np.float32)
            (tmp_path / word / f"{number}.wav").write_bytes(encoded(x, rate))
    data = ready(
        "data=speech/folder", f"data.path={tmp_path}", "data.batch_seconds=40", "data.least_steps=50"
    )
    assert "40 recordings used" in data.summary
    assert "skipped" not in data.summary
    loader = data.train_dataloader()
    batches = list(loader)
    assert 50 <= len(batches) == len(loader)
    assert max(batch["x"].numel() for batch in batches) <= 40 * rate
    assert max(len(batch["x"]) for batch in batches) > 5
    drawn = np.bincount(np.concatenate([batch["item"] for batch in batches]))
    assert len(set(drawn.tolist())) == 1  # whole passes
    assert max(batch["x"].numel() for batch in data.test_dataloader()) <= 40 * rate
    once = ready("data=speech/folder", f"data.path={tmp_path}", "data.epoch_size=10").train_dataloader()
    assert sum(len(batch["item"]) for batch in once) == 10


@pytest.mark.slow
def test_a_run_is_trained_and_evaluated_on_other_voices_and_other_data(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_words(tmp_path / "in", clips=8)
    folder = run_folder(command("train", *TINY, "data.path=in", "data.test_speaker='f.*'", cwd=tmp_path))
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (metrics["model"], metrics["data"], metrics["test/n"]) == ("speech/small", "speech/folder", 72)
    assert metrics["test/acc"] > 0.8
    assert {"baseline/most frequent word", "baseline/logistic regression"} <= set(metrics)

    def evaluated(*words: str) -> tuple[dict, str]:
        monkeypatch.chdir(tmp_path)
        return evaluate(compose("evaluate", [f"run={folder}", *words])), capsys.readouterr().out

    assert evaluated()[0]["test/acc"] == metrics["test/acc"]
    stretched, said = evaluated("+data.test_stretch=2")
    assert "test clips' frequencies stretched by 2" in said
    assert stretched["test/acc"] < metrics["test/acc"]
    write_words(tmp_path / "other", speakers=1, seed=5)
    other = ["data=speech/folder", PATTERN, "data.path=other", "data.fractions={val: 0, test: 1}"]
    assert "12 test of 1 speaker (f0)" in evaluated(*other)[1]


@pytest.mark.data
@pytest.mark.skipif(DATA is None, reason="CONVOLUTIONS_DATA does not name the folder of real data")
def test_fsdd_has_the_numbers_that_its_authors_state() -> None:
    words = ["data=speech/fsdd", f"data.path={DATA}/speech/fsdd.tar.xz"]
    data = ready(*words)
    assert [len(split) for split in (data.train_set, data.val_set, data.test_set)] == [2400, 300, 300]
    assert data.classes == [str(digit) for digit in range(10)]
    assert "6 of 6 test speakers are also training speakers" in data.summary
    assert "500 test of 1 speaker (theo)" in ready(*words, "data.test_speaker=theo").summary

"""Folder and archive layouts: words, official splits, and skipped files."""

import os
import shutil
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from domains.speech.data import SpeechData
from shared.errors import UserError
from shared.training.data import Fitted
from tests.domains.speech.sounds import encoded, ready, tone

M4A = b"\x00\x00\x00\x1cftypM4A \x00\x00\x00\x00M4A mp42isom\x00\x00\x00\x00"


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Write recordings of a folder below ``in``; no two have the same sound."""
    made = iter(range(10_000))

    def write(folder: str, count: int = 8, name: str = "{}.wav", data: bytes | None = None) -> Path:
        where = tmp_path / "in" / folder
        where.mkdir(parents=True, exist_ok=True)
        for _ in range(count):
            number = next(made)
            sound = encoded(tone(300.0 + number, 0.2)) if data is None else data
            (where / name.format(number)).write_bytes(sound)
        return tmp_path / "in"

    return write


def read(path: Path, *overrides: str, fitted: Fitted | None = None) -> SpeechData:
    return ready("data=speech/folder", f"data.path={path}", *overrides, fitted=fitted)


def counts(data: SpeechData) -> list[int]:
    return [len(dataset) for dataset in (data.train_set, data.val_set, data.test_set)]


def test_a_word_whose_recordings_cannot_be_read_is_named_with_the_remedy(put: Callable) -> None:
    put("yes"), put("no")
    path = put("maybe", 5, "{}.m4a", M4A)
    with pytest.raises(
        UserError,
        match=r"in/maybe: must hold usable files, got 5 of kind \.m4a; repair them or convert to \.wav",
    ):
        read(path)
    path = put("maybe", 1)
    summary = read(path).summary
    assert "files: 22 seen, 17 used, 5 skipped" in summary
    assert "5 of kind .m4a: maybe/" in summary
    assert ".m4a cannot be read: convert to .wav or .flac" in summary


@pytest.mark.parametrize("data", [b"", b"text", encoded(0 * tone(300)), encoded(tone(300, 61))])
def test_a_word_of_damaged_recordings_is_named(put: Callable, data: bytes) -> None:
    put("yes"), put("no")
    with pytest.raises(UserError, match=r"in/maybe: must hold usable files, got 3 "):
        read(put("maybe", 3, data=data))


def test_other_files_are_counted(put: Callable) -> None:
    put("yes"), put("no"), put("yes", 1, "notes.txt", b"x"), put("docs", 2, "{}.pdf", b"x")
    data = read(put("", 1, "README", b"x"))
    assert data.classes == ["no", "yes"]
    assert "files: 20 seen, 16 used, 4 skipped" in data.summary
    assert "2 of kind .pdf: docs/" in data.summary


def test_hidden_folders_and_background_noise_are_not_words(put: Callable) -> None:
    put("yes", 20), put("no", 20), put("yes/.ipynb_checkpoints", 3), put("__MACOSX/yes", 2, "._{}.wav")
    data = read(put("_background_noise_", 2))
    assert data.classes == ["no", "yes"]
    assert "5 hidden: " in data.summary
    assert "2 folder in underscores, not a word: _background_noise_/" in data.summary
    put("_unknown_", 15)
    assert read(put("no")).classes == ["_unknown_", "no", "yes"]


def test_long_background_noise_is_skipped(put: Callable) -> None:
    put("yes", 20), put("no", 20)
    data = read(put("_background_noise_", 2, data=encoded(tone(200, 61))))
    assert data.classes == ["no", "yes"]
    assert "2 longer than 60 s: _background_noise_/" in data.summary


@pytest.mark.parametrize(
    "folders", ["train valid test", "Training Validation TESTING", "train dev eval", "below"]
)
@pytest.mark.parametrize("archive", [False, True])
def test_official_folders_are_the_official_sets(put: Callable, folders: str, archive: bool) -> None:
    names = ["train", "val", "test"] if folders == "below" else folders.split()
    for count, split in zip((9, 3, 4), names, strict=True):
        for word in ("yes", "no"):
            path = put(f"{word}/{split}" if folders == "below" else f"{split}/{word}", count)
    if archive:
        with zipfile.ZipFile(path.with_suffix(".zip"), "w") as out:
            for file in sorted(path.rglob("*.wav")):
                out.write(file, f"mine/{file.relative_to(path)}")
        path = path.with_suffix(".zip")
    data = read(path)
    assert data.classes == ["no", "yes"]
    assert counts(data) == [18, 6, 8]
    assert "official splits by folder" in data.summary


@pytest.mark.parametrize("splits", ["train test", "train val"])
def test_a_missing_official_set_is_cut_from_the_training(put: Callable, splits: str) -> None:
    for split in splits.split():
        for word in ("yes", "no"):
            path = put(f"{split}/{word}", 10)
    data = read(path)
    sizes = dict(zip(("train", "val", "test"), counts(data), strict=True))
    assert sizes[splits.split()[1]] == 20
    assert sum(sizes.values()) == 40
    assert min(sizes.values()) >= 2


def test_official_patterns_override_folders(put: Callable) -> None:
    for split in ("train", "test"):
        for word in ("yes", "no"):
            path = put(f"{split}/{word}", 10)
    pooled = read(path, "data.pattern='(?P<label>[^/]+)/[^/]+$'")
    assert counts(pooled) == [28, 4, 8]
    ruled = read(path, "data.official={test: '^train/'}")
    assert counts(ruled)[2] == 20
    assert "data.official overrides the folders that are named like splits" in ruled.summary


def test_composed_and_decomposed_names_are_one_word(put: Callable) -> None:
    put(unicodedata.normalize("NFC", "café"), 10), put("thé", 10)
    data = read(put(unicodedata.normalize("NFD", "café"), 10))
    assert data.classes == [unicodedata.normalize("NFC", word) for word in ("café", "thé")]
    old = [unicodedata.normalize("NFD", word) for word in ("café", "thé")]  # like the classes of an older run
    later = read(data.path, fitted=Fitted(old, data.preprocessing))
    assert later.classes == old
    assert sorted(
        np.bincount(np.concatenate([s.y for s in (later.train_set, later.val_set, later.test_set)]))
    )


def test_names_that_are_not_utf_8(put: Callable) -> None:
    put("yes", 10)
    path = put("no", 10)
    (path / "no").rename(path / os.fsdecode(b"n\xff"))
    data = read(path)
    assert data.classes == ["n?", "yes"]
    assert "words by folder: 2 (n?, yes)" in data.summary


def test_ignored_folder_levels_are_named(put: Callable) -> None:
    for room in ("kitchen", "garden"):
        for word in ("yes", "no"):
            path = put(f"{room}/{word}", 5)
    assert "ignored: garden/, kitchen/" in read(path).summary


def test_one_bad_recording_is_counted_and_named_or_refused(put: Callable) -> None:
    put("yes"), put("no")
    path = put("no", 1, "bad.wav", b"text")
    assert "1 unreadable: no/bad.wav (Format not recognised)" in read(path).summary
    with pytest.raises(UserError, match=r"no/bad\.wav: unreadable: Format not.*data\.strict=false"):
        read(path, "data.strict=true")
    (path / "no/bad.wav").unlink()
    assert counts(read(path, "data.strict=true")) == counts(read(path))


@pytest.mark.parametrize(
    ("names", "proposed"),
    [
        ("{1}_ann_{0}.wav", r"data.pattern='(?P<label>[^/_]+)_(?P<speaker>[^/_]+)_[^/]*$'"),
        ("{1}_{0}.wav", r"data.pattern='(?P<label>[^/_]+)_[^/]*$'"),
        ("{0}_{1}.wav", r"data.pattern='(?P<speaker>[^/_]+)_(?P<label>[^/_]+)\.\w+$'"),
        ("{1}-{0}.wav", r"data.pattern='(?P<label>[^/-]+)-[^/]*$'"),
        ("{1}{0}.wav", r"data.pattern='(?P<label>[^\W\d]+)[^/]*$'"),
    ],
)
def test_a_pattern_is_proposed_for_recordings_without_folders(
    put: Callable, names: str, proposed: str
) -> None:
    for word in ("yes", "no"):
        path = put("", 10, names.format("{}", word))
    with pytest.raises(UserError) as error:
        read(path)
    assert "20 not in a folder named by a word: " in str(error.value)
    assert str(error.value).endswith(f"or give {proposed}")
    assert read(path, proposed).classes == ["no", "yes"]


def test_a_pattern_without_a_match_shows_a_name_and_a_better_pattern(put: Callable) -> None:
    put("yes"), put("no")
    with pytest.raises(UserError) as error:
        read(put("no", 1), "data.pattern='(?P<label>[a-z]+)_\\d'")
    assert "17 name does not match data.pattern: no/" in str(error.value)
    assert "data.pattern=(?P<label>[a-z]+)_" in str(error.value)
    assert str(error.value).endswith("or give data.pattern='(?P<label>[^/]+)/[^/]+$'")


def test_mostly_long_recordings_name_the_key(put: Callable) -> None:
    put("yes", 6, data=encoded(tone(300, 62))), put("yes", 2), put("no", 2)
    with pytest.raises(UserError) as error:
        read(put("no", 6, data=encoded(tone(300, 63))))
    for words in (
        "12 of 16 skipped: longer than 60 s",
        "median length 62.0 s",
        "data.max_seconds=63 (now 60)",
    ):
        assert words in str(error.value)
    put("yes", 4)
    assert "12 longer than 60 s: no/" in read(put("no", 5)).summary  # not more than half


def test_unlikely_labels_are_refused(put: Callable) -> None:
    for number in range(15):
        put(f"recording {number}", 1)
    for _ in range(2):
        path = put("yes", 4)
    with pytest.raises(UserError, match=r"16 classes for 23 examples, 15 of them with a single one.*WORD/"):
        read(path)


def test_a_single_word_is_refused(put: Callable) -> None:
    with pytest.raises(
        UserError, match=r"must have at least two classes, got \d+ examples of one, 'yes'; sort"
    ):
        read(put("mine/yes", 20))


@pytest.mark.parametrize("clips", [1, 2, 3, 8])
def test_a_few_recordings_of_two_words(put: Callable, clips: int) -> None:
    put("yes", clips)
    path = put("no", clips)
    if clips == 1:
        with pytest.raises(UserError, match=r"must have val examples, got 2 train, 0 val, 0 test"):
            read(path)
    else:
        data = read(path)
        assert min(counts(data)) >= 1
        assert set(data.train_set.y) == {0, 1}
        data.baselines(np.arange(len(data.test_set)))


def test_a_run_on_other_recordings(put: Callable) -> None:
    for word in ("yes", "no", "maybe"):
        path = put(word, 10)
    data = read(path)
    fitted = Fitted(data.classes, data.preprocessing)
    shutil.rmtree(path / "maybe")
    put("yes", 4, data=encoded(tone(500, 0.3, 44100), 44100))
    later = read(path, fitted=fitted)
    assert later.classes == ["maybe", "no", "yes"]
    assert "classes of the run without examples: maybe" in later.summary
    tested = len(later.test_set)
    assert f"tested: {tested} of 24 clips; test all with 'data.fractions=" in later.summary
    every = read(path, "data.fractions={val: 0, test: 1}", fitted=fitted)
    assert counts(every) == [0, 0, 24]
    assert "tested:" not in every.summary
    with pytest.raises(
        UserError, match=r"data\.path=.*: must have classes of the run .*, got perhaps as well"
    ):
        read(put("perhaps", 3), fitted=fitted)


def test_official_folders_of_extra_recordings_train_and_are_reported(put: Callable, tmp_path: Path) -> None:
    for word in ("yes", "no"):
        put(f"train/{word}", 4), put(f"test/{word}", 3)
    extra = put("", 0).rename(tmp_path / "extra")
    put("yes", 10), put("no", 10)
    alone = counts(read(tmp_path / "in"))
    data = read(tmp_path / "in", f"data.train_also={extra}")
    assert counts(data) == [alone[0] + 14, *alone[1:]]
    assert "its folders that are named like splits train, too" in data.summary

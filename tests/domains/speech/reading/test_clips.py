"""From a user's files to clips: words, speakers, skipped files, and the cache."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from domains.speech.reading import recorded as module
from domains.speech.reading.clips import Clips, read_clips
from domains.speech.reading.labels import compile_pattern
from domains.speech.reading.recordings import load
from shared.errors import UserError
from tests.domains.speech.sounds import encoded, tone, write_words

BOTH = r"(?P<label>[^/]+)/(?P<speaker>[^/_]+)_\d+\."


def read(path: Path, pattern: str = BOTH, rate: int = 8000) -> tuple[Clips, str]:
    return read_clips(path, rate, pattern=compile_pattern(pattern), max_seconds=5)


def test_words_and_speakers_come_from_the_names(tmp_path: Path) -> None:
    folder = write_words(tmp_path / "in", speakers=2, clips=1)
    clips, summary = read(folder)
    assert clips.name.tolist() == [f"{w}/{s}_0.wav" for w in ("high", "low", "middle") for s in ("f0", "m1")]
    assert clips.label.tolist() == ["high", "high", "low", "low", "middle", "middle"]
    assert clips.speaker.tolist() == ["f0", "m1"] * 3
    assert all(600 < len(samples) < 4100 for samples in clips.samples)
    assert summary.startswith("in: 6 recordings used, 0.0 minutes")
    assert read(folder, r"(?P<label>[^/]+)/")[0].speaker.tolist() == [""] * 6


def test_a_folder_and_an_archive_in_any_order_give_the_same(tmp_path: Path) -> None:
    folder = write_words(tmp_path / "in", speakers=2, clips=2)
    with tarfile.open(tmp_path / "in.tar.xz", "w:xz") as archive:
        for file in sorted(folder.glob("*/*"), reverse=True):
            archive.add(file, str(file.relative_to(folder)))
    (from_folder, _), (from_archive, _) = read(folder), read(tmp_path / "in.tar.xz")
    assert all(map(np.array_equal, from_folder.samples, from_archive.samples))
    assert all(map(np.array_equal, from_folder[1:], from_archive[1:]))


def test_skipped_files_are_counted_by_reason(tmp_path: Path) -> None:
    folder = write_words(tmp_path / "in", speakers=1, clips=1)
    odd = {
        "low/f0_1.wav": b"",
        "low/f0_2.wav": b"text",
        "low/f0_3.wav": encoded(0 * tone(300)),
        "low/f0_4.wav": encoded(tone(300, 6)),
        "low/f0_5.wav": encoded(tone(300))[:2000],
        "strange.wav": encoded(tone(300)),
    }
    for name, data in odd.items():
        (folder / name).write_bytes(data)
    clips, summary = read(folder)
    assert clips.name.tolist() == ["high/f0_0.wav", "low/f0_0.wav", "low/f0_5.wav", "middle/f0_0.wav"]
    assert summary.splitlines() == [
        "in: 4 recordings used, 0.0 minutes",
        "files: 9 seen, 4 used, 5 skipped",
        "  1 empty: low/f0_1.wav (0 bytes)",
        "  1 unreadable: low/f0_2.wav (Format not recognised)",
        "  1 silence: low/f0_3.wav (all samples are equal)",
        "  1 longer than 5 s: low/f0_4.wav (6.0 s)",
        "  1 name does not match data.pattern: strange.wav",
        "read up to the damage: 1 shorter than its header says, such as low/f0_5.wav",
    ]
    for name, samples in zip(clips.name, clips.samples, strict=True):
        assert np.array_equal(samples, load(folder / name, 8000, 5).samples)


def test_the_cache_serves_any_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_words(tmp_path / "in", speakers=1, clips=1)
    (folder / "low/f0_1.wav").write_bytes(b"text")
    _, first = read(folder)

    def never(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(module, "load", never)
    assert read(folder)[1] == first
    assert read(folder, "(?P<label>low)/")[0].label.tolist() == ["low"]
    with pytest.raises(AssertionError):
        read(folder, rate=16000)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?P<label>", ["data.pattern: must be a regular expression, got (?P<label>"]),
        ("low", ["data.pattern: must have a group (?P<label>…) around the word, got low"]),
        (r"(?P<label>\d)\.ogg", ["must hold recordings of words", "3 name does not match data.pattern"]),
    ],
)
def test_wrong_patterns_are_refused(tmp_path: Path, pattern: str, words: list[str]) -> None:
    with pytest.raises(UserError) as error:
        read(write_words(tmp_path / "in", 1, 1), pattern)
    assert all(word in str(error.value) for word in words)


def test_a_folder_of_damaged_files_names_the_first(tmp_path: Path) -> None:
    (tmp_path / "in/low").mkdir(parents=True)
    (tmp_path / "in/low/a_0.wav").write_bytes(b"text")
    with pytest.raises(UserError, match=r"1 unreadable: low/a_0\.wav \(Format not recognised"):
        read(tmp_path / "in")


def test_clips_of_the_same_samples_have_one_identity(tmp_path: Path) -> None:
    folder = write_words(tmp_path / "in", 1, 2)
    (folder / "low/f9_7.wav").write_bytes((folder / "low/f0_0.wav").read_bytes())
    clips, _ = read(folder)
    same = clips.identity[np.isin(clips.name, ["low/f0_0.wav", "low/f9_7.wav"])]
    assert same[0] == same[1]
    assert len(np.unique(clips.identity)) == len(clips.name) - 1

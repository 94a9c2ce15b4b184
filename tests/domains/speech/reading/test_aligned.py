"""Recordings with label files beside them: folders, archives, TIMIT's CD, and what is skipped."""

import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from domains.speech.reading import Aligned, read_aligned
from domains.speech.reading.labels import compile_pattern
from shared.errors import UserError
from tests.domains.speech.sentences import RATE, label_file, long_form, write_sentences
from tests.domains.speech.sounds import encoded, tone

SOUND = encoded(tone(300, 1.0))
PHN = "0 4000 h#\n4000 8000 a\n"


def read(path: Path, tier: str = "phones", transcripts: bool = False, **more) -> tuple[Aligned, str]:
    pattern = compile_pattern(more.pop("pattern", None), "speaker")
    more = {"max_seconds": 30} | more
    return read_aligned(path, RATE, pattern=pattern, tier=tier, transcripts=transcripts, **more)


def write(folder: Path, files: dict[str, bytes | str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.mark.parametrize("form", ["TextGrid", "phn", "lab"])
def test_folders_and_archives_in_any_order_give_the_same(tmp_path: Path, form: str) -> None:
    folder = write_sentences(tmp_path / "in", form, speakers=2, clips=2)
    with tarfile.open(tmp_path / "in.tar.xz", "w:xz") as archive:
        for file in sorted(folder.glob("*/*"), reverse=True):
            archive.add(file, str(file.relative_to(folder)))
    found, summary = read(folder)
    packed, _ = read(tmp_path / "in.tar.xz")
    again, _ = read(folder)  # from the cache
    assert found.clips.name.tolist() == ["f0/0.wav", "f0/1.wav", "m1/0.wav", "m1/1.wav"]
    assert found.clips.speaker.tolist() == ["f0", "f0", "m1", "m1"]
    for other in (packed, again):
        assert all(map(np.array_equal, found.clips.samples, other.clips.samples))
        for one, two in zip(found.alignments, other.alignments, strict=True):
            assert all(map(np.array_equal, one, two))
    lines = summary.splitlines()
    assert lines[0].startswith("in: 4 recordings used")
    assert lines[1:] == [
        "labels: 24" if form == "TextGrid" else "labels: 32",
        "speakers by folder: 2 (f0, m1)",
    ]
    for clip, alignment in zip(found.clips.samples, found.alignments, strict=True):
        assert alignment.end[-1] == pytest.approx(len(clip) / RATE, abs=0.002)


def test_a_changed_label_file_is_read_again(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", {"a.wav": SOUND, "a.phn": PHN})
    assert read(folder)[0].alignments[0].label.tolist() == ["h#", "a"]
    (folder / "a.phn").write_text("0 8000 bb\n")
    assert read(folder)[0].alignments[0].label.tolist() == ["bb"]


def test_timit_as_on_its_cd(tmp_path: Path) -> None:
    sphere = encoded(tone(300, 1.0, 16000), 16000, "NIST")
    assert sphere.startswith(b"NIST_1A")
    files: dict[str, bytes | str] = {}
    for name in ("TRAIN/DR1/FCJF0/SA1", "TRAIN/DR2/MABC0/SX5", "TEST/DR1/MDEF1/SI9"):
        files |= {f"{name}.WAV": sphere, f"{name}.TXT": "0 16000 Had your.\n"}
        files |= {
            f"{name}.PHN": "0 4000 h#\n4000 16000 ae\n",
            f"{name}.WRD": "4000 9000 had\n8000 16000 your\n",
        }
    folder = write(tmp_path / "TIMIT", files)
    with zipfile.ZipFile(tmp_path / "timit.zip", "w") as archive:
        for name in files:
            archive.write(folder / name, f"timit/{name}")
    for path in (folder, tmp_path / "timit.zip"):
        found, summary = read(path)
        assert found.clips.speaker.tolist() == ["MDEF1", "FCJF0", "MABC0"]
        assert found.clips.split.tolist() == ["test", "train", "train"]
        assert found.alignments[0].label.tolist() == ["h#", "ae"]
        assert found.alignments[0].end.tolist() == [0.25, 1.0]  # of 16,000 Hz, though clips are at 8,000
        assert "label files that are not read: 3 .txt, 3 .wrd, such as " in summary
        assert "official splits by folder: TEST/ is test, TRAIN/ is train" in summary
        assert "folder levels that say no speaker, ignored: " in summary
    words, summary = read(folder, "words")
    assert words.alignments[0].label.tolist() == ["had", "your"]
    assert "labels that overlap: 3; the boundary is in the middle" in summary
    some, summary = read(folder, pattern=r"(?P<speaker>[^/]+)/(?i:s[ix])\d+\.")
    assert some.clips.speaker.tolist() == ["MDEF1", "MABC0"]
    assert some.clips.split.tolist() == ["test", "train"]
    assert "1 name does not match data.pattern: TRAIN/DR1/FCJF0/SA1.WAV" in summary


def test_what_cannot_be_used_is_counted_with_its_reason(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "in",
        {
            **{f"s/{name}.wav": SOUND for name in "abcdefgh"},
            "s/a.phn": PHN, "s/b.txt": "a b", "s/c.phn": "0 9000 a\n", "s/d.TextGrid": long_form({"x": []}),
            "s/e.phn": "", "s/f.phn": "0 800 a\n700 600 b\n", "s/g.phn": b"\xff\xfe0", "s/z.phn": PHN,
            "README.txt": "hello", "s/i.wav": b"", "s/i.phn": PHN, "s/notes.pdf": b"",
        },
    )  # fmt: skip
    found, summary = read(folder)
    assert found.clips.name.tolist() == ["s/a.wav"]
    assert summary.splitlines() == [
        "in: 1 recordings used, 0.0 minutes",
        "files: 10 seen, 1 used, 9 skipped",
        "  3 broken labels: s/c.wav (s/c.phn, line 1: 'a' ends at 1.125 s, after the recording (1 s)), "
        "s/f.wav (s/f.phn, line 2: 'b' must end after it starts, got 0.0875 to 0.075 s), "
        "s/g.wav (s/g.phn, line 1: must be text in UTF-8 or UTF-16)",
        "  1 of kind .pdf: s/notes.pdf",
        "  1 empty: s/i.wav (0 bytes)",
        "  1 labels without times: s/b.wav (s/b.txt: must have times, or give training.loss=ctc)",
        "  1 no such tier: s/d.wav (s/d.TextGrid, has 'x')",
        "  1 no labels in the file: s/e.wav (s/e.phn, no label)",
        "  1 no labels beside the recording: s/h.wav (must have .phn, .TextGrid, .lab or .txt of its name)",
        "labels: 2",
        "speakers by folder: 1 (s)",
        "label files that are not read: 2 .phn, 1 .txt, such as README.txt",
    ]
    with_text, summary = read(folder, transcripts=True)
    assert with_text.clips.name.tolist() == ["s/a.wav", "s/b.wav"]
    assert "labels: 4; 1 recordings without times" in summary
    with pytest.raises(UserError, match=r"s/notes\.pdf: of kind \.pdf; mend or remove it"):
        read(folder, strict=True)
    shutil.rmtree(folder / "s")
    write(folder, {"s/a.wav": SOUND, "s/a.TextGrid": long_form({"x": [(0, 1, "a")]})})
    with pytest.raises(
        UserError, match=r"must hold recordings with labels beside them .*has 'x'.*data\.tier=phones"
    ):
        read(folder)


def test_long_recordings_are_reported_with_the_remedy(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", {"a.wav": SOUND, "a.phn": PHN})
    with pytest.raises(UserError, match=r"cut them at pauses, or set data\.max_seconds=1"):
        read(folder, max_seconds=0.5)


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("aligned", "alignment"):
        monkeypatch.setattr(f"domains.speech.reading.{module}.MAX_BYTES", 100)
    folder = write(tmp_path / "in", {"a.wav": SOUND, "a.phn": "x" * 9999, "b.wav": SOUND, "b.phn": PHN})
    found, summary = read(folder)
    assert found.clips.name.tolist() == ["b.wav"]
    assert "1 broken labels: a.wav (a.phn, larger than 100 bytes)" in summary
    assert next((tmp_path / "cache").glob("*.npz")).stat().st_size < 40_000


def test_names_of_labels_and_recordings_differ_in_their_suffix_alone(tmp_path: Path) -> None:
    _, text = label_file([(0, 1, "a")], "phn")
    folder = write(tmp_path / "in", {"x.1.wav": SOUND, "x.1.phn": text, "x.2.flac": SOUND, "x.2.PHN": text})
    assert read(folder)[0].clips.name.tolist() == ["x.1.wav", "x.2.flac"]

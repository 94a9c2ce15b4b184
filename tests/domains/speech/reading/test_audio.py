"""Recordings of any format become mono at one rate; damaged and unusual files."""

import itertools
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from domains.speech.reading.audio import FULL_SCALE, as_int16, at_rate
from domains.speech.reading.decode import CUT, UnusableError, open_recording
from domains.speech.reading.recordings import Recordings, load
from shared.errors import UserError
from tests.domains.speech.sounds import encoded, tone

SOUND = tone(440)


def strength(x: np.ndarray, hertz: float, rate: int) -> float:
    """Amplitude of a tone, away from the edges."""
    x = x[len(x) // 4 : -len(x) // 4] / FULL_SCALE
    wave = np.exp(-2j * np.pi * hertz * np.arange(len(x)) / rate)
    return 2 * abs((x * wave).mean())


@pytest.mark.parametrize(
    ("format", "subtype", "error"),
    [
        ("WAV", "PCM_U8", 0.01),
        ("WAV", "PCM_16", 1e-4),
        ("WAV", "PCM_24", 1e-4),
        ("WAV", "PCM_32", 1e-4),
        ("WAV", "FLOAT", 1e-4),
        ("WAV", "DOUBLE", 1e-4),
        ("FLAC", "PCM_16", 1e-4),
        ("OGG", "VORBIS", 0.2),
        ("MP3", "MPEG_LAYER_III", 0.2),
    ],
)
def test_formats_and_widths_give_the_same_sound(format: str, subtype: str, error: float) -> None:
    audio = load(encoded(SOUND, format=format, subtype=subtype), 8000, 10)
    assert audio.samples.dtype == np.int16
    assert not audio.damage
    np.testing.assert_allclose(audio.samples / FULL_SCALE, SOUND, atol=error)


@pytest.mark.parametrize("source_rate", [8000, 11025, 16000, 22050, 44100, 44101, 48000, 192000])
def test_any_rate_becomes_one_and_keeps_the_tone(source_rate: int) -> None:
    both = tone(440, 0.5, source_rate) + (tone(6000, 0.5, source_rate) if source_rate > 12000 else 0)
    audio = load(encoded(both, source_rate), 8000, 10)
    assert abs(len(audio.samples) - 4000) <= 1
    assert strength(audio.samples, 440, 8000) == pytest.approx(0.3, abs=0.01)
    assert strength(audio.samples, 2000, 8000) < 0.01  # the alias of 6,000 Hz


def test_channels_are_averaged() -> None:
    channels = np.stack([level * SOUND for level in np.linspace(0.1, 0.8, 8)], 1)
    audio = load(encoded(channels), 8000, 10)
    np.testing.assert_allclose(audio.samples / FULL_SCALE, 0.45 * SOUND, atol=1e-4)


def test_values_beyond_full_scale_are_clipped() -> None:
    assert as_int16(np.array([2.0, -2.0, 1.0, 0.5], np.float32)).tolist() == [32767, -32768, 32767, 16384]


BAD = {
    "empty file": (b"", "empty"),
    "text": (b"Dear Sir, I have the honour to remain", "unreadable"),
    "a header alone": (encoded(SOUND)[:20], "unreadable"),
    "no samples": (encoded(SOUND[:0]), "no samples"),
    "silence": (encoded(0 * SOUND), "silence"),
    "a constant": (encoded(0 * SOUND + 0.5), "silence"),
    "not a number": (encoded(np.append(SOUND, np.nan), subtype="FLOAT"), "not numbers"),
    "infinite both ways": (encoded(np.array([[np.inf, -np.inf]] * 9), subtype="FLOAT"), "not numbers"),
    "infinite": (encoded(np.append(SOUND, np.inf), subtype="FLOAT"), "not numbers"),
    "too long": (encoded(tone(440, 11)), "longer than 10 s"),
    "a rate of 7 Hz": (encoded(SOUND, 7), "sample rate"),
    "half a flac": (encoded(SOUND, format="FLAC")[:2000], "unreadable"),
    "half an ogg": (encoded(SOUND, format="OGG", subtype="VORBIS")[:2000], "unreadable"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), BAD.values(), ids=BAD.keys())
def test_unusable_recordings_give_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(UnusableError) as error:
        load(data, 8000, 10)
    assert error.value.reason == reason


def test_a_file_shorter_than_its_header_says_is_used() -> None:
    audio = load(encoded(SOUND)[:3000], 8000, 10)
    assert audio.damage == CUT
    np.testing.assert_allclose(audio.samples / FULL_SCALE, SOUND[: len(audio.samples)], atol=1e-4)
    assert len(audio.samples) == (3000 - 44) // 2
    false_size = bytearray(encoded(SOUND))
    false_size[40:44] = struct.pack("<I", 2**31)  # of the data, in bytes
    audio = load(bytes(false_size), 8000, 10)
    assert audio.damage == CUT
    assert len(audio.samples) == len(SOUND)


def test_one_sample_is_a_recording() -> None:
    assert load(encoded(np.array([0.5], np.float32)), 8000, 10).samples.tolist() == [16384]
    assert len(load(encoded(np.array([0.5], np.float32), 192000), 8000, 10).samples) == 1


def test_a_long_recording_is_read_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "hour.wav"
    with soundfile.SoundFile(path, "w", 8000, 1) as file:
        for _ in range(60):
            file.write(tone(440, 60))
    read = []

    class Watched(soundfile.SoundFile):
        def read(self, frames: int = -1, **more: object) -> np.ndarray:
            read.append(frames)
            return super().read(frames, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(soundfile, "SoundFile", Watched)
        with pytest.raises(UnusableError, match=r"longer than 10 s: 3600\.0 s"):
            load(path, 8000, 10)
    assert read == [80001]


@pytest.mark.parametrize("rate", [8000, 16000])
def test_overlapping_blocks_cover_the_recording(rate: int) -> None:
    x = np.random.default_rng(0).normal(0, 0.1, int(2.3 * rate)).astype(np.float32)
    x = at_rate(at_rate(x, rate, 4000), 4000, rate)  # without the frequencies that the filters change
    data = encoded(x, rate, subtype="FLOAT")
    expected = load(data, 8000, 10).samples.astype(int)
    with open_recording(data) as file:
        parts = list(file.blocks(8000, 0.5, 0.2))
    assert [first for first, _ in parts] == [0, 4000, 8000, 12000, 16000]
    assert [round(len(x) / 100) for _, x in parts] == [56, 56, 56, 56, 24]
    for first, x in parts:
        inner = slice(100, len(x) - 100)  # the filter of the rate has edges
        np.testing.assert_allclose(x[inner], expected[first : first + len(x)][inner], atol=60)
    for (a, x), (b, y) in itertools.pairwise(parts):
        common = min(len(x) - (b - a), len(y))
        assert common >= 1500
        np.testing.assert_allclose(x[b - a :][100 : common - 100], y[100 : common - 100], atol=60)


def test_the_files_of_a_folder_or_an_archive_are_read(tmp_path: Path) -> None:
    def read(path: Path) -> dict[str, Path | bytes]:
        return dict(Recordings().read(path, lambda data: data, "reading"))

    folder = tmp_path / "in"
    (folder / "b").mkdir(parents=True)
    for name in ("b/x.wav", "a.FLAC", "notes.txt", "c.mp3"):
        (folder / name).write_bytes(name.encode())
    assert read(folder) == {name: folder / name for name in ("a.FLAC", "b/x.wav", "c.mp3")}
    with tarfile.open(tmp_path / "in.tar.gz", "w:gz") as archive:
        archive.add(folder, "in")
    packed = read(tmp_path / "in.tar.gz")
    assert packed == {f"in/{name}": name.encode() for name in ("a.FLAC", "b/x.wav", "c.mp3")}
    assert list(read(folder / "notes.txt")) == ["notes.txt"]  # given by name, whatever its suffix
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match=r"none: no file in it that ends in \.wav or"):
        read(tmp_path / "none")
    with pytest.raises(UserError, match="no such file"):
        read(tmp_path / "missing.wav")

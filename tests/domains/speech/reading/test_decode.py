"""Sound files of every supported suffix; errors, output and claims of damaged and hostile files."""

import io
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from domains.speech.reading.decode import CUT, DAMAGED, LOUD, SUFFIXES, UnusableError, open_recording
from domains.speech.reading.recordings import load
from tests.commands import PROJECT
from tests.domains.speech.sounds import encoded, tone

SOUND = tone(440, 1.0)
FORMATS = {  # of each suffix; .mp2 has no encoder and shares the decoder of .mp3
    ".wav": ("WAV", "PCM_16"), ".wave": ("WAVEX", "PCM_24"), ".rf64": ("RF64", "PCM_16"),
    ".w64": ("W64", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS"),
    ".oga": ("OGG", "VORBIS"), ".opus": ("OGG", "OPUS"), ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".mp2": ("MP3", "MPEG_LAYER_III"), ".aif": ("AIFF", "PCM_16"), ".aiff": ("AIFF", "PCM_24"),
    ".aifc": ("AIFF", "ULAW"), ".au": ("AU", "PCM_16"), ".snd": ("AU", "ULAW"), ".caf": ("CAF", "ALAC_16"),
    ".sph": ("NIST", "PCM_16"),
}  # fmt: skip


def test_every_suffix_has_a_file_that_is_read() -> None:
    assert FORMATS.keys() == set(SUFFIXES)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_of_each_suffix_is_read_from_disk_and_from_memory(suffix: str, tmp_path: Path) -> None:
    data = encoded(SOUND, 8000, *FORMATS[suffix])
    (tmp_path / f"a{suffix}").write_bytes(data)
    for source in (data, tmp_path / f"a{suffix}"):
        audio = load(source, 8000, 5)
        assert not audio.damage
        assert len(audio.samples) == pytest.approx(8000, abs=10)
        np.testing.assert_allclose(audio.samples[1000:7000] / 2**15, SOUND[1000:7000], atol=0.2)


def test_raw_samples_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes((SOUND * 2**15).astype(np.int16).tobytes())
    with pytest.raises(UnusableError, match="unreadable: Format not recognised"):
        load(tmp_path / "a.raw", 8000, 5)


@pytest.mark.parametrize(
    "error", [AssertionError("odd"), MemoryError(), KeyError("x"), TypeError("no\ngood")]
)
@pytest.mark.parametrize("place", ["__init__", "read"])
def test_any_exception_of_the_library_becomes_a_reason(
    error: Exception, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    data = encoded(SOUND)
    monkeypatch.setattr(soundfile.SoundFile, place, fail)
    monkeypatch.setattr(soundfile.SoundFile, "__del__", lambda _: None)
    with pytest.raises(UnusableError) as raised:
        load(data, 8000, 5)
    assert raised.value.reason == "unreadable"
    assert raised.value.detail == " ".join(str(error).split()) or type(error).__name__


def test_exceptions_of_the_caller_pass_through() -> None:
    with pytest.raises(ZeroDivisionError), open_recording(encoded(SOUND)):
        _ = 1 / 0


@pytest.mark.parametrize(
    "kind",
    [("WAV", "PCM_16"), ("W64", "PCM_16"), ("RF64", "PCM_16"), ("AIFF", "PCM_16"), ("AU", "PCM_16"),
     ("MP3", "MPEG_LAYER_III")],
)  # fmt: skip
def test_a_truncated_file_is_used_and_reported(kind: tuple[str, str]) -> None:
    data = encoded(SOUND, 8000, *kind)
    audio = load(data[: len(data) // 2], 8000, 5)
    assert audio.damage == CUT
    assert 1500 < len(audio.samples) < 5000


def test_an_unknown_size_in_the_header_is_not_damage() -> None:
    data = bytearray(encoded(SOUND))
    data[4:8] = data[40:44] = struct.pack("<I", 2**32 - 1)  # as ffmpeg writes to a pipe
    audio = load(bytes(data), 8000, 5)
    assert (audio.damage, len(audio.samples)) == ("", 8000)


def test_an_estimated_mp3_length_is_not_damage() -> None:
    data = encoded(SOUND, 8000, "MP3", "MPEG_LAYER_III")
    start = data.index(b"Xing") + 4
    without = data[:start] + bytes(4) + data[start + 4 :]  # no flags: the header counts no frames
    assert not load(without, 8000, 5).damage


def test_messages_of_libmpg123_are_captured_and_count_as_damage(
    capfd: pytest.CaptureFixture,
) -> None:
    data = bytearray(encoded(tone(440, 3.0), 8000, "MP3", "MPEG_LAYER_III"))
    data[1200:1300] = bytes(range(100))
    with open_recording(bytes(data)) as file:
        os.write(2, b"another line\n")
        assert len(file.mono(file.frames))
        assert file.damage() == DAMAGED
    assert capfd.readouterr().err == "another line\n"


def test_other_lines_on_standard_error_pass_through(
    capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = soundfile.SoundFile.read

    def printing(*arguments: object, **options: object) -> np.ndarray:
        os.write(2, b"a line of another thread\nWarning: Xing stream size off\n")
        return read(*arguments, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", printing)
    load(encoded(SOUND), 8000, 5)
    assert capfd.readouterr().err == "a line of another thread\n"


@pytest.mark.slow
def test_files_are_read_without_a_standard_error(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(encoded(SOUND))
    code = (
        "import pathlib; from domains.speech.reading.recordings import load;"
        "print(len(load(pathlib.Path('a.wav'), 8000, 5).samples))"
    )
    done = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" 2>&-', sys.executable, code],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PROJECT)}, stdout=subprocess.PIPE, text=True,
        check=True, timeout=100,
    )  # fmt: skip
    assert done.stdout == "8000\n"


def test_integers_written_as_floats_are_reported() -> None:
    assert load(encoded(SOUND * 2**15, subtype="FLOAT"), 8000, 5).damage == LOUD
    assert load(encoded(np.float32(1.5) * SOUND / 0.3, subtype="FLOAT"), 8000, 5).damage == ""
    with pytest.raises(UnusableError, match="not numbers"):
        load(encoded(SOUND * np.float32(1e30), subtype="FLOAT"), 8000, 5)


@pytest.mark.parametrize("channels", [64, 1024])
def test_many_channels_are_read_or_refused(channels: int) -> None:
    data = encoded(np.repeat(SOUND[:, None], channels, 1))
    if channels == 64:
        np.testing.assert_allclose(load(data, 8000, 5).samples / 2**15, SOUND, atol=1e-3)
    else:
        with pytest.raises(UnusableError, match="channels: 1,024, at most 64"):
            load(data, 8000, 5)


def silence(format: str, subtype: str, rate: int, channels: int, seconds: int) -> bytes:
    data = io.BytesIO()
    with soundfile.SoundFile(data, "w", rate, channels, subtype, format=format) as file:
        for _ in range(seconds):
            file.write(np.zeros((rate, channels), np.int16))
    return data.getvalue()


def test_compressed_silence_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    day = bytearray(silence("FLAC", "PCM_16", 48000, 2, 60))
    place = 8 + 10  # STREAMINFO: 20 bits rate, 3 channels, 5 width, 36 bits length
    fields = int.from_bytes(day[place : place + 8], "big")
    fields = fields >> 36 << 36 | 48000 * 86400
    day[place : place + 8] = fields.to_bytes(8, "big")
    start = time.monotonic()
    with (
        pytest.raises(UnusableError, match=r"too long for its size: 24\.0 hours in [\d,]+ bytes; cut it"),
        open_recording(bytes(day)) as file,
    ):
        list(file.blocks(16000, 20, 1))
    with pytest.raises(UnusableError, match="longer than 5 s"):
        load(bytes(day), 16000, 5)
    assert time.monotonic() - start < 20
    sparse = tmp_path / "hours.wav"  # a WAV file of hours, as long as its header states
    with soundfile.SoundFile(sparse, "w", 8000, 1, "PCM_U8") as out:
        out.write(np.zeros(8000, np.int16))
    header = sparse.read_bytes()[:44]
    with sparse.open("r+b") as out:
        size = 8000 * 36000
        out.write(header[:4] + struct.pack("<I", 36 + size) + header[8:40] + struct.pack("<I", size))
        out.truncate(44 + size)
    with open_recording(sparse) as file:
        assert file.seconds == 36000
        assert next(file.blocks(8000, 1.0, 0.0))[0] == 0


def test_a_stream_of_unknown_length_names_the_remedy() -> None:
    data = bytearray(encoded(SOUND, format="FLAC"))
    fields = int.from_bytes(data[18:26], "big") >> 36 << 36
    data[18:26] = fields.to_bytes(8, "big")
    with pytest.raises(UnusableError, match=r"no length in its header; convert to \.wav or \.flac"):
        load(bytes(data), 8000, 5)

"""Damaged sound files of every format that is read: a sound or a reason, soon and in little memory."""

import resource
import sys
import time
from collections import Counter

import numpy as np
import pytest
from speech_sounds import encoded, tone

from domains.speech.audio import blocks, load
from domains.speech.decode import UnusableError, opened

RATE = 8000
KINDS = {
    "wav": [("WAV", each) for each in ("PCM_16", "FLOAT", "ULAW", "IMA_ADPCM", "MS_ADPCM", "GSM610")],
    "flac": [("FLAC", "PCM_16"), ("FLAC", "PCM_24")],
    "ogg": [("OGG", "VORBIS")],
    "opus": [("OGG", "OPUS")],
    "mp3": [("MP3", "MPEG_LAYER_III")],
    "aiff": [("AIFF", each) for each in ("PCM_16", "FLOAT", "ULAW", "IMA_ADPCM")],
    "others": [
        *(("AU", "PCM_16"), ("AU", "G721_32"), ("CAF", "PCM_16"), ("CAF", "ALAC_16"), ("W64", "PCM_16")),
        *(("RF64", "PCM_16"), ("NIST", "PCM_16"), ("WAVEX", "PCM_24")),
    ],
}
SECONDS = 20  # the most that one file may take
MEMORY = 2**30  # bytes, the most that all of them may add
EDGES = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


MONO = ("GSM610", "G721_32", "IMA_ADPCM")


def whole_files(kind: str) -> list[bytes]:
    mono = tone(440, 0.2)
    stereo = np.stack([mono, tone(700, 0.2)], 1)
    kinds = KINDS[kind]
    files = [encoded(mono, RATE, format, subtype) for format, subtype in kinds]
    return files + [encoded(stereo, RATE, *each) for each in kinds if each[1] not in MONO]


def damaged(data: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """One to four changes, half of them in the header."""
    changed = bytearray(data)
    for _ in range(random.integers(1, 5)):
        end = max(len(changed) if random.random() < 0.5 else min(len(changed), 200), 1)
        place = int(random.integers(end))
        match random.integers(7):
            case 0:
                changed[place : place + 1] = bytes([random.integers(256)])
            case 1:  # a number of the header at an edge of its range
                size, order = int(random.choice([1, 2, 4])), "little" if random.random() < 0.5 else "big"
                value = int(random.choice(EDGES)) % 256**size
                changed[place : place + size] = value.to_bytes(size, order)  # type: ignore[arg-type]
            case 2:
                del changed[place:]
            case 3:
                del changed[place : place + int(random.integers(1, 64))]
            case 4:
                changed[place:place] = bytes(int(random.integers(1, 300)))
            case 5:
                changed[place:place] = changed[place : place + int(random.integers(1, 600))]
            case 6:
                start = int(random.integers(len(other)))
                changed[place : place + 400] = other[start : start + int(random.integers(1, 400))]
    return bytes(changed)


def fuzz(kind: str, cases: int, seed: int) -> Counter[str]:
    """What became of damaged files of a kind, read as a whole and block by block."""
    random = np.random.default_rng(seed)
    files = whole_files(kind)
    outcomes: Counter[str] = Counter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for case in range(cases):
        data, other = (files[int(random.integers(len(files)))] for _ in range(2))
        data = damaged(data, other, random)
        start = time.monotonic()
        try:
            assert np.abs(load(data, RATE, 5).samples.astype(int)).max() > 0
            outcomes["sound"] += 1
        except UnusableError as error:
            outcomes[error.reason] += 1
        try:
            with opened(data) as file:
                for _, x in blocks(file, RATE, 1.0, 0.5):
                    assert x.dtype == np.int16
        except UnusableError:
            pass
        took = time.monotonic() - start
        assert took < SECONDS, f"seed {seed}, case {case}: {took:.1f} s"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    assert grown < MEMORY, f"seed {seed}: {grown:,} bytes"
    return outcomes


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_give_a_sound_or_a_reason(kind: str) -> None:
    outcomes = fuzz(kind, 60, seed=14)
    assert sum(outcomes.values()) == 60
    assert outcomes["sound"]
    assert outcomes["unreadable"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand_damaged_files_of_each_kind(kind: str, capsys: pytest.CaptureFixture) -> None:
    seed = time.time_ns() % 2**32
    with capsys.disabled():
        sys.stdout.write(f"\n{kind}: seed {seed}: ")
        sys.stdout.flush()
    outcomes = fuzz(kind, 10_000, seed)
    with capsys.disabled():
        sys.stdout.write(f"{dict(outcomes)}\n")

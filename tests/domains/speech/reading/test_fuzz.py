"""Damaged sound files of every format that is read: samples or a reason, within limits of time and memory."""

import resource
import time

import numpy as np
import pytest

from domains.speech.reading.decode import UnusableError, open_recording
from domains.speech.reading.recordings import load
from tests.domains.speech.sounds import encoded, tone
from tests.fuzzing import fuzz

RATE = 8000
KINDS = {
    "wav": [("WAV", subtype) for subtype in ("PCM_16", "FLOAT", "ULAW", "IMA_ADPCM", "MS_ADPCM", "GSM610")],
    "flac": [("FLAC", "PCM_16"), ("FLAC", "PCM_24")],
    "ogg": [("OGG", "VORBIS")],
    "opus": [("OGG", "OPUS")],
    "mp3": [("MP3", "MPEG_LAYER_III")],
    "aiff": [("AIFF", subtype) for subtype in ("PCM_16", "FLOAT", "ULAW", "IMA_ADPCM")],
    "others": [
        *(("AU", "PCM_16"), ("AU", "G721_32"), ("CAF", "PCM_16"), ("CAF", "ALAC_16"), ("W64", "PCM_16")),
        *(("RF64", "PCM_16"), ("NIST", "PCM_16"), ("WAVEX", "PCM_24")),
    ],
}
MONO = ("GSM610", "G721_32", "IMA_ADPCM")
MEMORY = 2**30  # bytes that all cases together may add


def whole_files(kind: str) -> list[bytes]:
    mono = tone(440, 0.2)
    stereo = np.stack([mono, tone(700, 0.2)], 1)
    kinds = KINDS[kind]
    files = [encoded(mono, RATE, format, subtype) for format, subtype in kinds]
    return files + [encoded(stereo, RATE, *kind) for kind in kinds if kind[1] not in MONO]


def read_both_ways(data: bytes) -> None:
    """As a whole, as training does, and block by block, as predict does."""
    try:
        assert np.abs(load(data, RATE, 5).samples.astype(int)).max() > 0
    finally:
        with open_recording(data) as file:
            for _, x in file.blocks(RATE, 1.0, 0.5):
                assert x.dtype == np.int16


def used_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_give_samples_or_a_reason(kind: str) -> None:
    outcomes = fuzz(whole_files(kind), read_both_ways, UnusableError, cases=60, seed=14)
    assert outcomes["read"]
    assert outcomes["refused"]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand_damaged_files_of_each_kind(kind: str) -> None:
    before = used_memory()
    fuzz(whole_files(kind), read_both_ways, UnusableError, cases=10_000, seed=time.time_ns() % 2**32)
    assert used_memory() - before < MEMORY

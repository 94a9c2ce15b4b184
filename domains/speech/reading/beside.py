"""The true labels of one recording, from the file beside it."""

from collections.abc import Collection
from pathlib import Path

from domains.speech.reading.alignment import (
    MAX_BYTES,
    NO_TIER,
    TIMIT,
    TRANSCRIPT,
    Alignment,
    read_alignment,
    suffixes_for,
)
from domains.speech.reading.decode import UnusableError


def alignment_beside(
    recording: Path, classes: Collection[str], rate: int, seconds: float
) -> tuple[Alignment | None, str]:
    """The labels with times of the tier, phones or words, that has most of some classes.

    None where there is no such file, or it cannot be used: then also the reason.
    """
    best, most, problem = None, -1, ""
    for tier in TIMIT:
        for suffix in suffixes_for(tier):
            names = dict.fromkeys((suffix, suffix.upper(), suffix.replace("textgrid", "TextGrid")))
            paths = [path for name in names if (path := recording.with_suffix(name)).is_file()]
            if suffix == TRANSCRIPT or not paths:
                continue
            try:
                with paths[0].open("rb") as file:
                    content = file.read(MAX_BYTES + 1)
                alignment = read_alignment(paths[0].name, content, tier, rate=rate, seconds=seconds)
            except (UnusableError, OSError) as error:
                reason = error.detail if isinstance(error, UnusableError) else str(error.strerror)
                if not (isinstance(error, UnusableError) and error.reason == NO_TIER):
                    problem = f"labels beside it are not drawn: {reason}"
                continue
            share = sum(label in classes for label in alignment.label.tolist())
            if alignment.timed and share > most:
                best, most = alignment, share
    return best, "" if best else problem

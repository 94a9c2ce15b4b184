"""Datasets of made voices: names and contents of files."""

import io
import random
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import soundfile
from numpy.typing import NDArray

from domains.speech.voices.clips import RATE, Segment, clip
from domains.speech.voices.sentences import DIGITS, TEXTS
from domains.speech.voices.voice import Voice, voices

MELODIES = ("{}.", "{},", "{}!", "{}?")
COMPRESSION = {"flac": 0.625, "mp3": 0.9}  # 0 … 1; that of flac is its default
TIGHT = (0.0, 0.1)  # seconds of silence around a single word

Files = Iterator[tuple[str, bytes]]


def spoken_texts(kind: str, number: int, each: int, seed: int, encoding: str = "flac") -> Files:
    """VOICE/NUMBER.flac with its phones and words beside it, as TIMIT has them: START END LABEL, in samples.

    Args:
        kind: sentences, digits or words.
        number: of voices.
        each: texts of each voice, which are its own.
        seed: of voices and texts; a file depends on it, the kind, the voice and its number alone.
        encoding: flac, or mp3, which is a seventh of the size and shifts no sound.
    """
    for voice in voices(number, seed):
        for n in range(each):
            name = f"{voice.name}/{kind}-{n:03d}"
            text = TEXTS[kind](random.Random(f"{seed} {name}"))  # noqa: S311 - a repeatable draw, not a secret
            spoken = clip(voice, text, f"{seed} {name}")
            yield f"{name}.{encoding}", _encoded(spoken.samples, encoding)
            yield f"{name}.phn", _lines(spoken.phones)
            yield f"{name}.wrd", _lines(spoken.words)


def single_digits(number: int, each: int, seed: int) -> Files:
    """DIGIT_VOICE_NUMBER.flac for ``data=speech/folder``; arguments as of ``spoken_texts``."""
    return single_words(
        voices(number, seed), {str(digit): word for digit, word in enumerate(DIGITS)}, each, seed
    )


def single_words(
    speakers: Sequence[Voice], words: Mapping[str, str], each: int, seed: int, encoding: str = "flac"
) -> Files:
    """LABEL_VOICE_NUMBER.flac, ``each`` times every word of every speaker.

    Args:
        speakers: who speaks.
        words: by their labels.
        each: recordings of a word by a speaker.
        seed: a file depends on it, the speaker, the word and its number alone.
        encoding: as of ``spoken_texts``.
    """
    for speaker in speakers:
        for n in range(each):
            for label, word in words.items():
                name = f"{label}_{speaker.name}_{n}"
                melody = random.Random(f"{seed} {name}").choice(MELODIES)  # noqa: S311
                spoken = clip(speaker, melody.format(word), f"{seed} {name}", around=TIGHT)
                yield f"{name}.{encoding}", _encoded(spoken.samples, encoding)


def _encoded(x: NDArray[np.int16], encoding: str) -> bytes:
    sound = io.BytesIO()
    soundfile.write(sound, x, RATE, format=encoding.upper(), compression_level=COMPRESSION[encoding])
    return sound.getvalue()


def _lines(segments: list[Segment]) -> bytes:
    return "".join(f"{start} {end} {label}\n" for start, end, label in segments).encode()

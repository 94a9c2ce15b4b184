"""espeak-ng's library, from the package espeakng-loader: a text in, samples and events in time out."""

import ctypes
import os
from _ctypes import dlclose
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.errors import UserError

VERSION = "1.52.0"  # of the library in espeakng-loader 0.2.4; another may speak otherwise
RATE = 22050  # Hz of the library's voices
SPEED = (80, 450)  # words a minute that the library can speak
_SYNCHRONOUS, _PHONE_EVENTS, _KEEP_RUNNING, _UTF8 = 2, 1, 0x8000, 1
_WORD, _PHONE = 1, 7  # types of events; one of type 0 ends their list
_SPEED, _PITCH, _MELODY = 1, 3, 4  # parameters
_one_at_a_time = Lock()  # the library is not re-entrant


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # in characters, from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("mnemonic", ctypes.c_char * 8),
    )


_Listener = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Spoken(NamedTuple):
    """A text as the library speaks it."""

    samples: NDArray[np.int16]  # at RATE
    phones: list[tuple[int, str]]  # where each begins, in samples, and its mnemonic with its stress
    words: list[tuple[int, str]]  # where each begins, and the word


def speak(text: str, voice: str, *, speed: int, pitch: int, melody: int) -> Spoken:
    """Speak a text; the same arguments give the same samples on every machine of a kind.

    Args:
        text: English.
        voice: accent and variant, such as ``en-us+f1``.
        speed: words a minute.
        pitch: 0 to 99; 50 is the variant's own, 50 more are an octave.
        melody: 0 to 99; how far the pitch rises and falls, 50 as the variant's own.

    Raises:
        UserError: the library is missing or does not work on this system.
    """
    chunks: list[NDArray[np.int16]] = []
    events: list[tuple[int, int, int, int, str]] = []

    def hear(wave: Any, length: int, happened: Any) -> int:
        if length > 0:
            chunks.append(np.ctypeslib.as_array(wave, (length,)).copy())
        number = 0
        while (event := happened[number]).type:
            mnemonic = event.mnemonic.decode() if event.type == _PHONE else ""
            events.append((event.type, event.sample, event.text_position - 1, event.length, mnemonic))
            number += 1
        return 0

    listener, content = _Listener(hear), text.encode()
    with _one_at_a_time, _Library() as library:
        library.espeak_SetSynthCallback(listener)
        if library.espeak_SetVoiceByName(voice.encode()):
            raise UserError(f"voice: must be an accent and a variant of espeak-ng, got {voice}")
        for parameter, value in ((_SPEED, speed), (_PITCH, pitch), (_MELODY, melody)):
            library.espeak_SetParameter(parameter, value, 0)
        library.espeak_Synth(content, len(content) + 1, 0, 1, 0, _UTF8, None, None)
    return Spoken(
        np.concatenate(chunks),
        [(sample, mnemonic) for kind, sample, _, _, mnemonic in events if kind == _PHONE],
        [
            (sample, text[place : place + length])
            for kind, sample, place, length, _ in events
            if kind == _WORD and length
        ],
    )


class _Library:
    """The library, loaded anew: it keeps the phase of a tremor and its noise from one text to the next."""

    def __enter__(self) -> ctypes.CDLL:
        try:
            import espeakng_loader

            self.library = ctypes.CDLL(espeakng_loader.get_library_path())
            data = os.fsencode(espeakng_loader.get_data_path())
            options = _PHONE_EVENTS | _KEEP_RUNNING
            self.library.espeak_Initialize(_SYNCHRONOUS, 0, data, options)
        except (ImportError, OSError, RuntimeError) as error:
            raise _unusable(" ".join(str(error).split())) from error
        self.library.espeak_Info.restype = ctypes.c_char_p
        if (version := self.library.espeak_Info(None).decode()) != VERSION:
            raise _unusable(f"espeak-ng {version}")
        self.library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        return self.library

    def __exit__(self, *error: object) -> None:
        self.library.espeak_Terminate()
        dlclose(self.library._handle)


def _unusable(reason: str) -> UserError:
    remedy = "give: pip install espeakng-loader==0.2.4"
    return UserError(
        f"espeakng-loader: must have espeak-ng {VERSION} for this system, got {reason}; {remedy}"
    )

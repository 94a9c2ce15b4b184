"""Voices as numbers, drawn from a seed."""

import random
from typing import NamedTuple

from domains.speech.voices.english import ACCENTS, VARIANTS

FORMANTS = (0.9, 1.1)  # factors that are drawn
PITCH = (0.8, 1.25)
SPEED = (130, 190)  # words a minute


class Voice(NamedTuple):
    """A speaker of English."""

    name: str  # f007: its sex and number
    accent: str  # espeak-ng's name
    variant: str  # of espeak-ng: vocal tract, breath, pitch
    formants: float  # factor on the variant's: 1.1 is a vocal tract shorter by a tenth
    pitch: float  # factor on the variant's
    speed: float  # words a minute

    @property
    def sex(self) -> str:
        """``f`` or ``m``."""
        return self.name[0]


def voices(number: int, seed: int = 0) -> list[Voice]:
    """Voices, women and men in turn, each sex with each accent and variant equally often.

    More voices of the same seed begin with the fewer.
    """
    return [voice("fm"[n % 2], n // 2, seed) for n in range(number)]


def voice(sex: str, number: int, seed: int) -> Voice:
    """The voice of a sex with a number."""
    draw = random.Random(f"{seed} {sex} {number}")  # noqa: S311 - a repeatable draw, not a secret
    return Voice(
        f"{sex}{number:03d}",
        _turn(ACCENTS, number, f"{seed} accents"),  # the same for both sexes
        _turn(VARIANTS[sex], number, f"{seed} {sex}"),
        draw.uniform(*FORMANTS),
        PITCH[0] * (PITCH[1] / PITCH[0]) ** draw.random(),
        draw.uniform(*SPEED),
    )


def _turn(names: list[str], number: int, seed: str) -> str:
    """Item ``number`` of all names in an order, all again in another order, and on like that."""
    turn, place = divmod(number, len(names))
    return random.Random(f"{seed} {turn}").sample(names, len(names))[place]  # noqa: S311

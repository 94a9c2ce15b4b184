"""The sides of a split: their names, what is said of them, and what nothing can be learned by."""

import numpy as np
from numpy.typing import NDArray

from domains.speech.reading.clips import Clips
from shared.errors import UserError

SIDES = ("train", "val", "test")
TRAIN, VAL, TEST = range(3)

Sides = NDArray[np.uint8]  # (C,) TRAIN, VAL or TEST


def check_sides(clips: Clips, sides: Sides) -> None:
    """Refuse a split that no network can be trained and tested by.

    Raises:
        UserError: a side without a clip, or a word that is tested and never learned.
    """
    for side, purpose in ((TRAIN, "train on"), (VAL, "validate with"), (TEST, "test with")):
        if not (sides == side).any():
            raise UserError(
                f"no clip to {purpose} (clips: {_counts(sides)}); give more recordings of each word, or "
                "another data.fractions, data.official or data.test_speaker"
            )
    learned = set(clips.label[sides == TRAIN])
    for word in sorted(set(clips.label.tolist())):
        if word not in learned:
            voices = ", ".join(np.unique(clips.speaker[clips.label == word]))
            raise UserError(
                f"{word!r} is on the test or validation side alone (its speakers: {voices or 'not known'}): "
                "there is nothing to learn it from; choose another split, add speakers, or leave the word out"
            )


def _counts(sides: Sides) -> str:
    return ", ".join(f"{(sides == number).sum():,} {side}" for number, side in enumerate(SIDES))


def remarks(clips: Clips, sides: Sides) -> list[str]:
    """The sizes of the sides, and which voices are on two of them."""
    voices = [set(clips.speaker[sides == number]) for number in range(3)]
    known = "" not in set.union(*voices)
    counts = []
    for number, side in enumerate(SIDES):
        text = f"{(sides == number).sum():,} {side}"
        if known:
            text += f" of {len(voices[number]):,} speaker{'s' * (len(voices[number]) != 1)}"
            if side != "train" and 0 < len(voices[number]) <= 3:
                text += f" ({', '.join(sorted(voices[number]))})"
        counts.append(text)
    said = [f"clips: {', '.join(counts)}"]
    if not known:
        said.append("speakers not known: split by file, so that a voice may stand on two sides")
        return said
    heard = voices[TEST] & voices[TRAIN]
    if heard:
        said.append(f"{len(heard)} of {len(voices[TEST])} test speakers are heard in training as well")
    elif voices[VAL] & voices[TRAIN]:
        said.append("validation clips are of training speakers, test clips of none")
    if len(voices[TEST]) == 1:
        said.append("one test speaker: intervals are over his or her clips, not over voices")
    alone = [word for word in np.unique(clips.label) if len(set(clips.speaker[clips.label == word])) == 1]
    if alone and len(set.union(*voices)) > 1:
        said.append(f"one speaker only: {', '.join(alone)}")
    return said

"""Which clips train, validate and test: checked and described."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domains.speech.reading.clips import Clips
from shared.errors import UserError

PURPOSES = {"train": "train on", "val": "validate on", "test": "test on"}


class Split(NamedTuple):
    """The split of C clips.

    Attributes:
        clips: the clips.
        names: (C,) ``train``, ``val`` or ``test``.
        remarks: further lines for the summary.
    """

    clips: Clips
    names: NDArray[np.str_]
    remarks: list[str]

    def check(self) -> None:
        """Refuse a split that no network can be trained, validated and tested on.

        Raises:
            UserError: a split without clips, or a word without training clips.
        """
        counts = {name: int((self.names == name).sum()) for name in PURPOSES}
        for name, purpose in PURPOSES.items():
            if not counts[name]:
                numbers = ", ".join(f"{count:,} {name}" for name, count in counts.items())
                raise UserError(
                    f"no clip to {purpose} (clips: {numbers}); give more recordings of each word, or another "
                    "data.fractions, data.official or data.test_speaker"
                )
        labels, speakers = self.clips.label, self.clips.speaker
        for word in sorted(set(labels.tolist()) - set(labels[self.names == "train"].tolist())):
            names = ", ".join(np.unique(speakers[labels == word]))
            raise UserError(
                f"{word!r} has no training clip (its speakers: {names or 'unknown'}); choose another split, "
                "add speakers, or remove the word"
            )

    def summary(self) -> list[str]:
        """The size of each split, and which speakers are in more than one."""
        labels, speakers = self.clips.label, self.clips.speaker
        voices = {name: set(speakers[self.names == name].tolist()) for name in PURPOSES}
        known = "" not in speakers
        sizes = []
        for name, own in voices.items():
            size = f"{(self.names == name).sum():,} {name}"
            if known:
                size += f" of {len(own):,} speaker{'' if len(own) == 1 else 's'}"
                if name != "train" and 0 < len(own) <= 3:
                    size += f" ({', '.join(sorted(own))})"
            sizes.append(size)
        lines = [f"clips: {', '.join(sizes)}"]
        if not known:
            lines.append("speakers unknown: split by file, so a voice may be in several splits")
            return lines + self.remarks
        if shared := voices["test"] & voices["train"]:
            lines.append(f"{len(shared)} of {len(voices['test'])} test speakers are also training speakers")
        elif voices["val"] & voices["train"]:
            lines.append("validation speakers are also training speakers; test speakers are not")
        if len(voices["test"]) == 1:
            lines.append("one test speaker: intervals are over the clips, not over speakers")
        if len(np.unique(speakers)) > 1:
            single = [word for word in np.unique(labels) if len(set(speakers[labels == word])) == 1]
            if single:
                lines.append(f"words of one speaker only: {', '.join(single)}")
        return lines + self.remarks

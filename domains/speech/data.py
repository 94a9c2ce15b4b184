"""Clips of words as batches of samples, split by speaker wherever speakers are known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domains.speech.baselines import logistic_regression, most_frequent
from domains.speech.clips import Clips, read_clips
from domains.speech.front_end import LogMel
from domains.speech.split import TEST, TRAIN, VAL, Sides, Split, split
from shared.data import DataModule, Draw, Fractions
from shared.errors import UserError


class Words:
    """Clips, each with the word that is spoken in it.

    A batch holds ``x`` int16 (N, samples), filled up with zeros, ``lengths`` the samples of each clip, ``y``
    the word, ``item``, and ``stretch`` (N,) where the clips are to be heard as by other voices.
    """

    def __init__(self, clips: Clips, chosen: NDArray[np.int64], y: NDArray[np.int64], stretch: float = 1.0):
        self.clips, self.stretch = clips, stretch
        self.clip, self.y = chosen, y[chosen]
        self.lengths = clips.length[chosen]

    def __len__(self) -> int:
        return len(self.clip)

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        items = draw.items
        lengths, start = self.lengths[items], self.clips.start[self.clip[items]]
        x = np.zeros((len(items), lengths.max()), np.int16)
        for row, first, length in zip(x, start, lengths, strict=True):
            row[:length] = self.clips.samples[first : first + length]
        batch = {"x": x, "lengths": lengths, "y": self.y[items], "item": items}
        if self.stretch != 1.0:
            batch["stretch"] = np.full(len(items), self.stretch, np.float32)
        return batch


class SpeechData(DataModule):
    """Recordings of words in a file, folder or archive.

    ``conf/data/speech/folder.yaml`` says what each argument is for.
    """

    planes = 1
    train_set: Words
    val_set: Words
    test_set: Words

    def __init__(
        self,
        *,
        path: str,
        pattern: str,
        max_seconds: float,
        sizes: dict[str, Any],
        augment: dict[str, Any],
        official: dict[str, str] | None,
        test_speaker: str | None,
        fold: int | None,
        folds: int | None,
        fractions: Fractions,
        test_stretch: float,
        cache: str | None,
        train_also: str | None = None,
        **loading: Any,
    ):
        super().__init__(**loading)
        LogMel(**sizes)  # refuses sizes that do not fit before any data are read
        self.extent = (sizes["mels"], None)
        if not 0.5 <= test_stretch <= 2:
            raise UserError(f"data.test_stretch={test_stretch}: give a factor from 0.5 to 2, 1 for none")
        self.path, self.train_also = Path(path), Path(train_also) if train_also else None
        self.sizes, self.augment, self.test_stretch = sizes, augment, test_stretch
        self.reading: dict[str, Any] = {
            "pattern": pattern, "max_seconds": max_seconds, "cache": Path(cache) if cache else None
        }  # fmt: skip
        self.splitting: dict[str, Any] = {
            "official": official, "test_speaker": test_speaker, "fold": fold, "folds": folds,
            "fractions": fractions,
        }  # fmt: skip
        self._ready = False

    def setup(self, stage: str | None = None) -> None:
        """Read and split the clips.

        Raises:
            UserError: The path holds no usable clips, or they cannot be split as is asked for.
        """
        if self._ready:
            return
        self._ready = True
        trained = self.front_end  # of a run that is tested on these data
        rate = trained.get("sizes", self.sizes)["rate"]
        clips = self.read(rate)
        self.classes = trained.get("classes") or sorted(set(clips.label.tolist()))
        strange = sorted(set(clips.label.tolist()) - set(self.classes))
        if strange:
            raise UserError(
                f"{self.path}: words that the run does not know: {', '.join(strange[:10])}; "
                f"it knows {', '.join(self.classes)}"
            )
        sides, remarks = self.split(clips)
        if self.train_also:
            more = self._only_trained_on(clips, sides, rate)
            clips, sides = clips.and_then(more), np.append(sides, np.full(len(more.label), TRAIN, np.uint8))
        y = np.searchsorted(self.classes, clips.label)
        self.train_set, self.val_set = (Words(clips, np.flatnonzero(sides == s), y) for s in (TRAIN, VAL))
        self.test_set = Words(clips, np.flatnonzero(sides == TEST), y, self.test_stretch)
        if self.test_stretch != 1.0:
            remarks.append(f"test clips' frequencies stretched by {self.test_stretch:g}")
        self.summary = "\n".join([clips.summary, *remarks])
        if not trained:
            lengths = self.train_set.lengths / self.sizes["rate"]
            self.front_end = {
                "sizes": self.sizes,
                "augment": self.augment,
                "classes": self.classes,
                # What predict.py needs, to cut a long recording into clips such as the network knows.
                "seconds": {"median": float(np.median(lengths)), "longest": float(lengths.max())},
            }

    def _only_trained_on(self, clips: Clips, sides: Sides, rate: int) -> Clips:
        """What ``data.train_also`` adds: no voice that is tested or validated, and no clip twice."""
        assert self.train_also is not None
        more = read_clips(self.train_also, rate=rate, **self.reading)
        strange = sorted(set(more.label.tolist()) - set(self.classes))
        if strange:
            raise UserError(
                f"data.train_also={self.train_also}: words that are not in {self.path}: "
                f"{', '.join(strange[:10])}; leave them out by data.pattern"
            )
        heard = set(clips.speaker[sides != TRAIN]) - {""}
        new = ~np.isin(more.speaker, list(heard)) & ~np.isin(more.identity, clips.identity)
        chosen = more.only(np.flatnonzero(new))
        voices = len(set(chosen.speaker) - {""})
        summary = f"{more.summary}; trained on as well: {len(chosen.label):,} clips of {voices:,} speakers"
        return replace(chosen, summary=summary)

    def read(self, rate: int) -> Clips:
        """All clips of the path."""
        return read_clips(self.path, rate=rate, **self.reading)

    def split(self, clips: Clips) -> Split:
        """Which side each clip is on."""
        return split(clips, **self.splitting)

    def groups(self, items: np.ndarray) -> np.ndarray:
        """Clips of one speaker resemble each other; where there is but one, or none is known, each counts."""
        speakers = self.test_set.clips.speaker[self.test_set.clip]
        several = "" not in speakers and len(np.unique(speakers)) > 1
        return np.unique(speakers, return_inverse=True)[1][items] if several else items

    def baselines(self, items: np.ndarray) -> dict[str, np.ndarray]:
        """The most frequent word, and logistic regression on each band's mean and variation."""
        if not len(self.train_set):  # clips that a run is tested on and nothing else
            return {}
        return {
            "most frequent word": most_frequent(self.train_set, self.test_set)[items],
            "logistic regression": logistic_regression(self.train_set, self.test_set, self.front_end)[items],
        }

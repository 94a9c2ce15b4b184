"""Clips of words as batches of samples, split by speaker wherever speakers are known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from domains.speech.augment import Augment
from domains.speech.baselines import logistic_regression, most_frequent
from domains.speech.dataset import Words
from domains.speech.preprocessing import LogMel
from domains.speech.reading import (
    TEST,
    TRAIN,
    VAL,
    Clips,
    Official,
    Sides,
    Split,
    check_options,
    check_sides,
    compiled,
    read_clips,
    split_clips,
)
from shared.config import check_arguments
from shared.errors import UserError, require_number
from shared.files import check_classes, class_name
from shared.training import DataModule, Fractions

LONGEST = 600  # seconds that data.max_seconds may allow: a clip is one input, and lies in memory as a whole
HINT = "sort the recordings as WORD/recording.wav, or let data.pattern find the word in the names"


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
        pattern: str | None,
        max_seconds: float,
        sizes: dict[str, Any],
        augment: dict[str, Any],
        official: Official | None,
        test_speaker: str | None,
        fold: int | None,
        folds: int | None,
        fractions: Fractions,
        test_stretch: float,
        cache: str | None,
        train_also: str | None = None,
        strict: bool = False,
        **loading: Any,
    ):
        super().__init__(**loading)
        # Refused before any data are read: sizes and changes of clips that do not fit.
        check_arguments(LogMel, sizes, "data.sizes")
        LogMel(**sizes)
        self.extent = (sizes["mels"], None)
        check_arguments(Augment, augment, "data.augment", given=("hop_ms",))
        Augment(hop_ms=sizes["hop_ms"], **augment)
        require_number("data.test_stretch", test_stretch, 0.5, 2)
        require_number("data.max_seconds", max_seconds, 0.01, LONGEST)
        compiled(pattern)
        self.path, self.train_also = Path(path), Path(train_also) if train_also else None
        self.sizes, self.augment, self.test_stretch = sizes, augment, test_stretch
        self.reading: dict[str, Any] = {
            "pattern": pattern, "max_seconds": max_seconds, "strict": strict,
            "cache": Path(cache) if cache else None,
        }  # fmt: skip
        self.splitting: dict[str, Any] = {
            "official": official, "test_speaker": test_speaker, "fold": fold, "folds": folds,
            "fractions": fractions,
        }  # fmt: skip
        check_options(**self.splitting)
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
        words = np.unique(clips.label).tolist()
        self.classes = trained.get("classes") or words
        known = [class_name(word) for word in self.classes]  # of an older run perhaps not composed
        self._check_known(f"data.path={self.path}", clips, known)
        sides, remarks = self.split(clips)
        if trained:
            remarks += _tested(sides, [word for word in known if word not in words])
        else:
            remarks = check_classes(clips.label, str(self.path), HINT) + remarks
            check_sides(clips, sides)
        if self.train_also:
            more = self._only_trained_on(clips, sides, rate, known)
            clips, sides = clips.and_then(more), np.append(sides, np.full(len(more.label), TRAIN, np.uint8))
        number = {word: place for place, word in enumerate(known)}
        y = np.array([number[word] for word in clips.label.tolist()], np.int64)
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

    def _check_known(self, place: str, clips: Clips, known: list[str]) -> None:
        """Refuse words that are no classes: a network cannot name them."""
        strange = sorted(set(clips.label.tolist()) - set(known))
        if strange:
            example = clips.name[clips.label == strange[0]][0]
            raise UserError(
                f"{place}: unknown words: {', '.join(strange[:10])} (such as {example}); known are "
                f"{', '.join(known[:40])}; let data.pattern skip the others"
            )

    def _only_trained_on(self, clips: Clips, sides: Sides, rate: int, known: list[str]) -> Clips:
        """What ``data.train_also`` adds: no voice that is tested or validated, and no clip twice."""
        assert self.train_also is not None
        more = read_clips(self.train_also, rate=rate, **self.reading)
        self._check_known(f"data.train_also={self.train_also}", more, known)
        heard = set(clips.speaker[sides != TRAIN]) - {""}
        new = ~np.isin(more.speaker, list(heard)) & ~np.isin(more.identity, clips.identity)
        chosen = more.only(np.flatnonzero(new))
        voices = len(set(chosen.speaker) - {""})
        summary = f"{more.summary}; trained on as well: {len(chosen.label):,} clips of {voices:,} speakers"
        if (chosen.split != "").any():
            summary += "; its folders that are named like splits train, too"
        return replace(chosen, summary=summary)

    def read(self, rate: int) -> Clips:
        """All clips of the path."""
        return read_clips(self.path, rate=rate, **self.reading)

    def split(self, clips: Clips) -> Split:
        """Which side each clip is on."""
        return split_clips(clips, **self.splitting)

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


def _tested(sides: Sides, missing: list[str]) -> list[str]:
    """What is to be said where a trained run meets data: the share that is tested, words without a clip."""
    tested = int((sides == TEST).sum())
    said = []
    if tested < len(sides):
        said.append(
            f"tested: {tested:,} of {len(sides):,} clips; all of other recordings by "
            "'data.fractions={val: 0, test: 1}'"
        )
    if missing:
        said.append(f"words of the run without a recording here: {', '.join(missing)}")
    return said

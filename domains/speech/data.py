"""Clips of words as batches of samples, split by speaker wherever speakers are known."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domains.speech.background import background
from domains.speech.baselines import logistic_regression
from domains.speech.clip_data import ClipData, ClipDataset
from domains.speech.preprocessing import LogMel
from domains.speech.reading import Clips, compile_pattern, read_clips
from shared.errors import UserError
from shared.files import check_classes, check_trained, class_name, known_classes, number_classes
from shared.training import Draw

SKIP = "let data.pattern skip the others"
HINT = "sort the recordings as WORD/recording.wav, or let data.pattern find the word in the names"


class SpeechDataset(ClipDataset):
    """Clips, each with the number ``y`` of the word that is spoken in it."""

    def __init__(self, clips: Clips, y: NDArray[np.int64], stretch: float = 1.0):
        super().__init__(clips, stretch)
        self.y = y

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        return super().__getitem__(draw) | {"y": self.y[draw.items]}


class SpeechData(ClipData):
    """Recordings of words in a file, folder or archive.

    ``conf/data/speech/folder.yaml`` documents each argument.
    """

    remedy = (
        "more recordings, more epochs (trainer.max_epochs=20), another design "
        "(model=speech/frequency_no_lstm, model=speech/pooled), a start from a trained network (init=RUN)"
    )
    train_set: SpeechDataset
    val_set: SpeechDataset
    test_set: SpeechDataset

    def __init__(
        self,
        *,
        pattern: str | None,
        train_also: str | None = None,
        background: str | None = None,
        **settings: Any,
    ):
        super().__init__(**settings)
        self.pattern, self.train_also = compile_pattern(pattern), Path(train_also) if train_also else None
        self.background = None if background is None else class_name(background)
        if self.background == "":
            raise UserError(f"data.background: must be the name of a class or null, got {background!r}")

    def setup(self, stage: str | None = None) -> None:
        """Read and split the clips.

        Raises:
            UserError: The path holds no usable clips, or they cannot be split as configured.
        """
        if hasattr(self, "train_set"):
            return
        (clips, summary), place = self.read(self.rate), f"data.path={self.path}"
        if self.fitted:
            remarks = known_classes(clips.label.tolist(), self.classes, place, SKIP)[1]
        else:
            remarks = check_classes(clips.label, place, HINT)
            self.classes = sorted({*clips.label.tolist(), *([self.background] if self.background else [])})
        own, lines = self.splitter.split(clips)
        names, remarks = own, [*remarks, *lines]
        if not self.fitted:
            check_trained(clips.label, names, place)
        if self.train_also:
            more, of_more = self._extra(self.train_also, clips, names, self.rate)
            summary = f"{summary}\n{of_more}"
            clips, names = clips.and_then(more), np.append(names, ["train"] * len(more.label))
        if self.background:
            clips, names = self._with_background(clips, names, self.rate)
            remarks.append(f"{self.background}: made clips without a word, for training and validation")
        y = number_classes(clips.label.tolist(), self.classes)
        self.train_set, self.val_set, self.test_set = (
            SpeechDataset(clips.only(names == name), y[names == name], stretch)
            for name, stretch in (("train", 1.0), ("val", 1.0), ("test", self.test_stretch))
        )
        self.finish([summary, *remarks], own)

    def read(self, rate: int) -> tuple[Clips, str]:
        """All clips of the path, and what was read and skipped."""
        return self.read_clips(self.path, rate)

    def read_clips(self, path: Path, rate: int) -> tuple[Clips, str]:
        """The clips of a path as ``data.pattern`` names them."""
        return read_clips(path, rate, pattern=self.pattern, **self.reading)

    def _extra(self, path: Path, clips: Clips, names: NDArray[np.str_], rate: int) -> tuple[Clips, str]:
        """The clips of ``data.train_also``, without validation and test speakers and without duplicates."""
        more, summary = self.read_clips(path, rate)
        known_classes(more.label.tolist(), self.classes, f"data.train_also={path}", SKIP)
        excluded = list(set(clips.speaker[names != "train"]) - {""})
        chosen = more.only(~np.isin(more.speaker, excluded) & ~np.isin(more.identity, clips.identity))
        voices = len(set(chosen.speaker) - {""})
        summary += f"; trained on as well: {len(chosen.label):,} clips of {voices:,} speakers"
        if (chosen.split != "").any():
            summary += "; its folders that are named like splits train, too"
        return chosen, summary

    def _with_background(
        self, clips: Clips, names: NDArray[np.str_], rate: int
    ) -> tuple[Clips, NDArray[np.str_]]:
        """The clips, and in training and validation as many without a word as each word has on average."""
        lengths = np.array([len(samples) for samples in clips.samples])
        words = len(np.unique(clips.label))
        for number, name in enumerate(("train", "val")):
            own = lengths[names == name]
            if not len(own):
                continue
            draw = np.random.default_rng([self.seed, number])
            chosen = draw.choice(own, -(-len(own) // words))
            made = background(str(self.background), chosen.tolist(), rate, draw)
            clips, names = clips.and_then(made), np.append(names, [name] * len(chosen))
            lengths = np.append(lengths, chosen)
        return clips, names

    def baselines(self, items: np.ndarray) -> dict[str, np.ndarray]:
        """The most frequent word, and logistic regression on each band's mean and variation."""
        simple = super().baselines(items)
        if not simple:
            return {}
        log_mel = LogMel(**self.preprocessing.sizes)
        predicted = logistic_regression(self.train_set, self.train_set.y, self.test_set, log_mel)
        hits = predicted[items] == self.test_set.y[items]
        return {"most frequent word": simple["most frequent class"], "logistic regression": hits}

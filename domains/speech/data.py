"""Clips of words as batches of samples, split by speaker wherever speakers are known."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domains.speech.augment import Augment
from domains.speech.background import background
from domains.speech.baselines import logistic_regression
from domains.speech.preprocessing import LogMel, Seconds, SpeechPreprocessing
from domains.speech.reading import Clips, Official, Splitter, compile_pattern, read_clips
from shared.config import check_arguments
from shared.errors import UserError, require_number
from shared.files import check_classes, check_trained, class_name, known_classes, number_classes
from shared.training import DataModule, Draw, Fractions

LONGEST = 600  # seconds that data.max_seconds may allow: a clip is one input, and lies in memory as a whole
SKIP = "let data.pattern skip the others"
HINT = "sort the recordings as WORD/recording.wav, or let data.pattern find the word in the names"


class SpeechDataset:
    """Clips, each with the number of the word that is spoken in it.

    A batch holds ``x`` int16 (N, samples), filled up with zeros, ``lengths`` the samples of each clip, ``y``
    the word, ``item``, and ``stretch`` (N,) where the clips are changed to other voices.
    """

    def __init__(self, clips: Clips, y: NDArray[np.int64], stretch: float = 1.0):
        self.clips, self.y, self.stretch = clips, y, stretch
        self.held = clips.identity
        self.lengths = np.array([len(samples) for samples in clips.samples], np.int64)

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        items = draw.items
        lengths = self.lengths[items]
        x = np.zeros((len(items), lengths.max()), np.int16)
        for row, samples in zip(x, self.clips.samples[items], strict=True):
            row[: len(samples)] = samples
        batch = {"x": x, "lengths": lengths, "y": self.y[items], "item": items}
        if self.stretch != 1.0:
            batch["stretch"] = np.full(len(items), self.stretch, np.float32)
        return batch


class SpeechData(DataModule):
    """Recordings of words in a file, folder or archive.

    ``conf/data/speech/folder.yaml`` documents each argument.
    """

    planes = 1
    preprocessing: SpeechPreprocessing
    train_set: SpeechDataset
    val_set: SpeechDataset
    test_set: SpeechDataset

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
        background: str | None = None,
        strict: bool = False,
        **loading: Any,
    ):
        super().__init__(**loading)
        # Refused before any data are read: sizes and changes of clips that do not fit.
        check_arguments(LogMel, sizes, "data.sizes")
        LogMel(**sizes)
        self.extent = (sizes["mels"], None)
        check_arguments(Augment, augment, "data.augment", filled=("hop_ms",))
        Augment(hop_ms=sizes["hop_ms"], **augment)
        require_number("data.test_stretch", test_stretch, 0.5, 2)
        require_number("data.max_seconds", max_seconds, 0.01, LONGEST)
        self.path, self.train_also = Path(path), Path(train_also) if train_also else None
        self.background = None if background is None else class_name(background)
        if self.background == "":
            raise UserError(f"data.background: must be the name of a class or null, got {background!r}")
        self.sizes, self.augment, self.test_stretch = sizes, augment, test_stretch
        folder, searched = Path(cache) if cache else None, compile_pattern(pattern)
        self.read_clips = partial(
            read_clips, pattern=searched, max_seconds=max_seconds, strict=strict, cache=folder
        )
        self.splitter = Splitter(
            official=official, test_speaker=test_speaker, fold=fold, folds=folds, fractions=fractions
        )

    def setup(self, stage: str | None = None) -> None:
        """Read and split the clips.

        Raises:
            UserError: The path holds no usable clips, or they cannot be split as configured.
        """
        if hasattr(self, "train_set"):
            return
        rate = (self.preprocessing.sizes if self.fitted else self.sizes)["rate"]
        (clips, summary), place = self.read(rate), f"data.path={self.path}"
        if self.fitted:
            remarks = known_classes(clips.label.tolist(), self.classes, place, SKIP)[1]
        else:
            remarks = check_classes(clips.label, place, HINT)
            self.classes = sorted({*clips.label.tolist(), *([self.background] if self.background else [])})
        names, lines = self.splitter.split(clips)
        remarks += lines
        if not self.fitted:
            check_trained(clips.label, names, place)
        elif (tested := (names == "test").sum()) < len(names):
            hint = "test all with 'data.fractions={val: 0, test: 1}'"
            remarks.append(f"tested: {tested:,} of {len(names):,} clips; {hint}")
        if self.train_also:
            more, of_more = self._extra(self.train_also, clips, names, rate)
            summary = f"{summary}\n{of_more}"
            clips, names = clips.and_then(more), np.append(names, ["train"] * len(more.label))
        if self.background:
            clips, names = self._with_background(clips, names, rate)
            remarks.append(f"{self.background}: made clips without a word, for training and validation")
        y = number_classes(clips.label.tolist(), self.classes)
        self.train_set, self.val_set, self.test_set = (
            SpeechDataset(clips.only(names == name), y[names == name], stretch)
            for name, stretch in (("train", 1.0), ("val", 1.0), ("test", self.test_stretch))
        )
        if self.test_stretch != 1.0:
            remarks.append(f"test clips' frequencies stretched by {self.test_stretch:g}")
        self.summary = "\n".join([summary, *remarks])
        if not self.fitted:
            self.require("train", "val", "test")
            lengths = self.train_set.lengths / rate
            seconds: Seconds = {"median": float(np.median(lengths)), "longest": float(lengths.max())}
            self.preprocessing = SpeechPreprocessing(self.sizes, self.augment, seconds)

    def read(self, rate: int) -> tuple[Clips, str]:
        """All clips of the path, and what was read and skipped."""
        return self.read_clips(self.path, rate)

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

    def groups(self, items: np.ndarray) -> np.ndarray:
        """Clips of one speaker resemble each other; where there is but one, or none is known, each counts."""
        speakers, group = np.unique(self.test_set.clips.speaker, return_inverse=True)
        return items if "" in speakers or len(speakers) == 1 else group[items]

    def baselines(self, items: np.ndarray) -> dict[str, np.ndarray]:
        """The most frequent word, and logistic regression on each band's mean and variation."""
        simple = super().baselines(items)
        if not simple:
            return {}
        log_mel = LogMel(**self.preprocessing.sizes)
        predicted = logistic_regression(self.train_set, self.train_set.y, self.test_set, log_mel)
        hits = predicted[items] == self.test_set.y[items]
        return {"most frequent word": simple["most frequent class"], "logistic regression": hits}

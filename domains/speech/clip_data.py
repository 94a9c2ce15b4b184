"""What all data of speech share: clips as batches of samples, their preprocessing, and their split."""

from pathlib import Path
from typing import Any

import numpy as np

from domains.speech.augment import Augment
from domains.speech.preprocessing import LogMel, Seconds, SpeechPreprocessing
from domains.speech.reading import Clips, Official, Splitter
from shared.config import check_arguments
from shared.errors import require_number
from shared.training import DataModule, Draw, Fractions

MOST = 100_000  # seconds of a batch: 3 GB of samples
LONGEST = 600  # seconds that data.max_seconds may allow: a clip is one input, and lies in memory as a whole


class ClipDataset:
    """Clips.

    A batch holds ``x`` int16 (N, samples), filled up with zeros, ``lengths`` the samples of each clip,
    ``item``, and ``stretch`` (N,) where the clips are changed to other voices. ``cells`` as in ``Dataset``.
    """

    cells: int | None = None

    def __init__(self, clips: Clips, stretch: float = 1.0):
        self.clips, self.stretch = clips, stretch
        self.held = clips.identity
        self.lengths = np.array([len(samples) for samples in clips.samples], np.int64)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        items = draw.items
        lengths = self.lengths[items]
        x = np.zeros((len(items), lengths.max()), np.int16)
        for row, samples in zip(x, self.clips.samples[items], strict=True):
            row[: len(samples)] = samples
        batch = {"x": x, "lengths": lengths, "item": items}
        if self.stretch != 1.0:
            batch["stretch"] = np.full(len(items), self.stretch, np.float32)
        return batch


class ClipData(DataModule):
    """Recordings in a file, folder or archive.

    ``conf/data/speech/folder.yaml`` documents each argument.
    """

    planes = 1
    preprocessing: SpeechPreprocessing
    train_set: ClipDataset
    val_set: ClipDataset
    test_set: ClipDataset

    def __init__(
        self,
        *,
        path: str,
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
        batch_seconds: float | None = None,
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
        if batch_seconds is not None:
            require_number("data.batch_seconds", batch_seconds, 0.01, MOST)
        self.batch_seconds = batch_seconds
        self.path, folder = Path(path), Path(cache) if cache else None
        self.reading: dict[str, Any] = {"max_seconds": max_seconds, "strict": strict, "cache": folder}
        self.sizes, self.augment, self.test_stretch = sizes, augment, test_stretch
        self.splitter = Splitter(
            official=official, test_speaker=test_speaker, fold=fold, folds=folds, fractions=fractions
        )

    @property
    def rate(self) -> int:
        """Samples of the clips in a second."""
        return (self.preprocessing.sizes if self.fitted else self.sizes)["rate"]

    def finish(self, summary: list[str], names: np.ndarray) -> None:
        """End ``setup``, given all splits, with a summary; ``names`` are the splits of all clips (C,)."""
        if self.batch_seconds is not None:
            for dataset in (self.train_set, self.val_set, self.test_set):
                dataset.cells = int(self.batch_seconds * self.rate)
        if self.test_stretch != 1.0:
            summary.append(f"test clips' frequencies stretched by {self.test_stretch:g}")
        if not self.fitted:
            self.require("train", "val", "test")
            lengths = self.train_set.lengths / self.rate
            seconds: Seconds = {"median": float(np.median(lengths)), "longest": float(lengths.max())}
            self.preprocessing = SpeechPreprocessing(self.sizes, self.augment, seconds)
        elif (tested := (names == "test").sum()) < len(names):
            hint = "test all with 'data.fractions={val: 0, test: 1}'"
            summary.append(f"tested: {tested:,} of {len(names):,} clips; {hint}")
        self.summary = "\n".join(summary)

    def groups(self, items: np.ndarray) -> np.ndarray:
        """Clips of one speaker resemble each other; where there is but one, or none is known, each counts."""
        speakers, group = np.unique(self.test_set.clips.speaker, return_inverse=True)
        return items if "" in speakers or len(speakers) == 1 else group[items]

"""Recordings with labels over time: which phone, or word, sounds in each frame of the spectrogram."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from domains.speech.baselines import frame_regression
from domains.speech.clip_data import ClipData, ClipDataset
from domains.speech.preprocessing import LogMel
from domains.speech.reading import Aligned, compile_pattern, read_aligned
from shared.errors import UserError, named, shown
from shared.files import class_name, identities, listed, read_yaml
from shared.training import UNLABELLED, Draw

SILENCE, BLANK = "silence", "blank"
PAUSES = ("h#", "pau", "epi", "sil", "sp", "<sil>", "<eps>", "_", "#")  # as corpora and aligners name silence


class AlignedDataset(ClipDataset):
    """Clips with labels over time.

    A batch also holds ``y`` int64 (N, frames), the class of each frame of the spectrogram by the label at its
    centre, and ``labels`` int64 (N, longest), the classes in order without silence; -1 is none. Data without
    times have no ``y``.

    Args:
        aligned: the clips and their labels.
        classes: all classes.
        numbers: the class of each label, UNLABELLED for none; that of "" is of stretches without a label.
        log_mel: makes the frames.
        timed: whether there is ``y``.
        stretch: as of ``ClipDataset``.
    """

    def __init__(
        self,
        aligned: Aligned,
        classes: list[str],
        numbers: Mapping[str, int],
        log_mel: LogMel,
        *,
        timed: bool,
        stretch: float = 1.0,
    ):
        super().__init__(aligned.clips, stretch)
        self.timed, self.classes = timed, classes
        self.counts: np.ndarray = log_mel.frames(self.lengths)
        self.frames, self.labels, contents = [], [], []
        silence = classes.index(SILENCE) if SILENCE in classes else UNLABELLED
        for count, clip, alignment in zip(
            self.counts.tolist(), self.clips.identity, aligned.alignments, strict=True
        ):
            own = np.array([numbers[label] for label in alignment.label.tolist()], np.int64)
            centres = (np.arange(count) * log_mel.hop + log_mel.size / 2) / log_mel.rate
            place = alignment.at(centres)
            self.frames.append(np.where(place < 0, numbers[""], own[place]).astype(np.int32))
            self.labels.append(own[(own != UNLABELLED) & (own != silence)])
            names = "\n".join([*(classes[n] if n >= 0 else "" for n in own), ""])
            times = np.stack([alignment.start, alignment.end])
            contents.append(clip.tobytes() + names.encode() + times.tobytes())
        self.held = identities(contents)

    def __getitem__(self, draw: Draw) -> dict[str, Any]:
        batch = super().__getitem__(draw) | {"labels": _filled([self.labels[n] for n in draw.items])}
        return batch | ({"y": _filled([self.frames[n] for n in draw.items])} if self.timed else {})

    @property
    def class_sizes(self) -> np.ndarray:
        """The number of frames of each class (classes,), of data without times that of labels."""
        parts = [*(self.frames if self.timed else self.labels), np.zeros(0, np.int64)]
        numbers = np.concatenate(parts)
        return np.bincount(numbers[numbers != UNLABELLED], minlength=len(self.classes))


def _filled(rows: list[np.ndarray]) -> np.ndarray:
    """The rows as one array int64, UNLABELLED beyond their ends."""
    filled = np.full((len(rows), max(1, *map(len, rows))), UNLABELLED, np.int64)
    for line, row in zip(filled, rows, strict=True):
        line[: len(row)] = row
    return filled


class AlignedData(ClipData):
    """Recordings with labels over time in files beside them.

    ``conf/data/speech/aligned.yaml`` documents each argument.
    """

    over_time = True
    train_set: AlignedDataset
    val_set: AlignedDataset
    test_set: AlignedDataset

    def __init__(
        self,
        *,
        pattern: str | None,
        tier: str,
        merge: Any,
        gaps: Literal["silence"] | None,
        **settings: Any,
    ):
        super().__init__(**settings)
        self.pattern = compile_pattern(pattern, "speaker")
        if self.pattern and len(self.pattern.groupindex) > 1:
            raise UserError(
                f"data.pattern: must have the group (?P<speaker>…) alone, got {pattern}; the labels are in "
                "files beside the recordings"
            )
        for key in ("shift_ms", "pad_ms"):
            if value := self.augment.get(key):
                raise UserError(f"data.augment.{key}: must be 0 for labels over time, got {value}")
        if self.balance == "sampling":
            raise UserError("training.balance: must be weights or null for labels over time, got sampling")
        if not tier.strip():
            raise UserError(f"data.tier: must be the name of a tier, such as phones, got {tier!r}")
        self.tier, self.gaps, self.merge = class_name(tier), gaps, _table(merge)

    def setup(self, stage: str | None = None) -> None:
        """Read and split the clips.

        Raises:
            UserError: The path holds no usable recordings with labels, or they cannot be split as configured.
        """
        if hasattr(self, "train_set"):
            return
        aligned, summary = self.read(self.rate)
        names, remarks = self.splitter.split(aligned.clips)
        numbers, lines = self._numbers(aligned.alignments, names)
        log_mel = LogMel(**(self.preprocessing.sizes if self.fitted else self.sizes))
        timed = any(alignment.timed for alignment in aligned.alignments)
        self.train_set, self.val_set, self.test_set = (
            AlignedDataset(
                aligned.only(names == name), self.classes, numbers, log_mel, timed=timed, stretch=stretch
            )
            for name, stretch in (("train", 1.0), ("val", 1.0), ("test", self.test_stretch))
        )
        self.finish([summary, *lines, *remarks], names)

    def read(self, rate: int) -> tuple[Aligned, str]:
        """All clips of the path with their labels, and what was read and skipped."""
        return read_aligned(
            self.path,
            rate,
            pattern=self.pattern,
            tier=self.tier,
            transcripts=self.loss == "ctc",
            **self.reading,
        )

    def _numbers(self, alignments: np.ndarray, names: np.ndarray) -> tuple[dict[str, int], list[str]]:
        """The class of each label, and remarks; sets ``classes`` unless they are those of a network."""
        counts, trained = Counter[str](), set[str]()
        for alignment, split in zip(alignments, names.tolist(), strict=True):
            own = alignment.label[alignment.label != ""].tolist()
            counts.update(own)
            trained.update(own if split == "train" else ())
        merged = {label: self.merge.get(label, label) for label in counts}
        if not self.fitted:
            self.classes = self._classes({merged[label] for label in trained} - {None, SILENCE})
        known = {name: number for number, name in enumerate(self.classes)}
        if self.loss == "ctc":
            known.pop(BLANK)
        numbers = {label: known.get(str(name), UNLABELLED) for label, name in merged.items()}
        numbers[""] = known.get(SILENCE, UNLABELLED) if self.gaps else UNLABELLED
        remarks = []
        if nowhere := [label for label in self.merge if label not in counts]:
            remarks.append(f"data.merge: labels that occur nowhere: {listed(nowhere)}")
        if removed := [label for label, name in merged.items() if name is None]:
            remarks.append(f"labels removed by data.merge: {_counted(removed, counts)}")
        where = "run" if self.fitted else "training"
        if unknown := [label for label, name in merged.items() if name is not None and name not in known]:
            remarks.append(f"labels that are no class of the {where}, excluded: {_counted(unknown, counts)}")
        if missing := [name for name in known if name != SILENCE and name not in merged.values()]:
            remarks.append(f"classes of the run without examples: {listed(missing)}")
        if pauses := [name for name in known if name.casefold() in PAUSES]:
            remarks.append(f"labels that often mean silence: {listed(pauses)}; data.merge can make them so")
        if len(missing) == len(known.keys() - {SILENCE}):
            got = listed(sorted({str(name) for name in merged.values()}))
            must = f"must have labels that are classes of the run ({listed(self.classes)}), got {got}"
            raise UserError(f"data.path={self.path}: {must}; data.tier and data.merge decide the labels")
        return numbers, remarks

    def _classes(self, names: set[str | None]) -> list[str]:
        """The classes of a training on labels of these names, which are neither silence nor None."""
        place = f"data.path={self.path}"
        if not names:
            raise UserError(f"{place}: must have training labels besides silence, got none; see data.merge")
        if self.loss != "ctc":
            return sorted(map(str, {*names, SILENCE}))
        if BLANK in names:
            must = f"must have no label {BLANK!r} with training.loss=ctc, which has a class of that name"
            raise UserError(f"{place}: {must}; rename it, 'data.merge={{{BLANK}: …}}'")
        return [*sorted(map(str, {*names, SILENCE})), BLANK]

    def class_sizes(self, split: str) -> np.ndarray:
        """The number of frames of each class (classes,) in a split; of data without times that of labels."""
        return self.sets[split].class_sizes  # type: ignore[attr-defined]

    @property
    def imbalance(self) -> str:
        """Nothing: in speech the classes of frames are of very different sizes, and silence the largest."""
        return ""

    def baselines(self, items: np.ndarray) -> dict[str, np.ndarray]:
        """For each window, given its item, how many of the item's frames are right.

        By the most frequent class, and by logistic regression on frames with some context.
        """
        if self.loss == "ctc" or not (sizes := self.class_sizes("train")).any():
            return {}
        log_mel = LogMel(**self.preprocessing.sizes)
        predicted = frame_regression(self.train_set, self.test_set, log_mel)
        frequent, regression = np.zeros((2, len(self.test_set)))
        for item, (frames, answer) in enumerate(zip(self.test_set.frames, predicted, strict=True)):
            if len(own := frames[frames != UNLABELLED]):
                frequent[item] = (own == sizes.argmax()).mean()
                regression[item] = (own == answer[frames != UNLABELLED]).mean()
        return {"most frequent label": frequent[items], "logistic regression": regression[items]}


def _table(merge: Any) -> dict[str, str | None]:
    """``data.merge``, a table or the path of one in YAML: the name, or None, that a label counts as."""
    with named("data.merge"):
        table = read_yaml(Path(merge)) if isinstance(merge, str) else ({} if merge is None else merge)

    def is_label(value: Any) -> bool:
        return isinstance(value, str | int) and not isinstance(value, bool) and bool(str(value).strip())

    if not isinstance(table, dict):
        must = "must be null, a table such as {zh: sh}, or the path of one in YAML"
        raise UserError(f"data.merge: {must}, got {shown(merge)}")
    names: dict[str, str | None] = {}
    for label, name in table.items():
        if not is_label(label) or not (name is None or is_label(name)):
            must = "must map labels to labels, or to null to remove them"
            hint = "YAML needs quotes around yes, no, on and off"
            raise UserError(f"data.merge: {must}, got {shown({label: name})}; {hint}")
        names[class_name(str(label))] = None if name is None else class_name(str(name))
    return names


def _counted(labels: list[str], counts: Mapping[str, int]) -> str:
    """Labels with their numbers, the most frequent first."""
    return listed(
        [f"{label} ({counts[label]:,})" for label in sorted(labels, key=lambda label: -counts[label])]
    )

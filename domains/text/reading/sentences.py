"""Sentences that were read from a user's files, and where each stands."""

from array import array
from dataclasses import dataclass, field, replace

import numpy as np

from shared.files import Inventory


@dataclass
class Sentences:
    """What was read.

    Attributes:
        texts, labels: of each sentence. Labels are "" if not asked for.
        files: as errors call them.
        splits: of each file: ``train``, ``val``, ``test`` if its place or name says so, or "".
        file, line: of each sentence, the number of its file, and its line there, counted from 1.
        notes: what was guessed of the files.
        seen_files, seen_lines: what was used, and what was skipped.
        blank: lines with nothing in them.
    """

    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    file: "array[int]" = field(default_factory=lambda: array("l"))
    line: "array[int]" = field(default_factory=lambda: array("l"))
    notes: list[str] = field(default_factory=list)
    seen_files: Inventory = field(default_factory=Inventory)
    seen_lines: Inventory = field(default_factory=Inventory)
    blank: int = 0

    def place(self, item: int) -> tuple[str, int]:
        """The file and the line of a sentence."""
        return self.files[self.file[item]], self.line[item]

    @property
    def split(self) -> np.ndarray:
        """(N,) the official split of each sentence, or ""."""
        return np.array(self.splits, "<U5")[np.array(self.file, np.int64)]

    def summary(self) -> list[str]:
        """What was skipped and what was guessed, as lines to show."""
        blank = [f"empty lines: {self.blank:,}"] if self.blank else []
        return [*self.seen_files.summary("files"), *self.seen_lines.summary("lines"), *blank, *self.notes]

    def refuse(self, strict: bool) -> None:
        """With ``strict``, refuse what was skipped.

        Raises:
            UserError: naming the first file or line.
        """
        self.seen_files.refuse(strict)
        self.seen_lines.refuse(strict)

    def only(self, chosen: np.ndarray) -> "Sentences":
        """Those of the sentences that a mask (N,) chooses."""
        rows = np.flatnonzero(chosen).tolist()
        return replace(
            self,
            texts=[self.texts[row] for row in rows],
            labels=[self.labels[row] for row in rows],
            file=array("l", (self.file[row] for row in rows)),
            line=array("l", (self.line[row] for row in rows)),
        )

    def within(self, split: str) -> "Sentences":
        """The same, all of it in a split unless their places say one."""
        return replace(self, splits=[each or split for each in self.splits])

    def and_then(self, more: "Sentences") -> "Sentences":
        """These and others; what was skipped of the others stands in the notes."""
        return replace(
            self,
            texts=self.texts + more.texts,
            labels=self.labels + more.labels,
            files=self.files + more.files,
            splits=self.splits + more.splits,
            file=self.file + array("l", (number + len(self.files) for number in more.file)),
            line=self.line + more.line,
            notes=self.notes + more.summary(),
        )

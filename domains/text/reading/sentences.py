"""Sentences of a user's files, and the place of each."""

from array import array
from dataclasses import dataclass, field, replace

import numpy as np

from shared.files import Inventory


@dataclass
class Sentences:
    """Sentences and what was skipped.

    Attributes:
        texts, labels: of each sentence; labels are "" if they were not read.
        files: names for errors.
        splits: of each file, the official split ``train``, ``val`` or ``test``, or "".
        file, line: of each sentence, the index of its file, and its line from 1.
        notes: guesses, for the summary.
        seen_files, seen_lines: used and skipped.
        blank: number of empty lines.
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

    def where(self, item: int) -> str:
        """The place of a sentence, for messages."""
        return "{}, line {}".format(*self.place(item))

    @property
    def split(self) -> np.ndarray:
        """(N,) the official split of each sentence, or ""."""
        return np.array(self.splits, "<U5")[np.array(self.file, np.int64)]

    def summary(self) -> list[str]:
        """Lines on what was skipped and guessed."""
        blank = [f"empty lines: {self.blank:,}"] if self.blank else []
        return [*self.seen_files.summary("files"), *self.seen_lines.summary("lines"), *blank, *self.notes]

    def refuse(self, strict: bool) -> None:
        """With ``strict``, refuse skipped files and lines.

        Raises:
            UserError: naming the first file or line.
        """
        self.seen_files.refuse(strict)
        self.seen_lines.refuse(strict)

    def only(self, chosen: np.ndarray) -> "Sentences":
        """The sentences that a mask (N,) selects."""
        rows = np.flatnonzero(chosen).tolist()
        return replace(
            self,
            texts=[self.texts[row] for row in rows],
            labels=[self.labels[row] for row in rows],
            file=array("l", (self.file[row] for row in rows)),
            line=array("l", (self.line[row] for row in rows)),
        )

    def within(self, split: str) -> "Sentences":
        """The same sentences in an official split, except those that have one."""
        return replace(self, splits=[own or split for own in self.splits])

    def and_then(self, more: "Sentences") -> "Sentences":
        """These sentences followed by others, whose summary is added to the notes."""
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

"""Sentences of a user's files, and the place of each."""

from array import array
from dataclasses import dataclass, field, replace

import numpy as np

from shared.files import Inventory


@dataclass
class Sentences:
    """N sentences and what was skipped.

    Attributes:
        texts, labels: (N,); labels are "" if they were not read.
        files: names for errors.
        splits: of each file, the official split ``train``, ``val`` or ``test``, or "".
        file, line: (N,) the index of the sentence's file, and its line from 1.
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
        """With ``strict``, refuse skipped files and lines; a ``UserError`` names the first."""
        self.seen_files.refuse(strict)
        self.seen_lines.refuse(strict)

    def within(self, split: str) -> "Sentences":
        """The same sentences in an official split, except those that have one."""
        return replace(self, splits=[own or split for own in self.splits])

    def and_then(self, more: "Sentences") -> "Sentences":
        """These sentences followed by others, whose summary is added to the notes."""
        joined = {name: getattr(self, name) + getattr(more, name) for name in ("texts", "labels", "line")}
        return replace(
            self,
            **joined,
            files=self.files + more.files,
            splits=self.splits + more.splits,
            file=self.file + array("l", (number + len(self.files) for number in more.file)),
            notes=self.notes + more.summary(),
        )

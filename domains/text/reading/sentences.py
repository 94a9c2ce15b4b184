"""Sentences of a user's files, and the place of each."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from domains.text.reading.lines import Line
from shared.files import Inventory


@dataclass
class TextFile:
    """A file and its usable lines."""

    name: str  # inside the folder or archive
    place: str  # for errors
    label: str = ""  # of all lines; "" if they have labels of their own
    split: str = ""  # official: train, val or test
    is_table: bool = False
    lines: list[Line] = field(default_factory=list)


@dataclass
class Sentences:
    """The sentences of some files, and what was skipped."""

    files: list[TextFile]
    notes: list[str] = field(default_factory=list)  # guesses, for the summary
    seen_files: Inventory = field(default_factory=Inventory)
    seen_lines: Inventory = field(default_factory=Inventory)
    blank: int = 0  # number of empty lines

    @cached_property
    def _rows(self) -> list[tuple[TextFile, Line]]:
        return [(file, line) for file in self.files for line in file.lines]

    @cached_property
    def texts(self) -> list[str]:
        """(N,) the sentences."""
        return [line.text for _, line in self._rows]

    @cached_property
    def labels(self) -> list[str]:
        """(N,) their labels; "" if they were not read."""
        return [line.label for _, line in self._rows]

    @cached_property
    def split(self) -> np.ndarray:
        """(N,) the official split of each, or ""."""
        return np.array([file.split for file, _ in self._rows], "<U5")

    def place(self, item: int) -> tuple[str, int]:
        """The file and the line of a sentence."""
        file, line = self._rows[item]
        return file.place, line.number

    def where(self, item: int) -> str:
        """The place of a sentence, for messages."""
        return "{}, line {}".format(*self.place(item))

    def summary(self) -> list[str]:
        """Lines on what was skipped and guessed."""
        blank = [f"empty lines: {self.blank:,}"] if self.blank else []
        return [*self.seen_files.summary("files"), *self.seen_lines.summary("lines"), *blank, *self.notes]

    def within(self, split: str) -> "Sentences":
        """The same sentences in an official split, except those that have one."""
        return replace(self, files=[replace(file, split=file.split or split) for file in self.files])

    def and_then(self, more: "Sentences") -> "Sentences":
        """These sentences followed by others, whose summary is added to the notes."""
        return replace(self, files=self.files + more.files, notes=self.notes + more.summary())

"""What a reader saw and what became of it: nothing of a user's data is dropped without a word."""

import json
import posixpath
from collections import Counter
from typing import TypeVar

import numpy as np

from shared.errors import UserError

EXAMPLES = 3  # of each reason are named
DETAIL = 200  # characters of a detail are kept
USED = ""  # among the reasons
HIDDEN = "hidden"
EMPTY_FOLDER = "empty folder"

T = TypeVar("T", bound="Inventory")


class Inventory:
    """Every file (or line, row, game) that a reader saw: used, or skipped for a reason.

    Reasons are few and short, such as ``unreadable``: a summary counts by them. The detail describes the
    single case.
    """

    def __init__(self) -> None:
        self._folders: dict[str, Counter[str]] = {}  # numbers by reason
        self._examples: dict[str, list[tuple[str, str]]] = {}  # place and detail by reason

    def use(self, place: str, number: int = 1) -> None:
        """Note that a file, by its name inside the user's path, or a number of its lines was used."""
        folder = posixpath.dirname(place.rstrip("/")) or "."
        self._folders.setdefault(folder, Counter())[USED] += number

    def skip(self, place: str, reason: str, detail: str = "", number: int = 1) -> None:
        """Note that something was skipped.

        Args:
            place: the file's name, and the line where there are several in it.
            reason: what the summary counts.
            detail: of this case; shown for the first ones.
            number: of lines, rows or games.
        """
        folder = posixpath.dirname(place.rstrip("/")) or "."
        self._folders.setdefault(folder, Counter())[reason] += number
        examples = self._examples.setdefault(reason, [])
        if len(examples) < EXAMPLES:
            examples.append((place, " ".join(detail.split())[:DETAIL]))

    def add(self, other: "Inventory") -> None:
        """Add all that another inventory holds: that of a second path, say."""
        for reason, examples in other._examples.items():
            mine = self._examples.setdefault(reason, [])
            mine += examples[: EXAMPLES - len(mine)]
        for folder, counts in other._folders.items():
            self._folders.setdefault(folder, Counter()).update(counts)

    def _number(self, reason: str) -> int:
        return sum(counts[reason] for counts in self._folders.values())

    @property
    def used(self) -> int:
        """How many were used."""
        return self._number(USED)

    @property
    def skipped(self) -> Counter[str]:
        """How many were skipped, by reason; hidden files among them."""
        return Counter({reason: self._number(reason) for reason in self._examples})

    def summary(self, noun: str = "files") -> list[str]:
        """Lines for people: numbers, and the first examples of each reason; none if nothing was skipped."""
        number = self.skipped.total()
        head = f"{noun}: {self.used + number:,} seen, {self.used:,} used, {number:,} skipped"
        lines = [head] if self._examples else []
        for reason, count in self.skipped.most_common():
            examples = [place + f" ({detail})" * bool(detail) for place, detail in self._examples[reason]]
            examples += ["…"] * (count > len(examples))
            lines.append(f"  {count:,} {reason}: {', '.join(examples)}")
        return lines

    def unused_folders(self) -> dict[str, Counter[str]]:
        """Folders inside the path of whose files none was used, and why; what is hidden does not count."""
        unused = {}
        for folder, counts in sorted(self._folders.items()):
            reasons = Counter({r: n for r, n in counts.items() if r not in (USED, HIDDEN, EMPTY_FOLDER)})
            if reasons and not counts[USED] and folder != ".":
                unused[folder] = reasons
        return unused

    def refuse(self, strict: bool) -> None:
        """With ``strict``, refuse whatever was skipped, hidden files excepted, by a ``UserError``."""
        for reason, [(place, detail), *_] in self._examples.items():
            if strict and reason != HIDDEN:
                why = f": {detail}" if detail else ""
                raise UserError(f"{place}: {reason}{why}; mend or remove it, or set data.strict=false")

    def check_share(self, reason: str, remedy: str) -> None:
        """Refuse data of which more than half was skipped for one reason: little is left to learn from.

        The ``UserError`` has the numbers, an example and the remedy.
        """
        skipped = self.skipped
        of = self.used + skipped.total() - skipped[HIDDEN] - skipped[EMPTY_FOLDER]
        if 2 * skipped[reason] > of:
            place, detail = self._examples[reason][0]
            first = f"the first: {place}" + f", {detail}" * bool(detail)
            raise UserError(f"{skipped[reason]:,} of {of:,} skipped: {reason} ({first}); {remedy}")

    def array(self) -> np.ndarray:
        """The whole inventory as bytes (K,) uint8, for a cache of arrays."""
        fields = [self.used, self.skipped, self._examples, self._folders]
        return np.frombuffer(json.dumps(fields).encode(), np.uint8)

    @classmethod
    def of_array(cls: type[T], array: np.ndarray) -> T:
        """The inventory that ``array`` was made of."""
        inventory = cls()
        *_, examples, folders = json.loads(array.tobytes())
        inventory._examples = {reason: [(p, d) for p, d in rows] for reason, rows in examples.items()}
        inventory._folders = {folder: Counter(counts) for folder, counts in folders.items()}
        return inventory

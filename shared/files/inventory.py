"""What a reader saw and what became of it: nothing of a user's data is dropped without a word."""

import json
import posixpath
from collections import Counter

import numpy as np

from shared.errors import UserError

EXAMPLES = 3  # of each reason are named
DETAIL = 200  # characters of a detail are kept
HIDDEN = "hidden"
EMPTY_FOLDER = "empty folder"


class Inventory:
    """Every file (or line, row, game) that a reader saw: used, or skipped for a reason.

    Reasons are few and short, such as ``unreadable``: a summary counts by them. The detail describes the
    single case.
    """

    def __init__(self) -> None:
        self.used = 0
        self._skipped: Counter[str] = Counter()
        self._examples: dict[str, list[tuple[str, str]]] = {}
        self._folders: dict[str, Counter[str]] = {}  # "" counts what is used

    def use(self, place: str, number: int = 1) -> None:
        """Note that something was used.

        Args:
            place: the file's name inside the user's folder or archive.
            number: how many lines, rows or games of it.
        """
        self.used += number
        self._folder(place)[""] += number

    def skip(self, place: str, reason: str, detail: str = "", number: int = 1) -> None:
        """Note that something was skipped.

        Args:
            place: the file's name, and the line where there are several in it.
            reason: what the summary counts.
            detail: of this case; shown for the first ones.
            number: how many.
        """
        self._skipped[reason] += number
        self._folder(place)[reason] += number
        examples = self._examples.setdefault(reason, [])
        if len(examples) < EXAMPLES:
            examples.append((place, " ".join(detail.split())[:DETAIL]))

    def add(self, other: "Inventory") -> None:
        """Add all that another inventory holds: that of a second path, say."""
        self.used += other.used
        self._skipped += other._skipped
        for reason, examples in other._examples.items():
            mine = self._examples.setdefault(reason, [])
            mine += examples[: EXAMPLES - len(mine)]
        for folder, counts in other._folders.items():
            self._folders.setdefault(folder, Counter()).update(counts)

    def _folder(self, place: str) -> Counter[str]:
        return self._folders.setdefault(posixpath.dirname(place.rstrip("/")) or ".", Counter())

    @property
    def skipped(self) -> Counter[str]:
        """How many were skipped, by reason; hidden files among them."""
        return self._skipped.copy()

    @property
    def total(self) -> int:
        """All that was seen."""
        return self.used + sum(self._skipped.values())

    def summary(self, noun: str = "files") -> list[str]:
        """Lines for people: numbers, and the first examples of each reason; none if nothing was skipped."""
        if not self._skipped:
            return []
        number = sum(self._skipped.values())
        lines = [f"{noun}: {self.total:,} seen, {self.used:,} used, {number:,} skipped"]
        for reason, count in self._skipped.most_common():
            named = ", ".join(
                f"{place} ({detail})" if detail else place for place, detail in self._examples[reason]
            )
            more = ", …" if count > len(self._examples[reason]) else ""
            lines.append(f"  {count:,} {reason}: {named}{more}")
        return lines

    def unused_folders(self) -> dict[str, Counter[str]]:
        """Folders inside the path of whose files none was used, and why; what is hidden does not count."""
        unused = {}
        for folder, counts in sorted(self._folders.items()):
            reasons = Counter({r: n for r, n in counts.items() if r not in ("", HIDDEN, EMPTY_FOLDER)})
            if reasons and not counts[""] and folder != ".":
                unused[folder] = reasons
        return unused

    def refuse(self, strict: bool) -> None:
        """With ``strict``, refuse whatever was skipped, hidden files excepted.

        Raises:
            UserError: naming the first one.
        """
        for reason, examples in self._examples.items():
            if strict and reason != HIDDEN:
                place, detail = examples[0]
                why = f": {detail}" if detail else ""
                raise UserError(f"{place}: {reason}{why}; mend or remove it, or set data.strict=false")

    def check_share(self, reason: str, remedy: str) -> None:
        """Refuse data of which more than half was skipped for one reason: little is left to learn from.

        Args:
            reason: as given to ``skip``.
            remedy: the key to change, or what to do.

        Raises:
            UserError: with the numbers, an example and the remedy.
        """
        count, of = self._skipped[reason], self.used + sum(self._visible().values())
        if 2 * count > of:
            place, detail = self._examples[reason][0]
            why = f", {detail}" if detail else ""
            raise UserError(f"{count:,} of {of:,} skipped: {reason} (the first: {place}{why}); {remedy}")

    def _visible(self) -> Counter[str]:
        return Counter({r: n for r, n in self._skipped.items() if r not in (HIDDEN, EMPTY_FOLDER)})

    def array(self) -> np.ndarray:
        """The whole inventory as bytes (K,) uint8, for a cache of arrays."""
        fields = [self.used, self._skipped, self._examples, self._folders]
        return np.frombuffer(json.dumps(fields).encode(), np.uint8)

    @classmethod
    def of_array(cls, array: np.ndarray) -> "Inventory":
        """The inventory that ``array`` was made of."""
        inventory = cls()
        inventory.used, skipped, examples, folders = json.loads(array.tobytes())
        inventory._skipped = Counter(skipped)
        inventory._examples = {reason: [(p, d) for p, d in rows] for reason, rows in examples.items()}
        inventory._folders = {folder: Counter(counts) for folder, counts in folders.items()}
        return inventory

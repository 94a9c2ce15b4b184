"""Make the bundled dataset of opinions from a grammar in which the order of the words decides the class.

python scripts/samples/text.py

A word of praise after a negation blames, and ``but`` and ``although`` decide which of two opposite clauses
counts. Intensifiers and asides change nothing.
"""

import argparse
import io
import random
import zipfile
from pathlib import Path

from shared.config import PROJECT

PRAISE = """
    brilliant charming clever convincing delightful elegant excellent funny gripping inspired lively
    lovely memorable moving original rich sharp splendid stunning thrilling touching warm wise witty
    wonderful
""".split()
BLAME = """
    awful bland boring careless clumsy confused dreadful dull empty flat forgettable hollow lazy messy
    muddled pointless predictable shallow silly stale tedious tired ugly weak wooden
""".split()
ASPECTS = """
    acting camera cast dialogue direction editing ending humour lighting music opening pace plot
    romance scenery score script sound staging story
""".split()
VERBS = ["is", "was", "seems", "looks", "remains"]
NEGATIONS = ["not", "never", "hardly", "far from"]
INTENSIFIERS = ["very", "really", "truly", "quite", "so", "rather"]
PEOPLE = ("my brother, an old friend, our neighbour, half the class, a man in a hat, the whole family").split(
    ", "
)
DOINGS = (
    "came along, sat in the third row, bought the tickets, paid for the coffee, arrived by train"
).split(", ")
TIMES = ("on a rainy evening, last sunday, after work, in the afternoon, during the holidays, at noon").split(
    ", "
)
FACTS = (
    "it runs for two hours, there is a break in the middle, the hall has nine rows, "
    "it was filmed in a harbour, the book came out ten years before, we had seats near the door"
).split(", ")


def opinion(random: random.Random, praises: bool) -> str:
    """One sentence that, all in all, praises or blames."""
    form = random.choices(("plain", "but", "although first", "although last"), (5, 3, 1, 1))[0]
    main, short = _clause(random, praises), _short_clause(random, praises)
    against, short_against = _clause(random, not praises), _short_clause(random, not praises)
    said = {
        "plain": main,
        "but": f"{against} , but {short}",
        "although first": f"although {short_against} , {main}",
        "although last": f"{main} , although {short_against}",
    }[form]
    before = f"{_aside(random)} , " if random.random() < 0.4 else ""
    after = f" , and {_aside(random)}" if random.random() < 0.4 else ""
    return f"{before}{said}{after} ."


def _clause(random: random.Random, praises: bool) -> str:
    return f"the {random.choice(ASPECTS)} {random.choice(VERBS)} {_judgement(random, praises, 0.5)}"


def _short_clause(random: random.Random, praises: bool) -> str:
    """Short enough that the word before it and its judgement stand within five words."""
    if random.random() < 0.5:
        return _judgement(random, praises, 0.3)
    return f"it {random.choice(VERBS)} {_judgement(random, praises, 0.0)}"


def _judgement(random: random.Random, praises: bool, intensified: float) -> str:
    negated = random.random() < 0.35
    word = random.choice(PRAISE if praises != negated else BLAME)
    words = [random.choice(INTENSIFIERS)] if random.random() < intensified else []
    return " ".join([*([random.choice(NEGATIONS)] if negated else []), *words, word])


def _aside(random: random.Random) -> str:
    if random.random() < 0.4:
        return random.choice(FACTS)
    return f"{random.choice(PEOPLE)} {random.choice(DOINGS)} {random.choice(TIMES)}"


def opinions(count: int) -> tuple[list[str], list[str]]:
    """``count`` different sentences that praise, and as many that blame: the same ones at every call."""
    drawn = random.Random(0)  # noqa: S311  # no secret
    found: tuple[dict[str, None], dict[str, None]] = ({}, {})
    for sentences, praises in zip(found, (True, False), strict=True):
        while len(sentences) < count:
            sentences[opinion(drawn, praises)] = None
    return list(found[0]), list(found[1])


def main(words: list[str] | None = None) -> None:
    """Write an archive with a file for each class; the same bytes at every call."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=1800, help="of each class")
    parser.add_argument("--archive", type=Path, default=PROJECT / "domains/text/sample/opinions.zip")
    args = parser.parse_args(words)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        for name, sentences in zip(("praise.txt", "blame.txt"), opinions(args.sentences), strict=True):
            out.writestr(zipfile.ZipInfo(name), "\n".join(sentences) + "\n", zipfile.ZIP_DEFLATED)
    args.archive.write_bytes(packed.getvalue())


if __name__ == "__main__":
    main()

"""Damaged files for tests of readers, like those of broken disks, truncated copies and attackers."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, TypeVar

import numpy as np

from shared.errors import UserError

T = TypeVar("T")

capture: Any = None  # pytest's, set by conftest.py
SECONDS = 20.0  # the limit of one case, also on a busy machine
EDGES = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


def damaged(
    data: bytes, other: bytes, random: np.random.Generator, pieces: Sequence[bytes] = (), head: int = 200
) -> bytes:
    """A file with one to four changes, half of them in its first ``head`` bytes.

    Args:
        data: a good file.
        other: another, of which a stretch may be put in.
        random: decides the changes.
        pieces: what the format's own grammar is made of, put in as it is.
        head: bytes of a header.
    """
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 5))):
        end = max(len(changed) if random.random() < 0.5 else min(len(changed), head), 1)
        place = int(random.integers(end))
        match int(random.integers(8 if pieces else 7)):
            case 0:
                changed[place : place + 1] = bytes([int(random.integers(256))])
            case 1:  # a number at an edge of its range
                size, order = int(random.choice([1, 2, 4])), "little" if random.random() < 0.5 else "big"
                value = int(random.choice(EDGES)) % 256**size
                changed[place : place + size] = value.to_bytes(size, order)
            case 2:
                del changed[place:]
            case 3:
                del changed[place : place + int(random.integers(1, 64))]
            case 4:
                changed[place:place] = bytes(int(random.integers(1, 300)))
            case 5:
                changed[place:place] = changed[place : place + int(random.integers(1, 600))]
            case 6:
                start = int(random.integers(len(other)))
                changed[place : place + 400] = other[start : start + int(random.integers(1, 400))]
            case 7:
                changed[place:place] = pieces[int(random.integers(len(pieces)))]
    return bytes(changed)


def fuzz(
    files: Sequence[bytes],
    read: Callable[[bytes], object],
    refused: type[Exception] | tuple[type[Exception], ...],
    *,
    cases: int,
    seed: int,
    pieces: Sequence[bytes] = (),
) -> Counter[str]:
    """Pass damaged files to a reader, as ``fuzz_with``."""

    def make(random: np.random.Generator) -> bytes:
        data, other = (files[int(random.integers(len(files)))] for _ in range(2))
        return damaged(data, other, random, pieces)

    return fuzz_with(make, read, refused, cases=cases, seed=seed)


def fuzz_with(
    make: Callable[[np.random.Generator], T],
    use: Callable[[T], object],
    refused: type[Exception] | tuple[type[Exception], ...],
    *,
    cases: int,
    seed: int,
) -> Counter[str]:
    """Use damaged inputs; any exception except ``refused`` is raised with the number of the case.

    Each case has SECONDS, and a ``UserError`` is one line.

    Returns:
        How many were ``read`` and how many ``refused``, these also by the name of the exception.
    """
    _print_seed(seed, cases)
    random = np.random.default_rng(seed)
    outcomes: Counter[str] = Counter()
    for case in range(cases):
        data, message = make(random), ""
        start = time.monotonic()
        try:
            use(data)
            outcomes["read"] += 1
        except refused as error:
            outcomes.update(["refused", type(error).__name__])
            message = str(error) if isinstance(error, UserError) else ""
        except BaseException as error:
            error.add_note(f"case {case} of seed {seed}: {repr(data)[:2000]}")
            raise
        assert "\n" not in message, (case, seed, message)
        assert time.monotonic() - start < SECONDS, (case, seed, repr(data)[:2000])
    return outcomes


def _print_seed(seed: int, cases: int) -> None:
    """At once and past pytest's capture: a decoder may crash, and a test that passes shows no output."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "").removesuffix(" (call)")
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        print(f"\n{test}: seed {seed}, {cases:,} cases", file=sys.stderr, flush=True)  # noqa: T201

"""The fitted state of a text network's preprocessing."""

from dataclasses import dataclass

from shared.training import Preprocessing


@dataclass(frozen=True)
class TextPreprocessing(Preprocessing):
    """The vocabulary, tokens in the order of their numbers, and the most tokens of a sentence."""

    vocabulary: list[str]
    longest: int

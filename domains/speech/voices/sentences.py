"""Texts to speak: sentences, digit strings and lists of words."""

import random
import re
from collections.abc import Callable
from pathlib import Path

from shared.files import read_yaml

_TABLE = read_yaml(Path(__file__).with_name("sentences.yaml"))
PATTERNS: list[str] = _TABLE["patterns"]
WORDS: dict[str, list[str]] = _TABLE["words"]
SINGLE: list[str] = _TABLE["single"]
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def sentence(draw: random.Random) -> str:
    """A grammatical sentence of five to eleven words."""
    return re.sub(r"\{(\w+)\}", lambda match: draw.choice(WORDS[match[1]]), draw.choice(PATTERNS))


def digit_string(draw: random.Random) -> str:
    """Three to seven digits, with pauses between them."""
    return ", ".join(draw.choices(DIGITS, k=draw.randint(3, 7))) + "."


def word_list(draw: random.Random) -> str:
    """Three to five words of the sentences, with pauses between them."""
    words = sorted({word for words in WORDS.values() for word in words})
    return ", ".join(draw.sample(words, draw.randint(3, 5))) + "."


TEXTS: dict[str, Callable[[random.Random], str]] = {
    "sentences": sentence,
    "digits": digit_string,
    "words": word_list,
}

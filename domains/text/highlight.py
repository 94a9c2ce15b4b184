"""A sentence with its words coloured by their weight: in the terminal, and as an HTML page."""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from rich.text import Text

from shared.results import BLUE, GREY, ORANGE, html_page

STRONG, FAINT = 0.5, 0.15  # shares of the strongest weight of the sentence; what is fainter stays plain
FULL = 0.75  # from here on a page's colour is so dark that the word on it is white


class Part(NamedTuple):
    """A stretch of a sentence: its text, its support of the prediction, -1 … 1, and whether it is known."""

    text: str
    weight: float
    known: bool = True


def parts(
    text: str, offsets: Sequence[tuple[int, int]], weights: np.ndarray, unknown: np.ndarray
) -> list[Part]:
    """A text cut into its tokens, by their ``offsets`` in it, and what stands between them.

    The weights of the tokens are scaled so that the strongest is 1 or -1; unknown ones are no evidence: 0.
    """
    weights = np.where(unknown, 0.0, weights)
    scaled = weights / (float(np.abs(weights).max()) or 1.0)
    marked: list[Part] = []
    done = 0
    for (first, end), weight, known in zip(offsets, scaled.tolist(), (~unknown).tolist(), strict=True):
        marked += [Part(text[done:first], 0.0), Part(text[first:end], weight, known)]
        done = end
    return [part for part in (*marked, Part(text[done:], 0.0)) if part.text]


def coloured(sentence: Sequence[Part]) -> Text:
    """For the terminal: what supports the prediction in blue, opposes it in orange, is unknown in grey."""
    text = Text()
    for part in sentence:
        colour = BLUE if part.weight > 0 else ORANGE
        style = f"bold white on {colour}" if abs(part.weight) >= STRONG else f"{colour} underline"
        plain = "" if part.known else GREY
        text.append(printable(part.text), style if abs(part.weight) >= FAINT else plain)
    return text


def printable(text: str) -> str:
    """Without the characters that command a terminal; joiners of emoji and marks of direction stay."""
    return "".join("·" if unicodedata.category(c) == "Cc" else c for c in text)


def page(sentences: Sequence[tuple[str, Sequence[Part]]], note: str) -> str:
    """A page of HTML that needs no other file: each sentence coloured below its heading, and a last note."""
    shown = [
        (heading, [(printable(part.text), _style(part)) for part in sentence])
        for heading, sentence in sentences
    ]
    title = "Sentences and their classes"
    return html_page(
        title, BODY, style=STYLE, sentences=shown, note=note, blue=BLUE, orange=ORANGE, grey=GREY
    )


def _style(part: Part) -> str:
    """The CSS of a part: its colour, the stronger the fuller; empty for a faint one."""
    weight = part.weight
    if not part.known:
        return f"background:none;color:{GREY}"
    if abs(weight) < FAINT:
        return ""
    colour = f"{BLUE if weight > 0 else ORANGE}{round(255 * abs(weight)):02x}"
    return f"background:{colour}" + ";color:white" * (abs(weight) >= FULL)


STYLE = """
body { font-size: 17px; max-width: 46rem } h2 { font-size: .8rem; margin: 1.5rem 0 0 } p { margin: 0 }
mark { color: inherit; border-radius: 3px; padding: 1px 0 } footer { margin-top: 2rem }
"""
BODY = """
<p>What the filters picked: <span style="color:{{ blue }}">blue</span> supports the prediction,
<span style="color:{{ orange }}">orange</span> opposes it, the stronger the fuller.
<span style="color:{{ grey }}">Grey</span> words are unknown: training did not have them.</p>
{% for heading, parts in sentences %}
<h2 class="note">{{ heading }}</h2>
<p dir="auto">
{%- for text, style in parts -%}
{%- if style %}<mark style="{{ style }}">{{ text }}</mark>{% else %}{{ text }}{% endif -%}
{%- endfor -%}
</p>
{% endfor %}
<footer class="note">{{ note }}</footer>
"""

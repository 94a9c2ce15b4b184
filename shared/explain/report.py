"""The report: a picture for each panel, values.json, maps.npz, and a page that needs no other file."""

import io
import re
from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from shared.explain.explanation import Explanation
from shared.files import write, write_json
from shared.results import draw, html_page, percent

PAGE = """
{% macro show(panel, kind="") %}
<figure class="{{ kind }}{{ " wide" if panel.width > 600 }}" style="width:{{ [panel.width, 380]|max }}px">
<h3>{{ "Evidence: " if kind }}{{ panel.title }}</h3>
<img style="width:{{ panel.width }}px" alt="{{ panel.title }}" src="{{ panel.files[".png"]|data_uri }}">
<figcaption>{% for line in panel.lines %}<p>{{ line }}</p>{% endfor %}
<p class="note">{{ panel.details }}</p></figcaption>
</figure>
{% endmacro %}
{% for answer in answers %}
{% if answers|length > 1 %}
<h2>{{ answer.title }}</h2>
{% endif %}
<div class="answer">
<img style="width:{{ answer.width }}px" alt="{{ answer.name }}" src="{{ answer.png|data_uri }}">
<div>
<p class="lead">The network's answer is <strong>{{ answer.likeliest[0].name }}</strong>, with a probability of
{{ percent(answer.likeliest[0].probability) }}. {{ answer.remark }}</p>
<table class="bars">
{% for class in answer.likeliest %}
<tr><th>{{ class.name }}</th><td><i style="width:{{ (9 * class.probability)|round(2) }}rem"></i>
{{ percent(class.probability) }}</td></tr>
{% endfor %}
</table>
</div>
</div>
{% for panel in answer.panels %}
{{ show(panel, "main" if loop.first else "") }}
{% if loop.first and not loop.last %}
<h2>Other methods</h2>
<p class="note">{{ order }}</p>
{% endif %}
{% endfor %}
{% endfor %}
{% if units %}
<details{% if not answers %} open{% endif %}>
<summary>What filters and units look for, whatever the input</summary>
{% for panel in units %}
{{ show(panel) }}
{% endfor %}
</details>
{% endif %}
{% if checks %}
<details>
<summary>How far this can be trusted: the checks of this run</summary>
<table>
{% for row in checks %}
{% set tag = "th" if loop.first else "td" %}
<tr>{% for cell in row %}<{{ tag }}>{{ cell }}</{{ tag }}>{% endfor %}</tr>
{% endfor %}
</table>
</details>
{% endif %}
<footer>
{% for note in notes %}
<p class="note">{{ note }}</p>
{% endfor %}
</footer>
"""
STYLE = """
figure { margin: 0 1.5rem 1.5rem 0; display: inline-block; vertical-align: top; max-width: 100% }
@media (max-width: 40rem) { .wide { overflow-x: auto } .wide img { max-width: none } }
figure h3 { font-size: 1rem; margin: .5rem 0 } figure.main h3 { font-size: 1.15rem }
figcaption { font-size: .88rem } figcaption p { margin: .3rem 0; overflow-wrap: anywhere }
.answer { display: flex; flex-wrap: wrap; gap: 1rem 2rem; align-items: flex-start; margin: 1rem 0 }
.answer > div { flex: 1 20rem } .lead { font-size: 1.15rem; margin: 0 } h1, h2 { overflow-wrap: anywhere }
.bars th, .bars td { border: 0; padding: .1rem .6rem .1rem 0; font-weight: normal }
.bars i { display: inline-block; height: .8rem; background: #0072b2 }
summary { cursor: pointer; font-size: 1.15rem; font-weight: bold; margin: 1.5rem 0 .5rem }
.note { overflow-wrap: anywhere }
"""


@dataclass
class Panel:
    """One picture, and the explanations that it shows."""

    name: str  # of its files
    title: str
    lines: list[str]  # sentences: how to read it, what its numbers are, how well its method passed the checks
    details: str  # how it was made
    figure: InitVar[Figure]
    also: InitVar[str]  # a format of the picture beside PNG
    explanations: dict[str, Explanation]
    files: dict[str, bytes] = field(default_factory=dict)  # by suffix: the picture, and others such as sounds

    def __post_init__(self, figure: Figure, also: str) -> None:
        self.width = round(figure.get_figwidth() * 96)
        self.files = draw(figure, also) | self.files


@dataclass
class Answer:
    """One input, the network's answer, and its evidence: the panels, the best first."""

    name: str
    likeliest: list[dict[str, Any]]  # name and probability of classes
    remark: str
    figure: InitVar[Figure]
    panels: list[Panel]

    def __post_init__(self, figure: Figure) -> None:
        self.width, self.png = round(figure.get_figwidth() * 96), draw(figure)[".png"]

    @property
    def title(self) -> str:
        """Input and answer."""
        best = self.likeliest[0]
        return f"{self.name}: {best['name']}, {percent(best['probability'])}"


def write_report(
    folder: Path,
    title: str,
    answers: Sequence[Answer],
    units: Sequence[Panel],
    order: str,
    checks: Sequence[Sequence[str]],
    notes: Sequence[str],
) -> None:
    """Write the files of the panels, values.json, maps.npz and report.html.

    Args:
        folder: for them.
        title: of the page.
        answers: with the panels of each input.
        units: panels of filters and units, which are folded.
        order: a sentence on the order of the methods.
        checks: a table of the run's checks, if any.
        notes: what is said last.
    """
    values: list[dict[str, Any]] = []
    maps: dict[str, np.ndarray] = {}
    panels = [(answer.title, panel) for answer in answers for panel in answer.panels]
    panels += [("filters and units", panel) for panel in units]
    for number, (section, panel) in enumerate(panels, start=1):
        name = f"{number:02d}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', panel.name)[:80]}"
        for suffix, contents in panel.files.items():
            write(folder / f"{name}{suffix}", contents)
        for key, one in panel.explanations.items():
            row: dict[str, Any] = {
                "panel": f"{name}.png",
                "what": key,
                "section": section,
                "title": panel.title,
            }
            row |= {"read": " ".join(panel.lines), "value": one.value, "baseline": one.baseline}
            values.append(row | one.meta)
            maps[f"{name}/{key}"] = one.map.detach().numpy()
    write_json(folder / "values.json", {"title": title, "notes": notes, "values": values})
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **maps)
    write(folder / "maps.npz", packed.getvalue())
    shown = {"answers": answers, "units": units, "order": order, "checks": checks, "notes": notes}
    write(folder / "report.html", html_page(title, PAGE, style=STYLE, percent=percent, **shown))

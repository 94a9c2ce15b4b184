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
from shared.results import html_page, png

PAGE = """
{% for note in notes %}
<p class="note">{{ note }}</p>
{% endfor %}
{% for panel in panels %}
{% if loop.changed(panel.section) %}
<h2>{{ panel.section }}</h2>
{% endif %}
<figure><img style="width:{{ panel.width }}px" alt="{{ panel.words }}"
src="{{ panel.png|data_uri }}"></figure>
{% endfor %}
{% if checks %}
<h2>How far this can be trusted</h2>
<table>
{% for row in checks %}
{% set tag = "th" if loop.first else "td" %}
<tr>{% for cell in row %}<{{ tag }}>{{ cell }}</{{ tag }}>{% endfor %}</tr>
{% endfor %}
</table>
{% endif %}
"""
STYLE = "figure { margin: 0 1rem 1.5rem 0; display: inline-block; vertical-align: top }"


@dataclass
class Panel:
    """One picture, and the explanations that it shows; ``figure`` has room for title and lines."""

    name: str  # of its files
    section: str  # of the page
    title: str
    lines: list[str]  # how it was made, and how to read it
    figure: InitVar[Figure]
    explanations: dict[str, Explanation]
    files: dict[str, bytes] = field(default_factory=dict)  # such as sounds, by suffix

    def __post_init__(self, figure: Figure) -> None:
        width, height = figure.get_size_inches()
        # Names come from strangers: no mathematics is read from them.
        style: dict[str, Any] = {"x": 0.02, "va": "top", "parse_math": False}
        figure.text(y=1 - 0.09 / height, s=self.title, fontsize=12, weight="bold", **style)
        style |= {"fontsize": 8, "color": "#555555", "linespacing": 1.35}
        figure.text(y=1 - 0.36 / height, s="\n".join(self.lines), **style)
        self.words = f"{self.title}: {'; '.join(self.lines)}"
        self.width, self.png = round(width * 96), png(figure)


def write_report(
    folder: Path, title: str, notes: list[str], panels: list[Panel], checks: Sequence[Sequence[str]]
) -> None:
    """Write the files of the panels, values.json, maps.npz and report.html, with a table of checks if any."""
    values: list[dict[str, Any]] = []
    maps: dict[str, np.ndarray] = {}
    for number, panel in enumerate(panels, start=1):
        name = f"{number:02d}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', panel.name)[:80]}"
        for suffix, contents in {".png": panel.png, **panel.files}.items():
            write(folder / f"{name}{suffix}", contents)
        for key, one in panel.explanations.items():
            row = {"panel": f"{name}.png", "what": key, "section": panel.section, "value": one.value}
            values.append({**row, "baseline": one.baseline, **one.meta})
            maps[f"{name}/{key}"] = one.map.detach().numpy()
    write_json(folder / "values.json", {"title": title, "notes": notes, "values": values})
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **maps)
    write(folder / "maps.npz", packed.getvalue())
    page = html_page(title, PAGE, style=STYLE, notes=notes, panels=panels, checks=checks)
    write(folder / "report.html", page)

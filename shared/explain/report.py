"""The report: a picture for each panel, values.json, maps.npz, and a page that needs no other file."""

import io
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from shared.explain.explanation import Explanation
from shared.files import write, write_json
from shared.results import html_page, png

GREY = "#555555"
PAGE = """
{% for note in notes %}
<p class="note">{{ note }}</p>
{% endfor %}
{% for section, pictures in sections %}
<h2>{{ section }}</h2>
{% for picture in pictures %}
<figure><img style="width:{{ picture.width }}px" alt="{{ picture.words }}"
src="{{ picture.png|data_uri }}"></figure>
{% endfor %}
{% endfor %}
{% if checks %}
<h2>How far this can be trusted</h2>
<table><tr>{% for head in heads %}<th>{{ head }}</th>{% endfor %}</tr>
{% for row in checks %}
<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
</table>
{% endif %}
"""
STYLE = "figure { margin: 0 1rem 1.5rem 0; display: inline-block; vertical-align: top }"


class Panel(NamedTuple):
    """One picture, and the explanations that it shows.

    Attributes:
        name: of its files.
        section: of the page.
        title: what is shown.
        lines: how it was made, and how to read it.
        figure: without a title.
        explanations: by name.
        files: more files, such as sounds, by suffix.
    """

    name: str
    section: str
    title: str
    lines: list[str]
    figure: Figure
    explanations: dict[str, Explanation]
    files: Mapping[str, bytes] = MappingProxyType({})


class _Picture(NamedTuple):
    section: str
    words: str
    width: int
    png: bytes


class Report:
    """A folder that is filled one panel at a time.

    Args:
        folder: exists.
        title: of the page.
    """

    def __init__(self, folder: Path, title: str):
        self.folder, self.title = folder, title
        self.values: list[dict[str, Any]] = []
        self.maps: dict[str, np.ndarray] = {}
        self.pictures: list[_Picture] = []
        self.written: list[Path] = []

    def add(self, panel: Panel) -> None:
        """Write a panel's files, and keep its values."""
        name = f"{len(self.pictures) + 1:02d}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', panel.name)[:80]}"
        _head(panel.figure, panel.title, panel.lines)
        width = round(panel.figure.get_size_inches()[0] * 96)
        words = f"{panel.title}: {'; '.join(panel.lines)}"
        self.pictures.append(_Picture(panel.section, words, width, png(panel.figure)))
        for suffix, contents in {".png": self.pictures[-1].png, **panel.files}.items():
            self.written.append(self.folder / f"{name}{suffix}")
            write(self.written[-1], contents)
        for key, one in panel.explanations.items():
            row = {"panel": f"{name}.png", "what": key, "section": panel.section, "value": one.value}
            self.values.append({**row, "baseline": one.baseline, **one.meta})
            self.maps[f"{name}/{key}"] = one.map.detach().numpy()

    def discard(self) -> None:
        """Remove what was written: a method that fails leaves nothing half done."""
        for path in self.written:
            path.unlink(missing_ok=True)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def close(self, notes: Sequence[str], heads: Sequence[str], checks: Sequence[Sequence[str]]) -> None:
        """Write values.json, maps.npz and report.html.

        Args:
            notes: lines above the panels.
            heads: of the table of checks.
            checks: its rows; none: no table.
        """
        values = {"title": self.title, "notes": list(notes), "values": self.values}
        write_json(self.folder / "values.json", values)
        packed = io.BytesIO()
        np.savez_compressed(packed, allow_pickle=False, **self.maps)
        write(self.folder / "maps.npz", packed.getvalue())
        sections = [(name, list(group)) for name, group in groupby(self.pictures, lambda each: each.section)]
        more = {"notes": notes, "sections": sections, "heads": heads, "checks": checks}
        write(self.folder / "report.html", html_page(self.title, PAGE, style=STYLE, **more))


def _head(figure: Figure, title: str, lines: Sequence[str]) -> None:
    """Title and lines at the top of a panel, which leaves 0.85 inches for them."""
    height = figure.get_size_inches()[1]
    # Names come from strangers: no mathematics is read from them.
    style: dict[str, Any] = {"x": 0.02, "va": "top", "parse_math": False}
    figure.text(y=1 - 0.09 / height, s=title, fontsize=12, weight="bold", **style)
    figure.text(y=1 - 0.36 / height, s="\n".join(lines), fontsize=8, color=GREY, linespacing=1.35, **style)

"""What explanations leave behind: a picture a panel, values.json, maps.npz, and a page that stands alone."""

import base64
import html
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from shared.explain.explanation import Explanation
from shared.files import write, write_json
from shared.results import png

GREY = "#555555"


class Panel(NamedTuple):
    """One picture, and the explanations that it shows.

    Attributes:
        name: of its files.
        section: what it is put under.
        title: what is shown.
        lines: how it was made: target and probability, layer and unit, what is filled in, seed, value.
        figure: without a title.
        found: explanations by name.
        files: what belongs to it beside the picture, such as sounds, by suffix.
    """

    name: str
    section: str
    title: str
    lines: list[str]
    figure: Figure
    found: dict[str, Explanation]
    files: Mapping[str, bytes] = MappingProxyType({})


class Report:
    """A folder that is filled a panel at a time.

    Args:
        folder: exists.
        title: of the page.
    """

    def __init__(self, folder: Path, title: str):
        self.folder, self.title = folder, title
        self.values: list[dict[str, Any]] = []
        self.maps: dict[str, np.ndarray] = {}
        self.parts: list[str] = []
        self.written: list[Path] = []
        self._section, self._panels = "", 0

    def add(self, panel: Panel) -> None:
        """Write a panel's picture, and keep its values."""
        self._panels += 1
        name = f"{self._panels:02d}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', panel.name)[:80]}"
        say(panel.figure, panel.title, panel.lines)
        picture = png(panel.figure)
        for suffix, contents in {".png": picture, **panel.files}.items():
            self.written.append(self.folder / f"{name}{suffix}")
            write(self.written[-1], contents)
        for key, each in panel.found.items():
            row = {"panel": f"{name}.png", "what": key, "section": panel.section, "value": each.value}
            self.values.append({**row, "baseline": each.baseline, **each.meta})
            self.maps[f"{name}/{key}"] = each.map.detach().numpy()
        if panel.section != self._section:
            self.parts.append(f"<h2>{html.escape(panel.section)}</h2>")
            self._section = panel.section
        self.parts.append(_figure(picture, panel))

    def discard(self) -> None:
        """Take back what was written: a method that cannot work leaves nothing half done."""
        for path in self.written:
            path.unlink(missing_ok=True)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def close(self, notes: Sequence[str], tables: Sequence[str] = ()) -> None:
        """Write values.json, maps.npz and report.html.

        Args:
            notes: what is to be said before the panels.
            tables: HTML to stand after them.
        """
        write_json(
            self.folder / "values.json", {"title": self.title, "notes": list(notes), "values": self.values}
        )
        packed = io.BytesIO()
        np.savez_compressed(packed, allow_pickle=False, **self.maps)
        write(self.folder / "maps.npz", packed.getvalue())
        said = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
        body = "\n".join([f"<h1>{html.escape(self.title)}</h1>", said, *self.parts, *tables])
        write(self.folder / "report.html", PAGE.format(title=html.escape(self.title), body=body))


def say(figure: Figure, title: str, lines: Sequence[str]) -> None:
    """Title and conditions at the top of a panel, which leaves 0.9 inches for them."""
    height = figure.get_size_inches()[1]
    # Names come from strangers: no mathematics is read from them.
    style: dict[str, Any] = {"x": 0.02, "va": "top", "parse_math": False}
    figure.text(y=1 - 0.09 / height, s=title, fontsize=12, weight="bold", **style)
    figure.text(y=1 - 0.36 / height, s="\n".join(lines), fontsize=8, color=GREY, linespacing=1.35, **style)


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of HTML."""
    head = "".join(f"<th>{html.escape(each)}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(each)}</td>' for each in row)}</tr>" for row in rows)
    return f"<h2>{html.escape(title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _figure(picture: bytes, panel: Panel) -> str:
    told = html.escape(panel.title + ": " + "; ".join(panel.lines), quote=True)
    width = round(panel.figure.get_size_inches()[0] * 96)
    return (
        f'<figure><img style="width:{width}px" alt="{told}" '
        f'src="data:image/png;base64,{base64.b64encode(picture).decode()}"></figure>'
    )


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.4rem }} h2 {{ font-size: 1.1rem; margin: 2.5rem 0 .5rem; border-bottom: 1px solid #ddd }}
figure {{ margin: 0 1rem 1.5rem 0; display: inline-block; vertical-align: top }} img {{ max-width: 100% }}
table {{ border-collapse: collapse; font-size: .9rem }} td, th {{ padding: .3rem .8rem; text-align: left }}
tbody tr {{ border-top: 1px solid #ddd }} p {{ color: #555; margin: .3rem 0 }}
</style>
{body}
</html>
"""

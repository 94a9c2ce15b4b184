"""A page of pictures with their answers, complete in one file."""

import base64
import html
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from shared.results import percent

MOST = 5000  # pictures on a page: a browser still opens it

STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2rem; color: #222; background: #fff }
h1 { font-size: 1.2rem } p { color: #555 }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 1rem }
figure { margin: 0; padding: .5rem; border: 2px solid #ddd; border-radius: 6px; overflow-wrap: anywhere }
figure.unsure { border-color: #d55e00 }
img { width: 100%; image-rendering: pixelated; display: block }
figcaption b { font-size: 1.05rem } small { color: #666; display: block }
.mark { color: #d55e00 }
"""


def contact_sheet(pictures: Sequence[np.ndarray], rows: Sequence[dict[str, Any]], title: str) -> str:
    """An HTML document; each picture as the network sees it, the likeliest answer first, unsure ones marked.

    Args:
        pictures: uint8 (channels, height, width) each.
        rows: of the same pictures: ``file``, ``best``, ``sure``.
        title: above the pictures.
    """
    shown = zip(pictures[:MOST], rows[:MOST], strict=True)
    more = f"<p>The first {MOST:,} of {len(rows):,} pictures.</p>" if len(rows) > MOST else ""
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>{html.escape(title)}</h1>{more}\n<main>\n"
        + "\n".join(_figure(picture, row) for picture, row in shown)
        + "\n</main></body></html>\n"
    )


def _figure(picture: np.ndarray, row: dict[str, Any]) -> str:
    first, *others = row["best"]
    unsure = row["sure"] == "no"
    told = "".join(f"<small>{_answer(each)}</small>" for each in others)
    mark = ' <span class="mark">unsure</span>' if unsure else ""
    return (
        f'<figure{" class=unsure" * unsure}><img src="data:image/png;base64,{_png(picture)}" alt="">'
        f"<figcaption><b>{_answer(first)}</b>{mark}{told}<small>{html.escape(row['file'])}</small>"
        "</figcaption></figure>"
    )


def _answer(each: dict[str, Any]) -> str:
    return f"{html.escape(each['name'])} {percent(each['probability'])}"


def _png(picture: np.ndarray) -> str:
    image = Image.fromarray(picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0))
    written = io.BytesIO()
    image.save(written, "PNG")
    return base64.b64encode(written.getvalue()).decode()

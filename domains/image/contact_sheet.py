"""A page of pictures with their predictions, complete in one file."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from shared.results import html_page, percent

MOST = 5000  # pictures on a page: a browser still opens it

STYLE = """
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 1rem }
figure { padding: .5rem; border: 2px solid #8884; border-radius: 6px; overflow-wrap: anywhere }
figure.unsure { border-color: #d55e00 } mark { color: #d55e00; background: none }
img { width: 100%; image-rendering: pixelated; display: block } small { display: block }
"""
BODY = """
{% if rows|length > pictures|length %}
<p class="note">The first {{ "{:,} of {:,}".format(pictures|length, rows|length) }} pictures.</p>
{% endif %}
<main>
{% for picture in pictures %}
{% set row = rows[loop.index0] %}
<figure{% if row.sure == "no" %} class="unsure"{% endif %}>
<img src="{{ picture|data_uri }}" alt="">
<figcaption>
{% for class in row.best %}
{% set tag = "b" if loop.first else "small" %}
<{{ tag }}>{{ class.name }} {{ percent(class.probability) }}</{{ tag }}>
{% endfor %}
{% if row.sure == "no" %}<mark>unsure</mark>{% endif %}
{% for remark in row.remarks %}<small>{{ remark }}</small>{% endfor %}
<small class="note">{{ row.file }}</small>
</figcaption>
</figure>
{% endfor %}
</main>
"""


def contact_sheet(pictures: Sequence[np.ndarray], rows: Sequence[dict[str, Any]], title: str) -> str:
    """An HTML document of pictures uint8 (channels, height, width), as the network sees them.

    ``rows`` holds ``file``, ``best``, ``sure`` and ``remarks`` of each: the likeliest class stands first,
    unsure ones are marked.
    """
    shown = []
    for picture in pictures[:MOST]:
        written = io.BytesIO()
        Image.fromarray(picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0)).save(written, "PNG")
        shown.append(written.getvalue())
    return html_page(title, BODY, style=STYLE, pictures=shown, rows=rows, percent=percent)

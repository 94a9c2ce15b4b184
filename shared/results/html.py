"""Pages of HTML that stand alone: pictures inside, no scripts, every value escaped."""

import base64
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{{ title }}</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
       color: light-dark(#1a1a1a, #e6e6e6); background: light-dark(#fff, #16181b) }
h1 { font-size: 1.4rem } h2 { font-size: 1.15rem; margin-top: 2.5rem }
table { border-collapse: collapse; margin: 1rem 0; font-size: .88rem; display: block; overflow-x: auto }
th, td { padding: .3rem .7rem; border-bottom: 1px solid light-dark(#ddd, #3a3d42); text-align: left }
img { max-width: 100%; background: #fff } figure { margin: 0 }
.note { color: light-dark(#555, #aaa) }
{{ style }}
</style>
</head>
<body>
<h1>{{ title }}</h1>
{{ body }}
</body>
</html>
"""


def data_uri(png: bytes) -> str:
    """A picture as the source of an ``<img>``."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


_environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_environment.filters["data_uri"] = data_uri


def html_page(title: str, template: str, /, *, style: str = "", **values: Any) -> str:
    """A document that needs no other file.

    Args:
        title: Its heading too.
        template: In Jinja, of what stands below the heading. Its values are escaped, unless they are
            ``markupsafe.Markup``; ``{{ png|data_uri }}`` is the source of an ``<img>``.
        style: CSS rules of this page, besides those that all pages share.
        values: Of the template.
    """
    content = _environment.from_string(template).render(values)
    page = _environment.from_string(_PAGE)
    return page.render(title=title, style=Markup(style), body=Markup(content))  # noqa: S704

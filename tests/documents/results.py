"""Writes the values of the documents from the records in docs/records (see records.py).

python -m tests.documents.results                            all values of all pages (make results)
python -m tests.documents.results add NAME SOURCE COMMAND    the record docs/records/NAME.json of what COMMAND
                                                             made: the folder of a run, an evaluation or
                                                             a repeat, or a JSON file of metrics

A page holds templates of Jinja in comments, each followed by what it renders to:

    <!-- results
    | network | % (95 %) | n |
    | --- | --- | --- |
    {% set acc = record("image/digits-mnist")["test/acc"] -%}
    | `image/digits` | {{ acc | percent }} | {{ acc.n | number }} |
    -->
    …
    <!-- end -->

or, in a sentence, <!-- results {{ record("go/policy")["test/acc"].value | percent }} -->55.3<!-- end -->.
Below a table stands the commit of its code; rows of several versions have a mark each.
"""

import argparse
import re
import sys
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from shared.errors import UserError, named
from shared.files import write
from tests.documents.records import FOLDER, NAME, Measured, Record, Value, record_of, text

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [
    PROJECT / "README.md",
    *sorted((PROJECT / "docs").glob("*.md")),
    *sorted((PROJECT / "domains").glob("*/weights/*/README.md")),
]
MARKER = re.compile(r"<!-- (results|end)\b")
REGION = re.compile(r"<!-- results(?P<template>.*?)-->(?P<text>.*?)<!-- end -->", re.DOTALL)
SOURCE = re.compile(
    "\x02(.*?)\x1f(.*?)\x03"
)  # after each value: commit of its record, what its interval speaks of


def percent(value: Measured | Value, digits: int = 1) -> str:
    """As a percentage, with its interval: 43.9 (43.3 … 44.5)."""
    return _shown(value, f"{{:.{digits}f}}", 100)


def points(value: Measured | Value, digits: int = 1) -> str:
    """A difference in percentage points: +2.4 (2.0 … 2.8)."""
    return _shown(value, f"{{:+.{digits}f}}", 100, f"{{:.{digits}f}}")


def number(value: Measured | Value, digits: int = 0) -> str:
    """A count, a ratio or a duration: 10,000, or if it is tiny 2.7·10⁻⁶."""
    alone = value.value if isinstance(value, Measured) and not value.interval else value
    if isinstance(alone, Value) and 0 < abs(alone) < 1e-4:
        mantissa, _, exponent = f"{alone:.{digits}e}".partition("e")
        power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{mantissa}·10{power}{_source(alone, False)}"
    return _shown(value, f"{{:,.{digits}f}}", 1)


def _shown(value: Any, form: str, factor: int, inner: str | None = None) -> str:
    if isinstance(value, Measured):
        bounds = [(inner or form).format(factor * bound) for bound in value.interval or ()]
        shown = form.format(factor * value.value) + (f" ({bounds[0]} … {bounds[1]})" if bounds else "")
        return shown + _source(value.value, bounds != [])
    if not isinstance(value, Value):
        raise UserError(f"must be a metric of a record or its .value, .n or .interval[0], got {value!r}")
    return form.format(factor * value) + _source(value, False)


def _source(value: Value, interval: bool) -> str:
    of = value.record.contents["of"] if interval else None
    return f"\x02{value.record.commit}\x1f{of or ''}\x03"


def render(page: str, folder: Path = FOLDER) -> str:
    """A page whose values are those of the records.

    Raises:
        UserError: A template is wrong, or asks for what no record has; with the line.
    """
    jinja = SandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True)
    jinja.filters |= {"percent": percent, "points": points, "number": number}
    jinja.globals["record"] = partial(Record, folder=folder)
    markers = list(MARKER.finditer(page))
    for marker, kind in zip_longest(markers, ("results", "end") * ((len(markers) + 1) // 2)):
        if marker is None or marker[1] != kind:
            raise UserError(f"{_line(page, marker or markers[-1])}: must be closed once, by <!-- end -->")

    def replaced(region: re.Match[str]) -> str:
        template = region["template"]
        with named(_line(page, region)):
            begins = not page[: region.start()].rpartition("\n")[2].strip()
            if not (block := template.startswith("\n")) and begins:
                raise UserError("a value in a sentence must not begin a line, where it ends the paragraph")
            try:
                rendered = jinja.from_string(template.strip()).render()
            except TemplateError as error:
                raise UserError(f"template: {error}") from error
        shown = f"\n\n{_marked(rendered.strip())}\n\n" if block else SOURCE.sub("", rendered)
        return f"<!-- results{template}-->{shown}<!-- end -->"

    return REGION.sub(replaced, page)


def _line(page: str, match: re.Match[str]) -> str:
    return f"line {page.count(chr(10), 0, match.start()) + 1}"


def _marked(rendered: str) -> str:
    """The rendered block with the commits of its code: below it, or in each row if they differ."""
    commits = list(dict.fromkeys(source[1] for source in SOURCE.finditer(rendered)))
    of = list(dict.fromkeys(source[2] for source in SOURCE.finditer(rendered) if source[2]))
    lines = []
    for line in rendered.splitlines():
        own = dict.fromkeys(source[1] for source in SOURCE.finditer(line))
        line = SOURCE.sub("", line)
        if own and len(commits) > 1 and line.startswith("|"):
            line = f"{line.removesuffix('|').rstrip()} <sup>{' '.join(own)}</sup> |"
        lines.append(line)
    if commits and not lines[-1].startswith("|"):
        lines[-1] += f" <sup>{' '.join(commits)}</sup>"
    elif commits:
        code = (
            f"Code of `{commits[0]}`"
            if len(commits) == 1
            else "Rows of several versions, marked with the commit of their code"
        )
        lines += ["", code + (f"; intervals speak of {' or '.join(of)}." if of else ".")]
    return "\n".join(lines)


def problems(pages: list[Path]) -> list[str]:
    """``FILE:LINE: REASON`` for each page that is not as its records are."""
    differences = []
    for path in pages:
        name, page = path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path, path.read_text()
        try:
            new = render(page)
        except UserError as error:
            differences.append(f"{name}: {error}")
            continue
        for line, (old, other) in enumerate(zip_longest(page.splitlines(), new.splitlines()), start=1):
            if old != other:
                differences.append(
                    f"{name}:{line}: must be as the records are: {other}; make results writes it"
                )
                break
    return differences


def main(words: list[str]) -> int:
    """Write the pages, or add a record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_subparsers(dest="do").add_parser("add")
    for name in ("name", "source", "command"):
        add.add_argument(name)
    add.add_argument("--commit", help="of the code, where the run does not name it")
    options = parser.parse_args(words)
    try:
        if options.do == "add":
            if not NAME.fullmatch(options.name):
                raise UserError(
                    f"NAME: must be small letters and / . _ -, such as go/policy, got {options.name!r}"
                )
            contents = record_of(Path(options.source).absolute(), options.command, options.commit)
            target = FOLDER / f"{options.name}.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            write(target, text(contents))
            print(f"record: {target.relative_to(PROJECT)}, {len(contents['metrics'])} metrics")
            return 0
        for path in PAGES:
            with named(str(path.relative_to(PROJECT))):
                page = path.read_text()
                if (new := render(page)) != page:
                    write(path, new)
                    print(f"written: {path.relative_to(PROJECT)}")
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

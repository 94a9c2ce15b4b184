"""Checks that relative links of the documents lead to a file and heading. Web addresses are not fetched.

python -m tests.documents.links
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

PROJECT = Path(__file__).resolve().parents[2]
HTML_LINK = re.compile(r"""(?:src|href)=["']([^"']+)""")


def documents(project: Path) -> list[Path]:
    """All Markdown files of the project: no hidden folders, no runs, no built site."""
    skipped = {"runs", "site", "node_modules"}
    return sorted(
        path
        for path in project.rglob("*.md")
        if not any(part.startswith(".") or part in skipped for part in path.relative_to(project).parts)
    )


def _inline(document: str) -> Iterator[tuple[int, Token]]:
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(document):
        line = token.map[0] + 1 if token.map else 0
        yield line, token
        yield from ((line, child) for child in token.children or [])


def links(document: str) -> list[tuple[int, str]]:
    """Line and target of each link and picture."""
    targets = []
    for line, token in _inline(document):
        targets += [(line, str(target)) for key in ("href", "src") if (target := token.attrGet(key))]
        if token.type in ("html_block", "html_inline"):
            targets += [(line, target) for target in HTML_LINK.findall(token.content)]
    return targets


def anchors(document: str) -> set[str]:
    """The anchors of the headings, formed as on code-hosting sites."""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(document)
    names: set[str] = set()
    counts: Counter[str] = Counter()
    for opening, heading in pairwise(tokens):
        if opening.type == "heading_open":
            text = "".join(child.content for child in heading.children or [])
            slug = re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")
            names.add(f"{slug}-{counts[slug]}" if counts[slug] else slug)
            counts[slug] += 1
    return names


def broken(project: Path) -> list[str]:
    """``FILE:LINE: REASON`` for each link that leads nowhere."""
    problems = []
    for path in documents(project):
        for line, target in links(path.read_text()):
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            name, _, anchor = target.partition("#")
            goal = (path.parent / unquote(name)).resolve() if name else path
            where = f"{path.relative_to(project)}:{line}"
            if not goal.exists():
                problems.append(f"{where}: {target}: there is no such file")
            elif not goal.is_relative_to(project):
                problems.append(f"{where}: {target}: outside the project")
            elif anchor and goal.suffix == ".md" and unquote(anchor) not in anchors(goal.read_text()):
                problems.append(f"{where}: {target}: there is no such heading")
    return problems


if __name__ == "__main__":
    problems = broken(PROJECT)
    print("\n".join(problems) or f"links: all of {len(documents(PROJECT))} documents lead somewhere")
    sys.exit(bool(problems))

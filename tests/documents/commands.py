"""The commands that the documents print, as a user would type them."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]
SHELL = {"", "bash", "sh"}
COMMAND = re.compile(r"^(python3?|make|pip|pytest|torchrun|srun|sbatch|uv|time|[A-Z_]+=\S+) ")
FILE = re.compile(r"`(conf/[^`]+\.yaml)`")


class Command(NamedTuple):
    """A command of a page."""

    page: str
    line: int
    text: str

    @property
    def words(self) -> list[str]:
        """As the shell splits it, without what starts a script (``srun``, ``torchrun``, ``sbatch``)."""
        words = shlex.split(self.text, comments=True)
        if words[0] == "sbatch":
            words = shlex.split(words[words.index("--wrap") + 1])
        scripts = [place for place, word in enumerate(words) if word.startswith("scripts/")]
        return words[scripts[0] :] if scripts else words


def commands(path: Path) -> Iterator[Command]:
    """Lines of shell blocks, and inline code that is a command."""
    page = str(path.relative_to(PROJECT))
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(path.read_text()):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "fence" and token.info in SHELL:
            for offset, text in enumerate(token.content.splitlines(), start=1):
                if text.strip() and not text.startswith("#"):
                    yield Command(page, line + offset, text.strip())
        for child in token.children or []:
            if child.type == "code_inline" and COMMAND.match(child.content):
                yield Command(page, line, child.content)


def files(path: Path) -> Iterator[tuple[str, str]]:
    """Name and contents of files of ``conf/``: YAML blocks after a paragraph that names one."""
    name = ""
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(path.read_text()):
        if token.type == "inline" and (named := FILE.findall(token.content)):
            name = named[-1]
        if token.type == "fence" and token.info == "yaml" and name:
            yield name, token.content
            name = ""


def python_blocks(path: Path) -> Iterator[str]:
    """The blocks of Python of a page."""
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(path.read_text()):
        if token.type == "fence" and token.info == "python":
            yield token.content

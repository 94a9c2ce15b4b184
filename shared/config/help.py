"""``--help``: a command's purpose and examples, the files of its groups, and what its keys are for."""

import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path

import hydra
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode

from shared.config.keys import known_keys
from shared.config.project import CONF, INSTALLED, plain_file
from shared.errors import shown

SENTENCE = re.compile(r"(?<!\bal)\.\s+(?=[A-Z])|$")  # not of "et al."
KEY = re.compile(r"(?P<indent> *)(?P<name>\w+):(?P<value>.*)")


def print_help(command: str, docstring: str, words: Sequence[str]) -> None:
    """Print what a command is for, and what it takes.

    Args:
        command: Its file in ``conf/``.
        docstring: Of its script: purpose, an empty line, examples.
        words: Of the command line, which may choose other files.
    """
    overrides = [word for word in words if "=" in word and not word.startswith("-")]
    if INSTALLED:
        docstring = re.sub(r"python scripts/(\w+)\.py", r"convolutions \1", docstring)
    *purpose, examples = docstring.strip().split("\n\n")
    text = [*purpose, f"Examples:\n{textwrap.indent(examples, '  ')}"]
    if groups := list(_groups(command)):
        title = "Files, chosen as GROUP=FILE, of logger and callbacks also [FILE,FILE]:"
        text.append("\n".join([title, *groups]))
    text.append("\n".join(["Keys, set as KEY=VALUE; ??? has to be set:", *_keys(command, overrides)]))
    sys.stdout.write("\n\n".join(text) + "\n")


def _groups(command: str) -> Iterator[str]:
    """The files of each group, with the first sentence of their first comment."""
    for default in plain_file(f"{command}.yaml").get("defaults", []):
        if isinstance(default, str) and default != "_self_":
            yield from _groups(default)
        for group in default if isinstance(default, dict) else ():
            if not group.startswith("override "):
                yield f"\n  {group}"
            for file in sorted((CONF / group).rglob("[!_]*.yaml")):
                name = file.relative_to(CONF / group).with_suffix("")
                lines = file.read_text().removeprefix("# @package _global_\n").splitlines()
                comment = takewhile(lambda line: line.startswith("#"), lines)
                first = SENTENCE.split(" ".join(line.lstrip("# ") for line in comment))[0]
                yield _columns(f"    {name}", first.rstrip("."), 28)


def _keys(command: str, overrides: Sequence[str]) -> Iterator[str]:
    """Every key of the configuration that the overrides give, with its value and the comment beside it."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        files = loader.compute_defaults_list(command, list(overrides), RunMode.RUN).defaults
        config = hydra.compose(command, list(overrides))
    meanings: dict[str, str] = {}
    for default in files:
        file = CONF / f"{default.config_path}.yaml"
        if file.is_file():
            package = f"{default.package}." if default.package else ""
            meanings |= {f"{package}{key}": comment for key, comment in comments(file).items()}
    for key, value in known_keys(config).items():
        if not isinstance(value, dict):
            leaf = "…" if key == "model.layers" else value if isinstance(value, str) else shown(value)
            yield _columns(f"  {key}={leaf}", meanings.get(key, ""), 40)
        elif meanings.get(key) or not value:
            yield _columns(f"  {key}", meanings.get(key, ""), 40)


def comments(file: Path) -> dict[str, str]:
    """What stands beside the keys of a YAML file, by their path."""
    meanings: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for line in file.read_text().splitlines():
        comment = re.search(r"(?:^|\s)#\s(.*)", line)
        if match := KEY.match(line):
            path = [(depth, name) for depth, name in path if depth < len(match["indent"])]
            path.append((len(match["indent"]), match["name"]))
            meanings[".".join(name for _, name in path)] = comment[1] if comment else ""
        elif comment and path and line.startswith(" " * 10):  # goes on below
            meanings[".".join(name for _, name in path)] += f" {comment[1]}"
    return meanings


def _columns(left: str, right: str, width: int) -> str:
    """A key and its meaning, which is wrapped beside it."""
    first, *rest = textwrap.wrap(right, max(shutil.get_terminal_size().columns - width, 40)) or [""]
    head = f"{left:<{width - 1}} " if len(left) < width else f"{left}\n{' ' * width}" if right else left
    return f"\n{' ' * width}".join([head + first, *rest]).rstrip()

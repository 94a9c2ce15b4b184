"""Reports words that the project does not use (words.yaml) in code, YAML, documents and tests, by folder.

python -m tests.documents.words             the folders, with the number of lines in each
python -m tests.documents.words FOLDER      each line of a folder
"""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import yaml

PROJECT = Path(__file__).resolve().parents[2]
RULES = Path(__file__).with_name("words.yaml")
KINDS = {".cff", ".lock", ".md", ".py", ".toml", ".yaml", ".yml", ""}
# History, generated reports, runs of older versions, and the list of words itself.
UNREAD = re.compile(
    r"^(CHANGELOG\.md|LICENSE|\.ci/|docs/compare-|tests/old_runs/.*/|tests/test_docs\.py|tests/documents/words\.yaml)"
)


class Use(NamedTuple):
    """A word that is ruled out, where it is used."""

    path: str
    line: int
    word: str
    instead: str


def uses(path: str, text: str, rules: list[dict[str, str]]) -> list[Use]:
    """The words of a file that the rules exclude."""
    matches = []
    for rule in rules:
        if re.search(rule.get("only", ""), path) and not re.search(rule.get("except", "$^"), path):
            pattern = re.compile(rule["pattern"], re.IGNORECASE)
            for number, line in enumerate(text.splitlines(), start=1):
                matches += [Use(path, number, match[0], rule["instead"]) for match in pattern.finditer(line)]
    return matches


def folder_of(path: str) -> str:
    """The folder by which a file is reported: at most two levels, three below tests."""
    parts = PurePosixPath(path).parent.parts
    return "/".join(parts[: 3 if parts[:1] == ("tests",) else 2]) or "."


def read(project: Path, settings: dict[str, Any]) -> dict[str, list[Use]]:
    """The excluded words of all files that git knows, by folder."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=project, capture_output=True, text=True, check=True,
    )  # fmt: skip
    by_folder = defaultdict(list)
    for path in listed.stdout.splitlines():
        file = project / path
        if file.suffix in KINDS and file.is_file() and not UNREAD.match(path):
            by_folder[folder_of(path)] += uses(path, file.read_text(), settings["rules"])
    return by_folder


def main(wanted: list[str]) -> int:
    """Print the report; 1 if a folder that is not excluded uses such a word."""
    settings = yaml.safe_load(RULES.read_text())
    excluded = set(settings["exclude"])
    failed = False
    for folder, words in sorted(read(PROJECT, settings).items()):
        fails = bool(words) and folder not in excluded
        failed |= fails
        if fails or folder in wanted:
            print("\n".join(f"{use.path}:{use.line}: “{use.word}”: write {use.instead}" for use in words))
        if words or folder in excluded:
            state = "excluded for now" if words else "clean: remove it from words.yaml"
            print(f"{folder}: {len(words)}" + f" ({state})" * (folder in excluded))
    print("words: see above" if failed else "words: none in the folders that are checked")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

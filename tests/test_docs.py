"""The documents: links lead somewhere, words follow the glossary, and commands work as printed."""

from pathlib import Path

import pytest
import yaml

from tests.documents import links, words

PROJECT = Path(__file__).resolve().parent.parent


def test_no_link_of_the_documents_is_broken() -> None:
    assert links.broken(PROJECT) == []


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("other.md", None),
        ("other.md#a-heading-of-two-parts", None),
        ("other.md#a-heading-of-two-parts-1", None),
        ("#here", None),
        ("https://example.org/nothing", None),
        ("missing.png", "there is no such file"),
        ("other.md#nowhere", "there is no such heading"),
        ("../outside.md", "outside the project"),
    ],
)
def test_links_lead_to_files_and_headings(tmp_path: Path, target: str, reason: str | None) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "outside.md").touch()
    (project / "other.md").write_text("# A heading, of `two` parts\n\n# A heading of two parts\n")
    (project / "page.md").write_text(f"# Here\n\ntext ![picture]({target})\n\n`[no link](x.md)`\n")
    expected = [] if reason is None else [f"page.md:3: {target}: {reason}"]
    assert links.broken(project) == expected


def test_excluded_words_are_reported_where_they_are_used() -> None:
    rules = yaml.safe_load(words.RULES.read_text())["rules"]
    text = "told = 3\nfor each in rows:\n# so many rows, as many as needed\n# each row was found\n"
    assert [(use.line, use.word) for use in words.uses("shared/a.py", text, rules)] == [
        (1, "told"),
        (2, "for each in"),
        (3, "so many"),
        (1, "told"),
    ]
    assert [use.word for use in words.uses("domains/go/a.py", "48 planes", rules)] == []
    assert [use.word for use in words.uses("shared/network/a.py", "48 planes", rules)] == ["planes"]


def test_the_readme_is_short() -> None:
    assert len((PROJECT / "README.md").read_text().splitlines()) <= 150


def test_all_pages_are_in_the_navigation_of_the_site() -> None:
    navigation = (PROJECT / "mkdocs.yml").read_text()
    assert [
        page.name for page in (PROJECT / "docs").glob("*.md") if f" {page.name}\n" not in navigation
    ] == []

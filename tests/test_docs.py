"""The documents: links lead somewhere, words follow the glossary, and commands work as printed."""

import importlib
import importlib.util
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from omegaconf import DictConfig, OmegaConf

from shared.config import compose
from shared.explain.method import METHODS
from shared.network.layers import LAYERS
from shared.training import build_data, check_network
from tests.documents import links, notebooks, words
from tests.documents.commands import PAGES, Command, commands, files, python_blocks

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((PROJECT / "docs" / "notebooks").glob("*.ipynb"))


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


def test_all_layers_and_all_explanation_methods_are_described() -> None:
    pages = {
        name: (PROJECT / "docs" / f"{name}.md").read_text() for name in ("architectures", "explanations")
    }
    assert {name for name in LAYERS if f"`{name}`" not in pages["architectures"]} == set()
    assert {name for name in METHODS if f"`{name}`" not in pages["explanations"]} == set()


DOMAINS = ("go", "image", "speech", "text")
ALL = {command.text: command for page in reversed(PAGES) for command in commands(page)}
SCRIPTS = {text: command for text, command in ALL.items() if re.match(r"scripts/\w+\.py", command.words[0])}
SLOW_PAGES = {"docs/results.md"}  # many commands of the same kinds


def domain_of(command: Command) -> str:
    """The domain of the run that FOLDER stands for in a command."""
    signs = {"text": "text=", "go": ".sgf", "speech": "window=", "image": "marked"}
    hint = next((domain for domain, sign in signs.items() if sign in command.text), None)
    return hint or next((domain for domain in DOMAINS if domain in command.page), "image")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of each domain, by its name: what FOLDER stands for. The tests do not write to them."""
    folder = tmp_path_factory.mktemp("runs")
    for domain in DOMAINS:
        shutil.copytree(PROJECT / "tests/old_runs" / domain, folder / domain)
        config = folder / domain / "config.yaml"
        config.write_text(config.read_text().replace("PROJECT", str(PROJECT)))
    return folder


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the configuration files that the pages show."""
    folder = tmp_path_factory.mktemp("conf")
    contents = dict(pair for page in PAGES for pair in files(page))
    contents["conf/experiment/best.yaml"] = "# @package _global_\nseed: 1\n"  # of a search
    for name, text in contents.items():
        path = folder / name.removeprefix("conf/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def replace_work(script: Path, monkeypatch: pytest.MonkeyPatch) -> list[DictConfig]:
    """Replace the function that a script calls after its checks; the list gets what it is called with."""
    calls: list[DictConfig] = []
    [place] = re.findall(r'"([\w.]+:(?!check_)\w+)"', script.read_text())
    module, name = place.split(":")
    monkeypatch.setattr(importlib.import_module(module), name, calls.append)
    return calls


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            text, id=text, marks=[pytest.mark.slow] + [pytest.mark.long] * (command.page in SLOW_PAGES)
        )
        for text, command in SCRIPTS.items()
    ],
)
def test_a_printed_command_is_accepted(
    text: str, runs: Path, shown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys, values, choices, options of the domain: all that a script checks before its work."""
    command = SCRIPTS[text]
    script, *words = command.words
    words = [re.sub(r"\b(FOLDER|RUN)\b", str(runs / domain_of(command)), word) for word in words]
    if "--config-dir" in words:
        words[words.index("--config-dir") + 1] = str(shown)
    elif any(
        f"={path.relative_to(shown).with_suffix('')}".split("/", 1)[1] in word
        for path in shown.rglob("*.yaml")
        for word in words
    ):
        words = ["--config-dir", str(shown), *words]
    (tmp_path / "domains").symlink_to(PROJECT / "domains")
    for word in words:
        path = tmp_path / word.removeprefix("input=")
        if word.startswith("input=") and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    monkeypatch.chdir(tmp_path)
    if "-m" in words:  # the first of its runs
        words.remove("-m")
        assert compose("train", [re.sub(r",[^]]*$", "", word) for word in words]).domain.name in DOMAINS
        return
    calls = replace_work(PROJECT / script, monkeypatch)
    monkeypatch.syspath_prepend(PROJECT / "scripts")
    monkeypatch.setattr(sys, "argv", [script, *words])
    runpy.run_path(str(PROJECT / script), run_name="__main__")
    assert len(calls) == ("--help" not in words)


def test_other_printed_commands_name_existing_targets_and_modules() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    for command in ALL.values():
        words = [word for word in command.words if not re.match("[A-Z_]+=|time$", word)]
        match words:
            case ["make", target, *_]:
                assert re.search(rf"^{target}:", makefile, re.MULTILINE), command
            case ["pytest", path, *_]:
                assert (PROJECT / path).exists(), command
            case ["python", "-m", module, *_]:
                assert importlib.util.find_spec(module), command
            case ["python", "-c", code]:
                compile(code, "documents", "exec")
            case [("git" | "cd" | "." | "pip" | "python3"), *_]:
                pass
            case [first, *_]:
                assert first.startswith("scripts/"), command
                assert (PROJECT / first).exists(), command


def test_the_shown_architectures_and_comparisons_are_valid(
    shown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {str(path.relative_to(shown)) for path in shown.rglob("*.yaml")}
    assert names == {
        "model/image/mine.yaml",
        "model/go/wide.yaml",
        "compare/batchnorm.yaml",
        "data/stripes/made.yaml",
        "experiment/best.yaml",
        "scaling/go/global.yaml",
    }
    for domain in ("image", "go"):
        config = compose("train", [f"domain={domain}"])
        name = next((shown / "model" / domain).iterdir())
        config.model = OmegaConf.load(name)
        check_network(config, build_data(config))


@pytest.mark.slow
def test_the_python_of_the_readme_runs() -> None:
    for block in python_blocks(PROJECT / "README.md"):
        done = subprocess.run(
            [sys.executable, "-c", block],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_a_notebook_shows_the_answer_of_every_cell(notebook: Path) -> None:
    cells = [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert {output.output_type for output in outputs} <= {"execute_result", "stream"}  # no warning, no error
    assert "/tmp/" not in notebook.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_a_notebook_runs(notebook: Path) -> None:
    assert "image/png" in notebooks.execute(notebook)


ANSWERS = re.findall(r"python scripts/predict.py .+", (PROJECT / "Makefile").read_text())[:4]  # of make try

# Commands run as printed, one after the other in one folder; FOLDER is the run of the last training.
PRINTED = [
    ANSWERS,
    [
        "python scripts/train.py domain=text",
        'python scripts/predict.py run=FOLDER text="the music is never dull"',
        "python scripts/explain.py run=FOLDER",
        "python scripts/explain.py check run=FOLDER",
        "python scripts/evaluate.py run=FOLDER",
    ],
    ["python scripts/train.py domain=image"],
    ["python scripts/train.py domain=speech"],
    [
        "python scripts/samples/marked_digits.py marked",
        "python scripts/train.py domain=image data=image/folder data.path=marked/with data.size=28 "
        "data.channels=1 trainer.max_epochs=8 trainer.precision=32-true",
        "python scripts/evaluate.py run=FOLDER data.path=marked/without",
        "python scripts/explain.py run=FOLDER input=marked/with/test/7 methods=[saliency,occlusion]",
    ],
    ["python scripts/repeat.py domain=image 'repeat.over={seed: [0, 1, 2]}'"],
]


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(texts, id=texts[0], marks=[pytest.mark.slow, *[pytest.mark.long] * (number > 0)])
        for number, texts in enumerate(PRINTED)
    ],
)
def test_printed_commands_run(texts: list[str], tmp_path: Path) -> None:
    for name in ("conf", "domains", "scripts"):
        (tmp_path / name).symlink_to(PROJECT / name)
    environment = {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    folder = "FOLDER"
    for text in texts:
        assert text in {*ALL, *ANSWERS}
        done = subprocess.run(
            ["bash", "-c", text.replace("FOLDER", folder)],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        folder = ([line[5:] for line in done.stdout.splitlines() if line.startswith("run: ")] or [folder])[-1]


def test_the_readme_begins_with_an_answer_in_each_domain() -> None:
    texts = [command.text for command in commands(PROJECT / "README.md")]
    assert texts.index("make try") < texts.index("make train")
    assert re.findall(r"run=(\w+)/", " ".join(PRINTED[0])) == ["image", "go", "speech", "text"]

"""Scripts are thin: they parse, call and print; everything else can be imported."""

import ast
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parent.parent / "scripts").glob("[!_]*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_a_docstring_with_an_example_and_one_short_main(script: Path) -> None:
    tree = ast.parse(script.read_text())
    assert f"python scripts/{script.name}" in (ast.get_docstring(tree) or "")
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert [function.name for function in functions] == ["main"]
    assert len(functions[0].body) <= 5


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_imports_heavy_packages_only_when_it_runs(script: Path) -> None:
    imported = set()
    for node in ast.parse(script.read_text()).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = (
                [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            )
            imported |= set(names)
    assert imported <= {"typing", "_start"}

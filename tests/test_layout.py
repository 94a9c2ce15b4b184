"""Scripts are thin: they parse, call and print; everything else can be imported."""

import ast
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parent.parent / "scripts").glob("[!_]*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_a_docstring_with_an_example_and_one_command(script: Path) -> None:
    tree = ast.parse(script.read_text())
    assert f"python scripts/{script.name}" in (ast.get_docstring(tree) or "")
    _, start, command, main = tree.body
    assert ast.unparse(start) == "from _start import script"  # what is heavy is imported when it runs
    assert ast.unparse(command).startswith(f"main = script(__doc__, '{script.stem}', ")
    assert ast.unparse(main) == "if __name__ == '__main__':\n    main()"

"""The command ``convolutions``, from the checkout and from the wheel."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest

from convolutions.__main__ import main
from shared.config import PROJECT
from tests.test_cli import SCRIPTS


def test_it_lists_the_scripts_with_their_purpose(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in ([], ["--help"], ["-h"]):
        monkeypatch.setattr(sys, "argv", ["convolutions", *words])
        main()
        *lines, _, hint = capsys.readouterr().out.splitlines()
        assert [line.split()[1] for line in lines] == SCRIPTS
        assert "Train a network, test it" in "\n".join(lines)
        assert hint == "convolutions NAME --help explains one of them"


def test_a_misspelt_command_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["convolutions", "trian", "domain=go"])
    with pytest.raises(SystemExit, match="must be followed by a command, got trian; did you mean 'train'"):
        main()


def test_a_command_gets_its_words_and_exit_code() -> None:
    command = [sys.executable, "-m", "convolutions", "train", "lr=0.1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)
    assert done.returncode == 1
    assert "optimizer.lr" in done.stderr


SIMULATED = """
{snippet}
line=$1; words=($line); [[ $line == *" " ]] && words+=("")
COMP_LINE=$line COMP_POINT=${{#line}} COMP_CWORD=$((${{#words[@]}} - 1))
_convolutions convolutions "${{words[-1]}}" "${{words[-2]}}"
echo "${{COMPREPLY[*]}}"
complete -p convolutions >&2
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "completions"),
    [
        ("convolutions ex", "explain export"),
        ("convolutions export for", "format="),
        ("convolutions train domain=i", "domain=image"),
    ],
)
def test_the_page_s_completion_for_bash(line: str, completions: str, tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "platforms.md").read_text()
    snippet = page.split(".bash .completion}\n")[1].split("```")[0]
    command = tmp_path / "convolutions"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m convolutions "$@"\n')
    command.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(PROJECT)}
    words = ["bash", "-c", SIMULATED.format(snippet=snippet), "bash", line]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.stdout.split() == completions.split()
    assert "-F _convolutions convolutions" in done.stderr


@pytest.mark.slow
def test_the_wheel_works_outside_the_checkout(tmp_path: Path) -> None:
    """With the packages of this environment, but not its checkout."""
    pip = [sys.executable, "-m", "pip", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(PROJECT)], check=True)
    venv.create(tmp_path / "env", with_pip=False)
    [site] = (tmp_path / "env").glob("lib/python*/site-packages")
    for package in Path(np.__file__).parents[1].iterdir():
        if "convolutions" not in package.name:
            (site / package.name).symlink_to(package)
    python = tmp_path / "env" / "bin" / "python"
    [wheel] = tmp_path.glob("*.whl")
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", str(wheel)], check=True)
    (tmp_path / "own").mkdir()
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def convolutions(*words: str) -> str:
        command = [str(python.with_name("convolutions")), *words]
        return subprocess.run(
            command, cwd=tmp_path / "own", env=clean, capture_output=True, text=True, check=True
        ).stdout

    assert "\n  convolutions train domain=go\n" in convolutions("train", "--help")
    out = convolutions("train", "domain=image", "trainer.max_epochs=1")
    run = Path(out.splitlines()[-1].removeprefix("run: "))
    assert run.is_relative_to(tmp_path / "own" / "runs")
    game = site / "convolutions" / "domains" / "go" / "sample" / "game.sgf"
    assert "51.7%" in convolutions("predict", "run=go/policy", f"input={game}", "move=49")

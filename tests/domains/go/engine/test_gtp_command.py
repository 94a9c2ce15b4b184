"""gtp.py as Sabaki starts it: answers on standard output and nothing else."""

import subprocess
import sys
from pathlib import Path

from tests.commands import PROJECT, command
from tests.domains.go.engine.runs import make_run


def test_standard_output_has_only_the_answers(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    done = subprocess.run(
        [sys.executable, PROJECT / "scripts" / "gtp.py", f"run={run.folder}", "symmetries=1"],
        cwd=tmp_path, input=b"1 boardsize 9\n\n# hello\nnonsense\xff\n2 genmove b\n3 play w pass\nquit\n",
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    answers = done.stdout.decode().split("\n\n")
    assert answers[:2] == ["=1", "? unknown command"]
    assert answers[2].startswith("=2 ")
    assert answers[3:] == ["=3", "=", ""]


def test_a_mistake_is_reported_on_standard_error(tmp_path: Path) -> None:
    done = command("gtp", "run=go/nothing", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "go/nothing: no run here" in done.stderr
    assert "go/policy" in done.stderr

"""gtp.py as Sabaki starts it: answers on standard output and nothing else."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from domains.go.engine.serve import serve
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.run import Run
from tests.commands import PROJECT, command
from tests.domains.go.engine.runs import make_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("runs"))


def test_standard_output_has_only_the_answers(tmp_path: Path, run: Run) -> None:
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


@pytest.mark.parametrize("typed", [True, False])
def test_who_types_is_greeted_on_standard_error(
    run: Run, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], typed: bool
) -> None:
    keyboard = io.TextIOWrapper(io.BytesIO(b"1 name\n"))
    monkeypatch.setattr(keyboard, "isatty", lambda: typed, raising=False)
    monkeypatch.setattr("sys.stdin", keyboard)
    serve(compose("gtp", [f"run={run.folder}"]))
    out, err = capfdbinary.readouterr()
    assert out.startswith(b"=1 Convolutions ")
    assert err.count(b"\n") == typed
    assert (b"speaks GTP" in err) == typed


def test_a_wrong_value_is_named(run: Run) -> None:
    for word, message in {
        "resign=-1": "resign: must be a number from 0, got -1",
        "resign=soon": "resign: must be a number from 0, got 'soon'",
        "symmetries=9": "symmetries: must be a whole number from 1 to 8, got 9",
        "symmetries=true": "symmetries: must be a whole number from 1 to 8, got true",
    }.items():
        with pytest.raises(UserError, match=message):
            serve(compose("gtp", [f"run={run.folder}", word]))

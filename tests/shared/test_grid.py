"""One run of a grid: what it leaves for the table, and what it does with failures."""

import json
import pickle
from pathlib import Path

import pytest
from hydra.conf import HydraConf, JobConf, SweepDir
from omegaconf import OmegaConf

from shared.errors import UserError
from shared.grid import Grid, RunError, report, run_one

CONFIG = OmegaConf.create({"seed": 3})


def settings(folder: Path, number: int = 0, words: tuple[str, ...] = ("seed=3",)) -> HydraConf:
    hydra = HydraConf(sweep=SweepDir(dir=str(folder)), job=JobConf(num=number))
    hydra.overrides.task = list(words)
    return OmegaConf.structured(hydra)


def failing(error: BaseException):
    def function(config: object) -> None:
        raise error

    return function


def test_what_a_run_gives_is_handed_on_and_kept(tmp_path: Path) -> None:
    found = run_one(lambda config: {"val/acc": 0.5, "seed": config.seed}, CONFIG, settings(tmp_path))
    assert found == {"val/acc": 0.5, "seed": 3}
    told = json.loads((tmp_path / "0000.json").read_text())
    assert told == {"overrides": ["seed=3"], "ended": True, "val/acc": 0.5}


def test_a_failure_is_one_line_and_can_be_sent_to_another_process(tmp_path: Path, capsys) -> None:
    with pytest.raises(RunError) as raised:
        run_one(failing(UserError("seed=3: too large")), CONFIG, settings(tmp_path))
    assert pickle.loads(pickle.dumps(raised.value)).args == ("seed=3: too large",)
    assert capsys.readouterr().err == "error: run 0 (seed=3): seed=3: too large\n"


def test_a_defect_shows_its_traceback(tmp_path: Path, capsys) -> None:
    with pytest.raises(RunError):
        run_one(failing(ZeroDivisionError("by zero")), CONFIG, settings(tmp_path))
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "error: run 0 (seed=3): ZeroDivisionError('by zero')" in err


def test_the_table_has_all_runs_with_what_sets_them_apart(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(Grid, "folder", tmp_path)
    words = ("domain=go", "seed=0"), ("domain=go", "seed=1"), ("domain=go", "seed=2")
    run_one(lambda config: {"val/acc": 0.25, "run": "runs/a"}, CONFIG, settings(tmp_path, 0, words[0]))
    with pytest.raises(RunError):
        run_one(failing(UserError("[red]no data")), CONFIG, settings(tmp_path, 1, words[1]))
    with pytest.raises(KeyboardInterrupt):  # or a kill: nothing more is written
        run_one(failing(KeyboardInterrupt()), CONFIG, settings(tmp_path, 2, words[2]))
    report()
    out = capsys.readouterr().out
    assert "25.00 %" in out
    assert "failed: [red]no data" in out
    assert "was stopped" in " ".join(out.replace("│", " ").split())
    assert "domain=go" not in out
    assert "1 of 3 runs ended well, 2 failed" in out

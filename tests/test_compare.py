"""compare.py as a user runs it: the bundled datasets of all domains, resumed, and with a failure."""

import csv
from pathlib import Path

import pytest

from shared.compare.compare import compare
from shared.config.cli import compose
from shared.errors import UserError
from tests.commands import command


def rows(home: Path) -> list[dict[str, str]]:
    with (home / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_quick_compares_designs_of_two_domains_and_resumes(tmp_path: Path) -> None:
    words = ["compare=quick", "compare.budgets=[1]", "compare.tasks.go.budgets=[1]"]
    done = command("compare", *words, "n_jobs=2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = Path(done.stdout.rstrip().splitlines()[-1].removeprefix("report: "))
    home = page.parent
    assert home == tmp_path / "runs/compare/quick"
    entries = rows(home)
    assert {row["use"] for row in entries} == {"compared"}
    for domain, seeds in (("image", "01234"), ("go", "012")):
        mine = [row for row in entries if row["domain"] == domain]
        assert [row["seed"] for row in mine] == [*seeds] * 2
        assert len({(row["samples"], row["data"]) for row in mine}) == 1  # one budget, one data set
        for seed in seeds:  # and one order of the items, another with another seed
            assert len({row["order"] for row in mine if row["seed"] == seed}) == 1
        assert len({row["order"] for row in mine}) == len(seeds)
    text = (home / "report.md").read_text()
    assert text.count("## Claim") == 2
    assert "failed" not in text
    assert len(list(home.glob("task*.png"))) == len(list(home.glob("claim*.png"))) == 2

    kept = {path: path.stat().st_mtime_ns for path in home.glob("trainings/*/*/*/metrics.json")}
    lost = min(kept)
    lost.unlink()  # as if stopped before its end
    broken = '+compare.tasks.image.designs.broken=["model.layers=[{dense: 3}]"]'
    again = command("compare", *words, broken, cwd=tmp_path)
    assert again.returncode == 1
    assert "1 of 5 entries failed" in again.stderr
    assert "image, broken: " in again.stderr
    assert "Traceback" not in again.stderr
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items() if path != lost)
    assert lost.is_file()
    assert "**failed**" in (home / "report.md").read_text()
    assert [row["use"] for row in rows(home)].count("failed") == 1


@pytest.mark.slow
@pytest.mark.long
def test_quick_decides_a_true_claim_and_a_false_one(tmp_path: Path) -> None:
    done = command("compare", "compare=quick", "n_jobs=2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines()[-3:-1]] == ["holds", "fails"]


def test_a_mistake_is_reported_before_training(tmp_path: Path) -> None:
    config = compose("compare", ["compare=lecture", f"runs={tmp_path}"])
    with pytest.raises(UserError, match=r"^folder is not set: give folder=…"):
        compare(config)
    config = compose("compare", ["n_jobs=0", f"runs={tmp_path}"])
    with pytest.raises(UserError, match=r"^n_jobs: must be a whole number from 1, got 0"):
        compare(config)
    twin = "+compare.tasks.image.designs.all_cells=[]"  # no two cells may share a folder
    config = compose("compare", [twin, f"runs={tmp_path}"])
    with pytest.raises(UserError, match="'all_cells' is 'all cells' again"):
        compare(config)
    assert not list(tmp_path.iterdir())

"""A report's verdicts, put to the test with other seeds."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from rich.table import Table

from shared.compare.kept import PLAN, REPORT
from shared.compare.spec import Comparison, Part, read
from shared.config import Console, print_line
from shared.errors import UserError, named
from shared.files import csv_text, read_json, write

DECIDED = ("holds", "fails", "equivalent")
FILE = "check.csv"


def read_plan(report: Path, folder: str | None) -> tuple[str, Comparison]:
    """The decided parts of a report's plan, with as many other seeds, at the largest budget; and its name.

    Tasks whose folds follow the seeds have no other seeds, and are skipped.
    """
    file = report / PLAN
    if not file.is_file():
        raise UserError(f"check: {report} has no {PLAN}; name the folder of a comparison's report")
    with named(file):
        plan = read(OmegaConf.create(read_json(file)), folder)
    decided = {key for key, (verdict, _) in _verdicts(report).items() if verdict in DECIDED}
    fixed = {name for name, task in plan.tasks.items() if "${seed}" in str(task)}
    needed: dict[str, set[str]] = {}  # designs of a task
    for claim in plan.claims:
        for part in claim.parts:
            part.tasks = [
                task
                for task in part.tasks
                if decided.intersection(_keys(claim.says, part, task))
                and not fixed.intersection(part.compared_on(task))
            ]
            for task in part.compared_on(*part.tasks) if part.tasks else ():
                needed.setdefault(task, set()).update((part.better, part.than))
        claim.parts = [part for part in claim.parts if part.tasks]
    plan.claims = [claim for claim in plan.claims if claim.parts]
    plan.tasks = {name: task for name, task in plan.tasks.items() if name in needed}
    if not plan.tasks:
        raise UserError(f"check: no verdict of {report} is decided on a task that can have other seeds")
    for name, settings in plan.tasks.items():
        seeds = plan.seeds_of(name)
        settings.seeds = [max(seeds) + 1 + number for number in range(len(seeds))]
        settings.budgets = plan.budgets_of(name)[-1:]
        settings.designs = {key: one for key, one in settings.designs.items() if key in needed[name]}
        for design in settings.designs.values():
            design.rates = design.rates[-1:]
    plan.title = f"{plan.title}, other seeds"
    return f"{report.absolute().name}-check", plan


def agreement(report: Path, home: Path) -> None:
    """Print and write which verdicts of a report agree with those of other seeds.

    Raises:
        UserError: A decided verdict is another one.
    """
    before, after = _verdicts(report), _verdicts(home)
    after = {key: verdict for key, verdict in after.items() if verdict[1]}  # of the others nothing is known
    table = Table("claim", "difference", "report", "other seeds", "agree", title="verdicts")
    rows = []
    for key, (verdict, numbers) in before.items():
        other, others = after.get(key, ("not checked", ""))
        agree = "" if verdict not in DECIDED or key not in after else "yes" if other == verdict else "no"
        rows.append([*key, verdict, numbers, other, others, agree])
        table.add_row(
            key[0], f"{key[1]} − {key[2]} on {', '.join(filter(None, key[3:]))}", verdict, other, agree
        )
    head = ["claim", "better", "than", "task", "classes", "more_than", "measure"]
    write(home / FILE, csv_text([*head, "report", "points", "other seeds", "its points", "agree"], rows))
    Console().print(table)
    decided = [row for row in rows if row[-1]]
    agreed = sum(row[-1] == "yes" for row in decided)
    left = sum(row[7] in DECIDED for row in rows) - len(decided)
    unknown = f", {left} are not checked" if left else ""
    print_line(f"{agreed} of {len(decided)} decided verdicts agree{unknown}: {home / FILE}")
    if agreed < len(decided):
        raise UserError(f"check: {len(decided) - agreed} of {len(decided)} decided verdicts do not agree")


def _verdicts(folder: Path) -> dict[tuple[str, ...], tuple[str, str]]:
    report = read_json(folder / REPORT)
    verdicts = {}
    try:
        for claim in report["claims"]:
            for part in claim["parts"]:
                points = _points(part["difference"])
                verdicts[_key(claim["says"], part, part["tasks"])] = part["verdict"], points
    except (KeyError, TypeError) as error:
        raise UserError(f"{folder / REPORT}: broken ({error!r}); make the report again") from None
    return verdicts


def _key(says: str, part: dict[str, Any], task: str) -> tuple[str, ...]:
    """What sets a part of a claim on a task apart."""
    names = ("better", "than", "classes", "more_than", "measure")
    better, than, *others = (str(part[name] or "") for name in names)
    return says, better, than, task, *others


def _keys(says: str, part: Part, task: str) -> list[tuple[str, ...]]:
    """As ``_key``, of each group of classes."""
    return [_key(says, {**asdict(part), "classes": name}, task) for name in part.classes or [""]]


def _points(difference: dict[str, Any] | None) -> str:
    if difference is None:
        return ""
    value, low, high = (100 * difference[key] for key in ("value", "low", "high"))
    return f"{value:+.2f} ({low:+.2f} … {high:+.2f})"

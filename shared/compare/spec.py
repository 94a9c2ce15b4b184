"""A comparison, a file of ``conf/compare/``, checked before anything is trained.

``conf/compare.yaml`` says what each key is for.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from shared.errors import UserError, nearest

SIZES = ("parameters", "flops")


class Measure(StrEnum):
    """What two designs are compared in: accuracy, or training less test accuracy (less is better)."""

    accuracy = "accuracy"
    gap = "gap"


@dataclass
class Design:
    """A network on a task: the overrides of a training that make it.

    ``fit`` names keys of widths that a solver sets, so that the network has the size of the task's first.
    ``rates`` are the factors of the learning rate, one a budget, where they are known: a report's plan has
    them.
    """

    overrides: list[str] = field(default_factory=list)
    fit: list[str] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


@dataclass
class Task:
    """Data on which designs are compared within the same budgets; a design on a task is an entry."""

    overrides: list[str] = MISSING
    designs: dict[str, Design] = MISSING
    samples: int | None = None
    flops: float | None = None
    budgets: list[int] | None = None
    validations: int = 4
    seeds: list[int] | None = None
    title: str | None = None
    note: str | None = None


@dataclass
class Part:
    """One difference between two designs, and what it has to be."""

    better: str = MISSING
    than: str = MISSING
    tasks: list[str] = MISSING
    differs: str | None = None
    equal: list[str] = field(default_factory=lambda: list(SIZES))
    parameters: float | None = None
    margin: float = 0.0
    why: str | None = None
    equivalent: bool = False
    measure: Measure = Measure.accuracy
    classes: dict[str, str] = field(default_factory=dict)
    more_than: str | None = None

    def compared_on(self, *tasks: str) -> list[str]:
        """These tasks, and that of ``more_than``."""
        return [*tasks, *([self.more_than] if self.more_than else [])]


@dataclass
class Claim:
    """A sentence, the differences that make it hold, and what is known of it."""

    says: str = MISSING
    parts: list[Part] = MISSING
    literature: str | None = None
    would_change: str | None = None


@dataclass
class Comparison:
    """What a file of ``conf/compare/`` holds."""

    tasks: dict[str, Task] = MISSING
    claims: list[Claim] = field(default_factory=list)
    seeds: list[int] = MISSING
    budgets: list[int] = MISSING
    learning_rates: list[float] = MISSING
    searched: int | None = None
    title: str | None = None

    def seeds_of(self, task: str) -> list[int]:
        """The seeds of a task."""
        return self.tasks[task].seeds or self.seeds

    def budgets_of(self, task: str) -> list[int]:
        """The budgets of a task, as multiples of its samples or FLOPs, the smallest first."""
        return sorted(self.tasks[task].budgets or self.budgets)

    def title_of(self, task: str) -> str:
        """The name of a task in reports."""
        return self.tasks[task].title or task

    def entries(self) -> Iterator[tuple[str, str]]:
        """Each task with each of its designs."""
        return ((name, design) for name, task in self.tasks.items() for design in task.designs)

    def measured(self, task: str, measure: "Measure") -> bool:
        """Whether a part of a claim measures this on a task."""
        parts = [part for claim in self.claims for part in claim.parts if part.measure == measure]
        return any(task in part.compared_on(*part.tasks) for part in parts)


def read(node: DictConfig, folder: str | None) -> Comparison:
    """The comparison that a configuration's ``compare`` node describes, on the data of a folder.

    Raises:
        UserError: A key is unknown, missing or of another type, or a claim names an unknown task or design.
    """
    # ${seed} and the like are the trainings' own: escaped here, so that they resolve to themselves.
    plain = OmegaConf.to_container(node, resolve=False)
    text = json.dumps(_spelled_out(plain)).replace("${", "\\\\${")
    try:
        merged = OmegaConf.merge(OmegaConf.structured(Comparison), json.loads(text))
        if missing := sorted(OmegaConf.missing_keys(merged)):
            raise UserError(f"compare.{missing[0]} is not set")
        plan = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        reason = str(error).split("\n")[0]
        key = error.full_key or ""
        raise UserError(f"compare.{key}: {reason}; see conf/compare/ for examples") from error
    assert isinstance(plan, Comparison)
    _check_lists(plan)
    for name, task in plan.tasks.items():
        _check_numbers(task, plan.seeds_of(name), plan.budgets_of(name), f"compare.tasks.{name}")
    for number, claim in enumerate(plan.claims):
        for part in claim.parts:
            _check_part(plan, part, f"compare.claims[{number}]")
    if folder is None and "${folder}" in text:
        raise UserError("folder is not set: give folder=…, where the data of this comparison are")
    return plan


def _spelled_out(node: Any) -> Any:
    """The same with each design that is a list of overrides alone as a mapping."""
    tasks = node.get("tasks") if isinstance(node, dict) else None
    for task in tasks.values() if isinstance(tasks, dict) else ():
        designs = task.get("designs") if isinstance(task, dict) else None
        for name, design in designs.items() if isinstance(designs, dict) else ():
            if isinstance(design, list):
                task["designs"][name] = {"overrides": design}
    return node


def _check_lists(plan: Comparison) -> None:
    claims = {f"claims[{number}]": claim.parts for number, claim in enumerate(plan.claims)}
    lists = {
        **{"seeds": plan.seeds, "budgets": plan.budgets, "tasks": plan.tasks},
        **{"learning_rates": plan.learning_rates},
        **{f"tasks.{name}.designs": task.designs for name, task in plan.tasks.items()},
        **{f"{claim}.parts": parts for claim, parts in claims.items()},
        **{f"{claim}.tasks": part.tasks for claim, parts in claims.items() for part in parts},
    }
    for key, values in lists.items():
        if not values:
            raise UserError(f"compare.{key}: empty; give one at least")
    if plan.searched is not None and plan.searched < 1:
        raise UserError(f"compare.searched: must be a budget, 1 at least, got {plan.searched}")
    if min(plan.learning_rates) <= 0:
        raise UserError(
            f"compare.learning_rates: must be factors above 0, got {plan.learning_rates}; 1 is the recipe's"
        )


def _check_numbers(task: Task, seeds: list[int], budgets: list[int], place: str) -> None:
    if (task.samples is None) == (task.flops is None):
        raise UserError(f"{place}: give samples or flops, the budget of each training, and not both")
    if min(value for value in (task.samples, task.flops, task.validations) if value is not None) < 1:
        raise UserError(f"{place}: samples, flops and validations are numbers from 1")
    if len(set(seeds)) < len(seeds):
        raise UserError(f"{place}: seeds must be different numbers, got {seeds}")
    if len(set(budgets)) < len(budgets) or budgets[0] < 1:
        raise UserError(f"{place}: budgets must be different whole numbers from 1, got {budgets}")
    for name, design in task.designs.items():
        if design.rates and (len(design.rates) != len(budgets) or min(design.rates) <= 0):
            raise UserError(
                f"{place}.designs.{name}.rates: must be a factor above 0 for each budget, got {design.rates}"
            )


def _check_part(plan: Comparison, part: Part, place: str) -> None:
    if part.equivalent and not 0 < part.margin < 1:
        raise UserError(
            f"{place}.margin: must be above 0 and below 1 where equivalent is true, got {part.margin}; "
            "give the difference below which designs count as alike"
        )
    if unknown := [name for name in part.equal if name not in SIZES]:
        raise UserError(f"{place}.equal: must be among {', '.join(SIZES)}, got {unknown[0]}")
    if part.measure == Measure.gap and (part.classes or part.more_than):
        raise UserError(f"{place}: classes and more_than must not be set where the gap is measured")
    for pattern in part.classes.values():
        try:
            re.compile(pattern)
        except re.error as error:
            raise UserError(f"{place}.classes: {pattern!r}: not a regular expression: {error}") from error
    for name in part.compared_on(*part.tasks):
        if name not in plan.tasks:
            raise UserError(f"{place}: {name!r} is no task here; {nearest(name, list(plan.tasks))}")
        designs = list(plan.tasks[name].designs)
        for design in (part.better, part.than):
            if design not in designs:
                raise UserError(f"{place}: {design!r} is no entry of {name}; {nearest(design, designs)}")

"""A comparison, a file of ``conf/compare/``, checked before anything is trained.

``conf/compare.yaml`` says what each key is for.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from shared.errors import UserError, nearest


@dataclass
class Task:
    """Data on which designs are compared within the same budget; a design on a task is an entry."""

    overrides: list[str] = MISSING
    cells: dict[str, list[str]] = MISSING
    samples: int | None = None
    flops: float | None = None
    validations: int = 4
    seeds: list[int] | None = None
    title: str | None = None
    note: str | None = None


@dataclass
class Part:
    """One difference of accuracies, and what it has to be."""

    better: str = MISSING
    than: str = MISSING
    tasks: list[str] = MISSING
    differs: str | None = None
    equal: list[str] = field(default_factory=lambda: ["parameters", "flops"])
    margin: float = 0.0
    parameters: float | None = None
    classes: dict[str, str] = field(default_factory=dict)
    more_than: str | None = None
    equivalent: bool = False

    def compared_on(self, *tasks: str) -> list[str]:
        """These tasks, and that of ``more_than``."""
        return [*tasks, *([self.more_than] if self.more_than else [])]


@dataclass
class Claim:
    """A sentence, and the differences that make it hold."""

    says: str = MISSING
    parts: list[Part] = MISSING


@dataclass
class Comparison:
    """What a file of ``conf/compare/`` holds."""

    tasks: dict[str, Task] = MISSING
    claims: list[Claim] = field(default_factory=list)
    seeds: list[int] = MISSING
    learning_rates: list[float] = MISSING
    title: str | None = None

    @property
    def designs(self) -> list[str]:
        """All of them, in the order in which they first appear."""
        return list(dict.fromkeys(design for _, design in self.entries()))

    def seeds_of(self, task: str) -> list[int]:
        """The seeds of a task."""
        return self.tasks[task].seeds or self.seeds

    def title_of(self, task: str) -> str:
        """The name of a task in reports."""
        return self.tasks[task].title or task

    def entries(self) -> Iterator[tuple[str, str]]:
        """Each task with each of its designs."""
        return ((name, design) for name, task in self.tasks.items() for design in task.cells)


def read(node: DictConfig, folder: str | None) -> Comparison:
    """The comparison that a configuration's ``compare`` node describes, on the data of a folder.

    Raises:
        UserError: A key is unknown, missing or of another type, or a claim names an unknown task or design.
    """
    # ${seed} and the like are the trainings' own: escaped here, so that they resolve to themselves.
    text = json.dumps(OmegaConf.to_container(node, resolve=False)).replace("${", "\\\\${")
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
        _check_numbers(task, plan.seeds_of(name), f"compare.tasks.{name}")
    for number, claim in enumerate(plan.claims):
        for part in claim.parts:
            _check_part(plan, part, f"compare.claims[{number}]")
    if folder is None and "${folder}" in text:
        raise UserError("folder is not set: give folder=…, where the data of this comparison are")
    return plan


def _check_lists(plan: Comparison) -> None:
    claims = {f"claims[{number}]": claim.parts for number, claim in enumerate(plan.claims)}
    lists = {
        **{"seeds": plan.seeds, "learning_rates": plan.learning_rates, "tasks": plan.tasks},
        **{f"tasks.{name}.cells": task.cells for name, task in plan.tasks.items()},
        **{f"{claim}.parts": parts for claim, parts in claims.items()},
        **{f"{claim}.tasks": part.tasks for claim, parts in claims.items() for part in parts},
    }
    for key, values in lists.items():
        if not values:
            raise UserError(f"compare.{key}: empty; give one at least")
    if min(plan.learning_rates) <= 0:
        raise UserError(
            f"compare.learning_rates: {plan.learning_rates}: give factors above 0, 1 for the recipe's"
        )


def _check_numbers(task: Task, seeds: list[int], place: str) -> None:
    if (task.samples is None) == (task.flops is None):
        raise UserError(f"{place}: give samples or flops, the budget of each training, and not both")
    if min(value for value in (task.samples, task.flops, task.validations) if value is not None) < 1:
        raise UserError(f"{place}: samples, flops and validations are numbers from 1")
    if len(set(seeds)) < len(seeds):
        raise UserError(f"{place}: seeds must be different numbers, got {seeds}")


def _check_part(plan: Comparison, part: Part, place: str) -> None:
    if part.equivalent and not 0 < part.margin < 1:
        raise UserError(
            f"{place}.margin: must be above 0 and below 1 where equivalent is true, got {part.margin}; "
            "give the difference below which designs count as alike"
        )
    for pattern in part.classes.values():
        try:
            re.compile(pattern)
        except re.error as error:
            raise UserError(f"{place}.classes: {pattern!r}: not a regular expression: {error}") from error
    for name in part.compared_on(*part.tasks):
        if name not in plan.tasks:
            raise UserError(f"{place}: {name!r} is no task here; {nearest(name, list(plan.tasks))}")
        designs = list(plan.tasks[name].cells)
        for design in (part.better, part.than):
            if design not in designs:
                raise UserError(f"{place}: {design!r} is no entry of {name}; {nearest(design, designs)}")

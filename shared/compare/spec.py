"""A comparison, a file of ``conf/compare/``, checked before anything is trained."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from hydra.errors import HydraException
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from shared.config import check_choices, check_keys, check_typed, compose
from shared.errors import UserError, nearest

# Keys of a training that a comparison sets itself.
SETTLED = ("seed", "runs", "resume", "test", "data.epoch_size", "trainer.max_epochs", "trainer.devices")


@dataclass
class Task:
    """Data on which some designs are compared, each within the same budget; a design on a task is an entry.

    Attributes:
        overrides: of a training, as ``train.py`` takes them; ``${folder}`` and ``${seed}`` may stand in them.
        cells: of each entry, by the name of its design, the overrides that make it. The first is the domain's
            own design, with which the others are compared.
        samples: that each training sees, ...
        flops: ... or floating point operations that it takes, three forward passes a sample.
        validations: number of them in a training; the best of their checkpoints is tested.
        seeds: in place of the comparison's, such as a number for each fold.
        title: its name in reports.
        note: what a reader of its results has to know.
    """

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
    """One difference of accuracies, and what it has to be.

    Attributes:
        better, than: designs.
        tasks: the part is judged on each.
        margin: ``better`` may be worse by this much (0.01: a point), which counts as no cost.
        parameters: the claim is about size: ``better`` has at most this multiple of the other's parameters.
        classes: regular expressions, by a name for each: only test items of classes whose whole name matches.
        more_than: a task on which the difference has to be smaller.
    """

    better: str = MISSING
    than: str = MISSING
    tasks: list[str] = MISSING
    margin: float = 0.0
    parameters: float | None = None
    classes: dict[str, str] = field(default_factory=dict)
    more_than: str | None = None


@dataclass
class Claim:
    """A sentence, and the differences that make it hold."""

    says: str = MISSING
    parts: list[Part] = MISSING


@dataclass
class Comparison:
    """``conf/compare/*.yaml``; ``conf/compare.yaml`` says what each key is for."""

    tasks: dict[str, Task] = MISSING
    claims: list[Claim] = field(default_factory=list)
    seeds: list[int] = MISSING
    learning_rates: list[float] = MISSING
    title: str | None = None

    @property
    def designs(self) -> list[str]:
        """All of them, in the order in which they first appear."""
        return list(dict.fromkeys(design for task in self.tasks.values() for design in task.cells))

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
        missing = sorted(OmegaConf.missing_keys(merged))
        if missing:
            raise UserError(f"compare.{missing[0]} is not set")
        plan = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        reason = str(error).split("\n")[0]
        raise UserError(
            f"compare.{error.full_key or ''}: {reason}; see conf/compare/ for examples"
        ) from error
    assert isinstance(plan, Comparison)
    _check(plan)
    words = [word for task in plan.tasks.values() for word in (*task.overrides, *chain(*task.cells.values()))]
    if folder is None and any("${folder}" in word for word in words):
        raise UserError("folder is not set: give folder=…, where the data of this comparison are")
    return plan


def configuration(task: Task, design: str, place: str) -> DictConfig:
    """The configuration of an entry, not yet resolved: seed, learning rate and budget are still to be set.

    Raises:
        UserError: An override does not fit.
    """
    overrides = [*task.overrides, *task.cells[design]]
    try:
        config = compose("train", overrides)
        check_typed(overrides, SETTLED, [])
        check_choices(config)
        check_keys(config, "train", typed=[word.split("=")[0] for word in overrides])
    except (HydraException, OmegaConfBaseException, UserError) as error:
        reason = str(error.__cause__ or error).split("\n")[0]
        raise UserError(f"compare.tasks.{place}: {' '.join(overrides)}: {reason}") from error
    return config


def _check(plan: Comparison) -> None:
    for key in ("seeds", "learning_rates", "tasks"):
        if not getattr(plan, key):
            raise UserError(f"compare.{key}: empty; give one at least")
    if min(plan.learning_rates) <= 0:
        raise UserError(
            f"compare.learning_rates: {plan.learning_rates}: give factors above 0, 1 for the recipe's"
        )
    for name, task in plan.tasks.items():
        place = f"compare.tasks.{name}"
        if not task.cells:
            raise UserError(f"{place}.cells: empty; name one design at least")
        if (task.samples is None) == (task.flops is None):
            raise UserError(f"{place}: give samples or flops, the budget of each training, and not both")
        if min(value for value in (task.samples, task.flops, task.validations) if value is not None) < 1:
            raise UserError(f"{place}: samples, flops and validations are numbers from 1")
        if len(set(plan.seeds_of(name))) < len(plan.seeds_of(name)):
            raise UserError(f"{place}: seeds must be different numbers, got {plan.seeds_of(name)}")
    for number, claim in enumerate(plan.claims):
        if not claim.parts:
            raise UserError(f"compare.claims[{number}].parts: empty; give one at least")
        for part in claim.parts:
            _check_part(plan, part, f"compare.claims[{number}]")


def _check_part(plan: Comparison, part: Part, place: str) -> None:
    tasks = [*part.tasks, *([part.more_than] if part.more_than else [])]
    if not part.tasks:
        raise UserError(f"{place}.tasks: empty; name one task at least")
    for pattern in part.classes.values():
        try:
            re.compile(pattern)
        except re.error as error:
            raise UserError(f"{place}.classes: {pattern!r}: not a regular expression: {error}") from error
    for name in tasks:
        if name not in plan.tasks:
            raise UserError(f"{place}: {name!r} is no task here; {nearest(name, list(plan.tasks))}")
        for design in (part.better, part.than):
            if design not in plan.tasks[name].cells:
                remedy = nearest(design, list(plan.tasks[name].cells))
                raise UserError(f"{place}: {design!r} is no entry of {name}; {remedy}")

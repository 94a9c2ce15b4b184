"""An entry, a design on a task: the trainings that it needs, and the runs that exist."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from shared.commands import digest
from shared.compare.gap import FILE as GAP
from shared.compare.gap import train_and_measure
from shared.compare.jobs import FAILED, Job, train
from shared.compare.profile import FACTS, LATENCY, Facts, measure_latency, read_facts, read_latency
from shared.compare.spec import Comparison, Measure
from shared.config import Monitor, check_choices, check_keys, check_typed, check_values, compose, plain
from shared.errors import UserError
from shared.files import write, write_json
from shared.runs import Run, take_settings

# Keys of a training that a comparison sets itself.
SETTLED = (
    *("seed", "runs", "resume", "report", "test"),
    *("data.epoch_size", "trainer.max_epochs", "trainer.devices"),
)
WIDENED = 4  # learning rates that are tried at most beyond those of the comparison


class Entry:
    """A design on a task of a comparison; a ``UserError`` if its overrides do not fit.

    ``home`` is the folder of all trainings, ``folder`` the value of ``${folder}``.
    """

    def __init__(self, plan: Comparison, task: str, design: str, home: Path, folder: str | None):
        self.task, self.design = task, design
        self.settings, self.seeds, self.budgets = plan.tasks[task], plan.seeds_of(task), plan.budgets_of(task)
        self.plan = self.settings.designs[design]
        self._rates, self._searched = plan.learning_rates, plan.searched
        self.measures_gap = plan.measured(task, Measure.gap)
        self._home, self._folder = home, folder
        self._jobs: dict[tuple[Any, ...], Job] = {}  # by what sets them apart
        self._scores: dict[Path, float] = {}  # what decides a search, by the folder of the training
        overrides = [*self.settings.overrides, *self.plan.overrides]
        with self.named():
            self._base = compose("train", overrides)
            check_typed(overrides, SETTLED, [])
            with open_dict(self._base):
                self._base.folder = folder  # in which init may lie
                take_settings(self._base, overrides)
                del self._base.folder
            check_choices(self._base)
            check_keys(self._base, "train", typed=[word.split("=")[0] for word in overrides])
        self.configuration = self._configuration(self.seeds[0])
        self.folder = self._named("facts", plain(self.configuration))  # of what is known before trainings

    @cached_property
    def facts(self) -> Facts | None:
        """The size and the design of its network; None before ``know``."""
        file = self.folder / FACTS
        if not file.exists():
            return None
        facts = read_facts(file)
        self._widen(facts["widths"])
        return facts

    def know(self, facts: Facts) -> None:
        """Keep the facts; its trainings have the widths that were fitted."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / FAILED).unlink(missing_ok=True)
        write_json(self.folder / FACTS, dict(facts))
        self.__dict__.pop("facts", None)

    def refuse(self, reason: str) -> None:
        """Keep why there are no facts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write(self.folder / FAILED, reason)

    def with_widths(self, widths: dict[str, Any]) -> DictConfig:
        """Its configuration with other widths of layers."""
        return self._configuration(self.seeds[0], settings=widths)

    @property
    def latency(self) -> float | None:
        """Seconds that a prediction takes; None before it has been measured."""
        return read_latency(self.folder)

    @property
    def timing(self) -> Job | None:
        """The measurement of its latency, if that is missing."""
        if not self.facts or (self.folder / LATENCY).exists():
            return None
        return Job(measure_latency, partial(self._configuration, self.seeds[0]), self.folder)

    def search(self, budget: int) -> list[Job]:
        """The trainings among which the learning rate is chosen; the test set is left alone.

        While the best rate is the lowest or the highest, another one beyond it is tried.
        """
        if not self.facts or len(self._rates) == 1 or self._rate_known(budget):
            return []
        rates = list(self._rates)
        jobs = [self._training(self.seeds[0], budget, rate, test=False) for rate in rates]
        while len(rates) < len(self._rates) + WIDENED and (best := self._best(jobs)):
            ordered = sorted(rates)
            if best == ordered[0]:
                rates.append(ordered[0] ** 2 / ordered[1])
            elif best == ordered[-1]:
                rates.append(ordered[-1] ** 2 / ordered[-2])
            else:
                break
            rates[-1] = float(f"{rates[-1]:.3g}")
            jobs.append(self._training(self.seeds[0], budget, rates[-1], test=False))
        return jobs

    def factor(self, budget: int) -> float | None:
        """The multiple of the learning rate best on validation (the first of equals); None if unknown."""
        if len(self._rates) == 1:
            return self._rates[0]
        if self.plan.rates:
            return self.plan.rates[self.budgets.index(budget)]
        return self._best(self.search(self._search_budget(budget)))

    def at_edge(self, budget: int) -> bool:
        """Whether the best learning rate is the lowest or the highest that was tried."""
        factors = [job.factor for job in self.search(self._search_budget(budget))]
        return bool(factors) and self.factor(budget) in (min(factors), max(factors))

    def trainings(self, budget: int) -> list[Job]:
        """The trainings that are compared: one per seed, once the learning rate is known."""
        factor = self.factor(budget) if self.facts else None
        if factor is None:
            return []
        return [self._training(seed, budget, factor, test=True) for seed in self.seeds]

    def waiting(self, budget: int) -> Iterator[Job]:
        """What has to be done for a budget and can be done now."""
        for job in (*self.search(budget), *self.trainings(budget)):
            if not job.run:
                yield job

    def expected(self, budget: int) -> int:
        """The trainings of a budget, as far as it is known."""
        searched = 0 if len(self._rates) == 1 or self._rate_known(budget) else len(self._rates)
        return max(searched, len(self.search(budget))) + len(self.seeds)

    @property
    def failure(self) -> str | None:
        """Why it has no results; None if it has some, or has not been tried."""
        file = self.folder / FAILED
        jobs = [job for budget in self.budgets for job in (*self.search(budget), *self.trainings(budget))]
        reasons = [file.read_text() if file.is_file() else None, *(job.failure for job in jobs)]
        return next((reason for reason in reasons if reason), None)

    def finished(self, budget: int) -> list[Run] | None:
        """The run of each seed; None while one is missing."""
        runs = [run for job in self.trainings(budget) if (run := job.run)]
        return runs if len(runs) == len(self.seeds) else None

    def samples(self, budget: int) -> int:
        """Samples that each training sees, as the budget allows: a pass back costs two forward ones."""
        if self.settings.samples:
            return self.settings.samples * budget
        assert self.facts
        assert self.settings.flops
        return max(1, round(self.settings.flops * budget / (3 * self.facts["flops"])))

    @cached_property
    def same_items(self) -> bool:
        """Whether all seeds have the same test items; not so where a fold follows the seed."""
        first, last = (plain(self._configuration(seed).data) for seed in (self.seeds[0], self.seeds[-1]))
        return bool(first == last)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Put the entry's place in the file in front of the message of an error."""
        try:
            yield
        except (HydraException, OmegaConfBaseException, UserError) as error:
            cause = error.__cause__ if isinstance(error, HydraException) else None
            reason = str(cause or error).split("\n")[0]
            raise UserError(f"compare.tasks.{self.task}.designs.{self.design}: {reason}") from error

    def settings_beside(self) -> dict[str, Any]:
        """What its training is given beside the layers: keys and values, interpolations as they are."""
        config = OmegaConf.to_container(self._base, resolve=False)
        assert isinstance(config, dict)
        settings: dict[str, Any] = {}
        for section, values in config.items():
            if section not in ("model", "choices", "runs"):
                below = values.items() if isinstance(values, dict) else ()
                settings |= {f"{section!s}.{key!s}": value for key, value in below} or {str(section): values}
        model, layers = config["model"], str(config["model"]["layers"])
        unread = [key for key in model if key != "layers" and f"model.{key}" not in layers]
        return settings | {f"model.{key}": model[key] for key in unread}

    def _rate_known(self, budget: int) -> bool:
        return bool(self.plan.rates) or budget != self._search_budget(budget)

    def _search_budget(self, budget: int) -> int:
        """The budget whose search gives the learning rate: its own, or that of the plan."""
        if self._searched is None:
            return budget
        return max((one for one in self.budgets if one <= self._searched), default=self.budgets[0])

    def _best(self, jobs: Sequence[Job]) -> float | None:
        """The factor of the best training of a search; None before all have ended."""
        monitor = Monitor.of(self.configuration)
        for job in jobs:
            if job.folder not in self._scores and (run := job.run):
                self._scores[job.folder] = run.metrics[monitor.name]
        if not jobs or any(job.folder not in self._scores for job in jobs):
            return None
        return monitor.best(jobs, lambda job: self._scores[job.folder]).factor

    def _widen(self, widths: dict[str, Any]) -> None:
        with open_dict(self._base):
            for key, value in widths.items():
                OmegaConf.update(self._base, key, value)

    def _training(self, seed: int, budget: int, factor: float, *, test: bool) -> Job:
        named = seed, budget, factor, test
        if named not in self._jobs:
            self._jobs[named] = self._new_training(seed, budget, factor, test=test)
        return self._jobs[named]

    def _new_training(self, seed: int, budget: int, factor: float, *, test: bool) -> Job:
        epochs = self.settings.validations
        settings = {
            "data.epoch_size": -(-self.samples(budget) // epochs),
            "trainer.max_epochs": epochs,
            "trainer.devices": 1,  # a training is one process
            "report": False,
            "test": test,
        }
        kind = f"x{budget}-seed{seed}" if test else f"x{budget}-search{factor:g}"
        folder = self._named(kind, [self._settings, self._folder, seed, factor, settings])
        job = Job(train, partial(self._configuration, seed, factor, settings), folder, factor)
        return replace(job, does=train_and_measure, writes=GAP) if test and self.measures_gap else job

    @cached_property
    def _settings(self) -> Any:
        """All of its configuration, with the widths that were fitted, interpolations as they are."""
        assert self.facts
        settings = OmegaConf.to_container(self._base, resolve=False)
        assert isinstance(settings, dict)
        return {key: value for key, value in settings.items() if key != "runs"}

    def _configuration(
        self, seed: int, factor: float = 1.0, settings: dict[str, Any] | None = None
    ) -> DictConfig:
        config = self._base.copy()
        with open_dict(config):  # what follows from the seed or the learning rate is resolved after these
            config.folder, config.seed = self._folder, seed
            config.optimizer.lr *= factor
            for key, value in (settings or {}).items():
                OmegaConf.update(config, key, value)
        with self.named():
            if missing := sorted(OmegaConf.missing_keys(config)):
                raise UserError(f"{missing[0]} is not set; add an override {missing[0]}=…")
            resolved = plain(config)
            check_values(resolved)
        del resolved["folder"]
        return OmegaConf.create(resolved)

    def _named(self, kind: str, settings: Any) -> Path:
        """A folder of its own for each kind of job, named by all settings."""
        if isinstance(settings, dict):
            settings = {key: value for key, value in settings.items() if key != "runs"}
        words = "-".join(slug(word) for word in (self.task, self.design, kind))
        return self._home / f"{words}-{digest(settings)}"


def slug(name: str) -> str:
    """A name as a part of a file's name, on any disk."""
    return re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:40] or "_"

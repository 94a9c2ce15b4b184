"""An entry, a design on a task: the trainings that it needs, and the runs that exist."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from shared.commands import digest
from shared.compare.jobs import Job, measure, train
from shared.compare.profile import FACTS, read_facts
from shared.compare.spec import Comparison
from shared.config import Monitor, check_choices, check_keys, check_typed, check_values, compose, plain
from shared.errors import UserError
from shared.runs import Run, take_settings

# Keys of a training that a comparison sets itself.
SETTLED = ("seed", "runs", "resume", "test", "data.epoch_size", "trainer.max_epochs", "trainer.devices")


class Entry:
    """A design on a task of a comparison; a ``UserError`` if its overrides do not fit.

    ``home`` is the folder of all trainings, ``folder`` the value of ``${folder}``.
    """

    def __init__(self, plan: Comparison, task: str, design: str, home: Path, folder: str | None):
        self.task, self.design = task, design
        self.settings, self.seeds, self.factors = plan.tasks[task], plan.seeds_of(task), plan.learning_rates
        self._home, self._folder = home, folder
        overrides = [*self.settings.overrides, *self.settings.cells[design]]
        with self._named():
            self._base = compose("train", overrides)
            check_typed(overrides, SETTLED, [])
            with open_dict(self._base):
                self._base.folder = folder  # in which init may lie
                take_settings(self._base, overrides)
                del self._base.folder
            check_choices(self._base)
            check_keys(self._base, "train", typed=[word.split("=")[0] for word in overrides])
        self.measuring = self._job(measure, "facts", self._configuration(self.seeds[0]))

    @property
    def facts(self) -> dict[str, Any] | None:
        """Parameters, FLOPs, design choices, latency; None before they have been measured."""
        file = self.measuring.folder / FACTS
        return read_facts(file) if file.exists() else None

    def search(self) -> list[Job]:
        """The trainings among which the learning rate is chosen; the test set is left alone."""
        if len(self.factors) == 1 or not self.facts:
            return []
        return [self._training(self.seeds[0], factor, test=False) for factor in self.factors]

    @property
    def factor(self) -> float | None:
        """The multiple of the learning rate best on validation (the first of equals); None if unknown."""
        if len(self.factors) == 1:
            return self.factors[0]
        searched = self.search()
        runs = [(run, job.factor) for job in searched if (run := job.run)]
        if not runs or len(runs) < len(searched):
            return None
        monitor = Monitor.of(runs[0][0].config)
        return monitor.best(runs, lambda pair: pair[0].metrics[monitor.name])[1]

    def trainings(self) -> list[Job]:
        """The trainings that are compared: one per seed, once the learning rate is known."""
        factor = self.factor
        if factor is None or not self.facts:
            return []
        return [self._training(seed, factor, test=True) for seed in self.seeds]

    @property
    def failure(self) -> str | None:
        """Why it has no results; None if it has some, or has not been tried."""
        jobs = [self.measuring, *self.search(), *self.trainings()]
        return next((job.failure for job in jobs if job.failure), None)

    @property
    def finished(self) -> list[Run] | None:
        """The run of each seed; None while one is missing."""
        runs = [run for job in self.trainings() if (run := job.run)]
        return runs if len(runs) == len(self.seeds) else None

    @property
    def samples(self) -> int:
        """Samples that each training sees, as the budget allows: a pass back costs two forward ones."""
        if self.settings.samples:
            return self.settings.samples
        assert self.facts
        assert self.settings.flops
        return max(1, round(self.settings.flops / (3 * self.facts["flops"])))

    @property
    def same_items(self) -> bool:
        """Whether all seeds have the same training and test items; not so where a fold follows the seed."""
        data = [plain(self._configuration(seed).data) for seed in self.seeds]
        return all(settings == data[0] for settings in data)

    def _training(self, seed: int, factor: float, *, test: bool) -> Job:
        epochs = self.settings.validations
        settings = {
            "data.epoch_size": -(-self.samples // epochs),
            "trainer.max_epochs": epochs,
            "trainer.devices": 1,  # a training is one process
            "test": test,
        }
        config = self._configuration(seed, factor, settings)
        return self._job(train, f"seed{seed}" if test else f"search{factor:g}", config, factor)

    def _configuration(
        self, seed: int, factor: float = 1.0, settings: dict[str, Any] | None = None
    ) -> DictConfig:
        config = self._base.copy()
        with open_dict(config):  # what follows from the seed or the learning rate is resolved after these
            config.folder, config.seed = self._folder, seed
            config.optimizer.lr *= factor
            for key, value in (settings or {}).items():
                OmegaConf.update(config, key, value)
        with self._named():
            if missing := sorted(OmegaConf.missing_keys(config)):
                raise UserError(f"{missing[0]} is not set; add an override {missing[0]}=…")
            resolved = plain(config)
            check_values(resolved)
        del resolved["folder"]
        return OmegaConf.create(resolved)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Put the entry's place in the file in front of the message of an error."""
        try:
            yield
        except (HydraException, OmegaConfBaseException, UserError) as error:
            cause = error.__cause__ if isinstance(error, HydraException) else None
            reason = str(cause or error).split("\n")[0]
            raise UserError(f"compare.tasks.{self.task}.cells.{self.design}: {reason}") from error

    def _job(self, does: Any, kind: str, config: DictConfig, factor: float = 1.0) -> Job:
        """Each job has a folder of its own, named by all settings of its configuration."""
        settings = plain(config)
        named = digest({key: value for key, value in settings.items() if key != "runs"})
        words = "-".join(slug(word) for word in (self.task, self.design, kind))
        folder = self._home / f"{words}-{named}"
        return Job(does, OmegaConf.create(settings | {"runs": str(folder)}), folder, factor)


def slug(name: str) -> str:
    """A name as a part of a file's name, on any disk."""
    return re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:40] or "_"

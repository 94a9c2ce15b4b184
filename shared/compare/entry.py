"""An entry, a design on a task: the trainings that it needs, and the runs that exist."""

import re
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from shared.commands import digest
from shared.compare.jobs import FACTS, Job, measure, train
from shared.compare.profile import read_facts
from shared.compare.spec import Comparison, configuration
from shared.config import Monitor, check_values, plain
from shared.errors import UserError
from shared.runs import Run


class Training(NamedTuple):
    """One training of an entry: its seed, the multiple of the recipe's learning rate, and its job."""

    seed: int
    factor: float
    job: Job

    @property
    def run(self) -> Run | None:
        """Its run folder, once it has ended."""
        return self.job.run


class Entry:
    """A design on a task.

    Args:
        plan: The comparison.
        task, design: Names in it.
        home: Folder of all trainings.
        folder: The value of ``${folder}``.

    Raises:
        UserError: Its overrides do not fit.
    """

    def __init__(self, plan: Comparison, task: str, design: str, home: Path, folder: str | None):
        self.task, self.design = task, design
        self.settings, self.seeds, self.factors = plan.tasks[task], plan.seeds_of(task), plan.learning_rates
        self._home, self._folder = home, folder
        self._base = configuration(self.settings, design, task)
        self.measuring = self._job(measure, "facts", self._configuration(self.seeds[0]))

    @property
    def facts(self) -> dict[str, Any] | None:
        """Parameters, FLOPs, design choices, latency; None before they have been measured."""
        file = self.measuring.folder / FACTS
        return read_facts(file) if file.exists() else None

    def search(self) -> list[Training]:
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
        runs = [run for training in searched if (run := training.run)]
        if not runs or len(runs) < len(searched):
            return None
        monitor = Monitor.of(runs[0].config)
        factor, _ = monitor.best(
            zip(self.factors, runs, strict=True), lambda pair: pair[1].metrics[monitor.name]
        )
        return factor

    def trainings(self) -> list[Training]:
        """The trainings that are compared: one per seed, once the learning rate is known."""
        factor = self.factor
        if factor is None or not self.facts:
            return []
        return [self._training(seed, factor, test=True) for seed in self.seeds]

    @property
    def failure(self) -> str | None:
        """Why it has no results; None if it has some, or has not been tried."""
        jobs = [self.measuring, *(training.job for training in (*self.search(), *self.trainings()))]
        return next((job.failure for job in jobs if job.failure), None)

    @property
    def finished(self) -> list[Run] | None:
        """The run of each seed; None while one is missing."""
        runs = [run for run in (training.run for training in self.trainings()) if run]
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

    def _training(self, seed: int, factor: float, *, test: bool) -> Training:
        epochs = self.settings.validations
        settings = {
            "data.epoch_size": -(-self.samples // epochs),
            "trainer.max_epochs": epochs,
            "trainer.devices": 1,  # a training is one process
            "test": test,
        }
        config = self._configuration(seed, factor, settings)
        kind = f"seed{seed}" if test else f"search{factor:g}"
        return Training(seed, factor, self._job(train, kind, config))

    def _configuration(
        self, seed: int, factor: float = 1.0, settings: dict[str, Any] | None = None
    ) -> DictConfig:
        config = self._base.copy()
        with open_dict(config):  # what follows from the seed or the learning rate is resolved after these
            config.folder, config.seed = self._folder, seed
            config.optimizer.lr *= factor
            for key, value in (settings or {}).items():
                OmegaConf.update(config, key, value)
        place = f"compare.tasks.{self.task}.cells.{self.design}"
        try:
            missing = sorted(OmegaConf.missing_keys(config))
            if missing:
                raise UserError(f"{missing[0]} is not set; add an override {missing[0]}=…")
            resolved = plain(config)
            check_values(resolved)
        except (OmegaConfBaseException, UserError) as error:
            raise UserError(f"{place}: {error}") from error
        del resolved["folder"]
        return OmegaConf.create(resolved)

    def _job(self, does: Any, kind: str, config: DictConfig) -> Job:
        """Each job has a folder of its own, named by all settings of its configuration."""
        settings = {key: value for key, value in plain(config).items() if key != "runs"}
        words = "-".join(slug(word) for word in (self.task, self.design, kind))
        folder = self._home / f"{words}-{digest(settings)}"
        config = config.copy()
        config.runs = str(folder)
        return Job(does, config, folder)


def slug(name: str) -> str:
    """A name as a part of a file's name, on any disk."""
    return re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:40] or "_"

"""The study that all processes of a search share: its storage, its folder, and who works on which trial."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import optuna
from optuna.exceptions import StorageInternalError
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from shared.commands import SAME
from shared.config import Monitor
from shared.errors import UserError, nearest
from shared.files import FileLock, JournalLock, write

SAMPLERS: dict[str, type[BaseSampler]] = {"tpe": TPESampler, "random": RandomSampler}
# A trial has a first epoch to itself, and the first trials train to their end: there is no median before.
PRUNERS: dict[str, BasePruner] = {
    "median": MedianPruner(n_startup_trials=5, n_warmup_steps=1),
    "none": NopPruner(),
}


class Study:
    """A study: numbers, parameters and values of its trials in a storage, their runs in a folder.

    A process holds a trial's lock for as long as it works on it. A trial that the storage calls running, and
    whose lock is free, was left by a process that died: the next one goes on with it. So all processes, on
    whichever machines, must see the same folder.

    Args:
        folder: of this study alone; made if it is not there.
        storage: a database's URL, or None for a journal file in the folder.
        sampler: ``tpe`` or ``random``.
        pruner: ``median`` or ``none``.
        monitor: the metric whose best value is searched.
        seed: of the sampler; which values a trial gets follows from it, the trial's number and the values of
            the trials that have ended by then.

    Raises:
        UserError: The storage or the folder cannot be used, or they do not belong together.
    """

    def __init__(
        self, folder: Path, storage: str | None, sampler: str, pruner: str, seed: int, monitor: Monitor
    ):
        for key, value, legal in (("sampler", sampler, SAMPLERS), ("pruner", pruner, PRUNERS)):
            if value not in legal:
                raise UserError(f"sweep.{key}={value}: {nearest(str(value), list(legal))}")
        self.folder, self.sampler, self.seed, self.monitor = folder, SAMPLERS[sampler], seed, monitor
        with self._lock():
            try:
                self.optuna = optuna.create_study(
                    study_name=folder.name,
                    storage=_storage(folder, storage),
                    direction="maximize" if monitor.mode == "max" else "minimize",
                    pruner=PRUNERS[pruner],
                    load_if_exists=True,
                )
                self._belong_together()
            except (SQLAlchemyError, ImportError, OSError, ValueError) as error:
                reason = str(error).splitlines()[0]
                raise UserError(
                    f"{'storage' if storage else folder / 'journal.log'}: cannot be used: {reason}"
                ) from error

    def _lock(self) -> FileLock:
        return FileLock(self.folder / "lock")

    def _belong_together(self) -> None:
        """Refuse a study whose runs and locks lie elsewhere: each of its running trials would look dead."""
        mark = self.folder / "id"
        if not mark.is_file():
            write(mark, uuid.uuid4().hex)
        known = self.optuna.user_attrs.get("folder")
        if known is None:
            self.optuna.set_user_attr("folder", {"id": mark.read_text(), "path": str(self.folder)})
        elif known["id"] != mark.read_text():
            raise UserError(
                f"runs={self.folder.parent.parent}: this study has its runs in {known['path']}; set runs= to "
                "where that folder is seen from here: all who work on this storage must share it"
            )

    def trials(self, *states: TrialState) -> list[optuna.trial.FrozenTrial]:
        """The trials in the order of their numbers, or those in some states."""
        return self.optuna.get_trials(deepcopy=False, states=states or None)

    def place(self, number: int) -> Path:
        """The folder of a trial's run."""
        return self.folder / "trials" / f"{number:04d}"

    def claim(self, n_trials: int) -> tuple[optuna.Trial, FileLock] | None:
        """A trial for this process and the lock on it: one left by a dead process, else a new one.

        None once the study has ``n_trials`` and a living process works on each that has not ended.
        """
        with self._lock():
            for frozen in self.trials(TrialState.RUNNING):
                lock = FileLock(self.place(frozen.number) / "lock")
                if lock.try_acquire():
                    if frozen.number in {each.number for each in self.trials(TrialState.RUNNING)}:
                        return self._sampling(optuna.Trial(self.optuna, frozen._trial_id)), lock
                    lock.release()  # it ended in between
            if len(self.trials()) >= n_trials:
                return None
            trial = self.optuna.ask()
            lock = FileLock(self.place(trial.number) / "lock")
            lock.acquire()
            return self._sampling(trial), lock

    def _sampling(self, trial: optuna.Trial) -> optuna.Trial:
        """Let the trial's values follow from its number; Optuna draws them at the first suggestion."""
        seed = int(np.random.SeedSequence([self.seed, trial.number]).generate_state(1)[0])
        self.optuna.sampler = self.sampler(seed=seed)  # type: ignore[call-arg]  # both have it
        return trial


STORAGE_FAILURES = (SQLAlchemyError, StorageInternalError)


@contextmanager
def storage_failures() -> Iterator[None]:
    """Around a search: a storage that is lost is one line; the trials under way are resumed later."""
    try:
        yield
    except STORAGE_FAILURES as error:
        cause = error.__cause__ or error
        raise UserError(f"storage: cannot be used: {str(cause).splitlines()[0]}", SAME) from error


def _storage(folder: Path, url: str | None) -> BaseStorage:
    if url is not None:
        return RDBStorage(url)
    journal = folder / "journal.log"
    return JournalStorage(JournalFileBackend(str(journal), JournalLock(journal)))  # type: ignore[arg-type]

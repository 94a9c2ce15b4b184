"""The study that all processes of a search share: its storage, its folder, and the lock of each trial."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import optuna
from optuna.exceptions import StorageInternalError
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from shared.commands import SAME
from shared.config import Monitor
from shared.errors import UserError, require_choice
from shared.files import FileLock, JournalLock, write

SAMPLERS: dict[str, type[BaseSampler]] = {"tpe": TPESampler, "random": RandomSampler}
# A trial has a first epoch to itself, and the first trials train to their end: there is no median before.
PRUNERS: dict[str, BasePruner] = {
    "median": MedianPruner(n_startup_trials=5, n_warmup_steps=1),
    "none": NopPruner(),
}


class Study:
    """A study: numbers, parameters and values of its trials in a storage, their runs in a folder.

    A process holds a trial's lock while it works on it. A trial that the storage calls running, and whose
    lock is free, belonged to a process that died: another process resumes it. So all processes, on all
    machines, must see the same folder.

    The ``storage`` is a database's URL, or None for a journal file in the folder. A trial's values depend on
    the seed, on the trial's number and on the trials that have ended by then. A storage or folder that cannot
    be used, or is another study's, is a ``UserError``.
    """

    def __init__(
        self, folder: Path, storage: str | None, sampler: str, pruner: str, seed: int, monitor: Monitor
    ):
        require_choice("sweep.sampler", sampler, SAMPLERS)
        require_choice("sweep.pruner", pruner, PRUNERS)
        self.folder, self.sampler, self.seed, self.monitor = folder, SAMPLERS[sampler], seed, monitor
        self._lock = FileLock(folder / "lock")
        journal = folder / "journal.log"
        with self._lock:
            try:
                self.optuna = optuna.create_study(
                    study_name=folder.name,
                    storage=RDBStorage(storage) if storage is not None else _journal(journal),
                    direction="maximize" if monitor.mode == "max" else "minimize",
                    pruner=PRUNERS[pruner],
                    load_if_exists=True,
                )
                self._check_folder()
            except (SQLAlchemyError, ImportError, OSError, ValueError) as error:
                place, reason = "storage" if storage else journal, str(error).splitlines()[0]
                raise UserError(f"{place}: cannot be used: {reason}") from error

    def _check_folder(self) -> None:
        """Refuse a study with runs and locks in another folder: its running trials would seem to be dead."""
        mark = self.folder / "id"
        if not mark.is_file():
            write(mark, uuid.uuid4().hex)
        known = self.optuna.user_attrs.get("folder")
        if known is None:
            self.optuna.set_user_attr("folder", {"id": mark.read_text(), "path": str(self.folder)})
        elif known["id"] != mark.read_text():
            raise UserError(
                f"runs: must lead to {known['path']}, where this study has its runs, got "
                f"{self.folder.parent.parent}; all processes that use a storage must share this folder"
            )

    def trials(self, *states: TrialState) -> list[optuna.trial.FrozenTrial]:
        """The trials in the order of their numbers, or those in some states."""
        return self.optuna.get_trials(deepcopy=False, states=states or None)

    def place(self, number: int) -> Path:
        """The folder of a trial's run."""
        return self.folder / "trials" / f"{number:04d}"

    def claim(self, n_trials: int) -> tuple[optuna.Trial, FileLock] | None:
        """A trial for this process and the lock on it: one whose process died, else a new one.

        None once the study has ``n_trials``, each of which has ended or has a living process.
        """
        with self._lock:
            for frozen in self.trials(TrialState.RUNNING):
                lock = FileLock(self.place(frozen.number) / "lock")
                if lock.try_acquire():
                    if frozen.number in {trial.number for trial in self.trials(TrialState.RUNNING)}:
                        return self._sampling(optuna.Trial(self.optuna, frozen._trial_id)), lock
                    lock.release()  # it ended in between
            if len(self.trials()) >= n_trials:
                return None
            trial = self.optuna.ask()
            lock = FileLock(self.place(trial.number) / "lock")
            lock.acquire()
            return self._sampling(trial), lock

    def _sampling(self, trial: optuna.Trial) -> optuna.Trial:
        """Seed the sampler by the trial's number; Optuna draws the values at the first suggestion."""
        seed = int(np.random.SeedSequence([self.seed, trial.number]).generate_state(1)[0])
        self.optuna.sampler = self.sampler(seed=seed)  # type: ignore[call-arg]  # both have it
        return trial


STORAGE_FAILURES = (SQLAlchemyError, StorageInternalError)


@contextmanager
def storage_failures() -> Iterator[None]:
    """Report a lost storage in one line; trials that were running are resumed by the next start."""
    try:
        yield
    except STORAGE_FAILURES as error:
        cause = error.__cause__ or error
        raise UserError(f"storage: cannot be used: {str(cause).splitlines()[0]}", SAME) from error


def _journal(file: Path) -> JournalStorage:
    return JournalStorage(JournalFileBackend(str(file), JournalLock(file)))  # type: ignore[arg-type]

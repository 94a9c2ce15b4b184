"""The folder of a run during its training, and the epochs that are saved there."""

import os
from pathlib import Path

from shared.config import command_line
from shared.errors import UserError
from shared.runs import Run


class RunPlace:
    """A run's folder, which may be moved or removed while its run is trained.

    Args:
        folder: It is there now.
        again: What to do to resume, where that is more than to resume this run.
    """

    def __init__(self, folder: Path, again: str | None):
        self.folder, self.again = folder, again
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Close the folder."""
        os.close(self._descriptor)

    @property
    def here(self) -> bool:
        """Whether the folder lies where the training began."""
        try:
            return os.path.samestat(self.folder.stat(), os.fstat(self._descriptor))
        except OSError:
            return False

    def saved(self) -> str:
        """What is saved, and the line to resume with."""
        if self.here:
            return self._saved(self.folder)
        if not os.fstat(self._descriptor).st_nlink:
            return f"{self.folder}: was removed while its run was trained, with all that was saved"
        link = Path(f"/proc/self/fd/{self._descriptor}")  # Linux knows its name
        if not link.is_symlink():
            return f"{self.folder}: was moved while its run was trained; resume it with resume=NEW_FOLDER"
        moved = link.readlink()
        return f"{self.folder}: was moved to {moved} while its run was trained; {self._saved(moved)}"

    def epochs(self, folder: Path | None = None) -> int:
        """The number of saved epochs."""
        try:
            return int(Run(folder or self.folder).state()["epoch"]) + 1
        except UserError:
            return 0

    def _saved(self, folder: Path) -> str:
        epochs = self.epochs(folder)
        number = {0: "no epoch had ended, so nothing is saved", 1: "1 epoch is saved"}
        words = number.get(epochs, f"{epochs} epochs are saved")
        here = self.again if folder == self.folder else None
        return f"{words}; {here or 'resume with: ' + command_line('train', resume=folder)}"

"""Evidence that two trainings saw the same items in the same order."""

import hashlib
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from shared.config import check_value
from shared.files import read_json, write_json

FILE = "order.json"


def read_order(folder: Path) -> str:
    """The digest in a run's folder."""
    file = folder / FILE
    digest = read_json(file).get("digest")
    check_value(digest, str, f"{file}: digest")
    return str(digest)


class Order(Callback):
    """A digest of the numbers of all training items in the order of training, kept in the run's folder."""

    def __init__(self) -> None:
        self.digest = ""

    def state_dict(self) -> dict[str, Any]:
        """Travels in the checkpoint."""
        return {"digest": self.digest}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from the checkpoint's digest."""
        self.digest = state_dict["digest"]

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Add the batch's items."""
        items = batch["item"].cpu().numpy().astype("<i8").tobytes()
        self.digest = hashlib.sha256(self.digest.encode() + items).hexdigest()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write it."""
        folder = Path(trainer.checkpoint_callback.dirpath).parent  # type: ignore[union-attr]
        write_json(folder / FILE, {"digest": self.digest})

"""Starting from trained weights (``init``): what fits is taken, and all else is reported."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig
from torch import Tensor

from shared.errors import UserError
from shared.files import listed, write
from shared.runs import Run, source_run
from shared.training.classifier import Classifier
from shared.training.setup import load_module

SHOWN = 100  # names of layers in a line


class Source(NamedTuple):
    """The network that a training starts from.

    Attributes:
        name: As ``init`` names it.
        file: Its checkpoint.
        digest: SHA-256 of the file's contents.
    """

    name: str
    module: Classifier
    file: Path
    digest: str

    @classmethod
    def of(cls, config: DictConfig, resumed: Run | None) -> "Source | None":
        """That of a training, or None; a run that is resumed has a copy."""
        if config.init is None:
            return None
        run, name = resumed, "init"
        if run is None or not run.checkpoint_file(name).is_file():
            run, name = source_run(config), "best"
        module, file = load_module(run, name), run.checkpoint_file(name)
        return cls(config.init, module, file, hashlib.sha256(file.read_bytes()).hexdigest())

    def keep(self, run: Run) -> None:
        """Copy the checkpoint into a run, which is resumed without the source."""
        write(run.checkpoints / f"init{self.file.suffix}", self.file.read_bytes())

    def start(self, module: Classifier) -> str:
        """Give a fresh network all weights that fit; returns lines that say which do not.

        Raises:
            UserError: Nothing fits.
        """
        weights = module.weights_of(self.module)
        taken, new = [], []
        for name, part in module.parts.items():
            misfit = _misfit(part.state_dict(), weights.get(name), logits=name == module.network.head)
            if misfit:
                new.append(f"{name} ({misfit})")
            else:
                part.load_state_dict(weights[name])
                taken.append(name)
        if not taken:
            raise UserError(
                f"init: must have layers that fit this network, got none in {self.name}: "
                f"{listed(new, SHOWN)}; leave out model= and the sizes of the data to take its own"
            )
        lines = {
            f"weights of {self.name}": taken,
            "new": new,
            "left in the source": [name for name in self.module.parts if name not in taken],
        }
        return "\n".join(f"{what}: {listed(names, SHOWN)}" for what, names in lines.items() if names)


def _misfit(own: Mapping[str, Tensor], given: Mapping[str, Tensor] | None, *, logits: bool) -> str:
    """Why the tensors of a layer cannot be taken, in a few words; empty if they can."""
    if given is None:
        return "other classes" if logits else "not in the source"
    here, there = ({name: tuple(tensor.shape) for name, tensor in part.items()} for part in (own, given))
    for name in dict.fromkeys((*here, *there)):
        if here.get(name) != there.get(name):
            sizes = ("×".join(map(str, part[name])) if name in part else "none" for part in (here, there))
            return "{} {}, there {}".format(name, *sizes)
    return ""

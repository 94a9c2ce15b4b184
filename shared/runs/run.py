"""A run's folder: all files of one training, never shared with another."""

import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from shared.config import PROJECT, check_name, find_samples, unique_name
from shared.errors import UserError, named
from shared.files import read_json, write
from shared.runs.written import read_config, read_environment, read_metrics

if TYPE_CHECKING:
    import torch

    from shared.runs.fingerprint import Fingerprint

PACKAGES = ("torch", "pytorch-lightning", "hydra-core", "torchmetrics", "numpy", "numba", "torchaudio")


class Run:
    """The folder of one training run, and what lies in it.

    What is missing, broken, or leads out of the folder raises a ``UserError`` that names file and key.
    What is made of it later goes to ``output``: the folder too, unless the project came with it.
    """

    def __init__(self, folder: str | Path, output: str | Path | None = None):
        self.folder = Path(folder)
        self.output = Path(output or folder)

    @classmethod
    def named(cls, runs: str | Path, domain: str) -> "Run":
        """A run without a folder yet: ``<runs>/<domain>/<date-time>-<unique>``."""
        return cls(Path(runs).absolute() / check_name(domain) / unique_name())

    def make(self, config: DictConfig) -> "Run":
        """Make the folder of a new run, and its ``config.yaml``; returns the run."""
        try:
            self.checkpoints.mkdir(parents=True)
        except OSError as error:
            runs = self.folder.parent.parent
            raise UserError(
                f"runs={runs}: {self.folder} cannot be made: {error.strerror}; name another folder"
            ) from error
        try:
            write(self.folder / "config.yaml", OmegaConf.to_yaml(config, resolve=True))
        except UserError:
            shutil.rmtree(self.folder)
            raise
        return self

    def lengthen(self, epochs: int) -> None:
        """Plan more epochs: a run that had ended is in training again."""
        config = self.config
        config.trainer.max_epochs = epochs
        for end in (self.folder / "metrics.json", self.record):
            end.unlink(missing_ok=True)
        self.settle(config)

    def settle(self, config: DictConfig) -> None:
        """Write ``config.yaml`` anew."""
        write(self.folder / "config.yaml", OmegaConf.to_yaml(config, resolve=True))

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """The run in an existing folder, or the bundled run of this name."""
        run = cls(Path(folder).absolute())
        if (run.folder / "config.yaml").is_file():
            home = run.folder.resolve()
            for path in (*run.folder.glob("*"), *run.folder.glob("*/*")):  # what is done in it stays in it
                if path.is_symlink() and not path.resolve().is_relative_to(home):
                    raise UserError(f"{path}: leads out of the run's folder; put there what it leads to")
            return run
        known = cls.bundled()
        if str(folder) in known:
            return known[str(folder)]
        raise UserError(
            f"{folder or repr('')}: no run here (it has no config.yaml); name a folder that train.py printed"
            + f", or one of: {', '.join(known)}" * bool(known)
        )

    @classmethod
    def bundled(cls) -> "dict[str, Run]":
        """The runs that the project came with, by their names ``<domain>/<name>``."""
        return {name: cls(folder, output=Path("runs", name).absolute()) for name, folder in shipped().items()}

    @property
    def config(self) -> DictConfig:
        """The run's configuration, fully resolved, see ``read_config``."""
        config = OmegaConf.create(read_config(self.folder / "config.yaml"))
        if self.folder.is_relative_to(PROJECT / "domains"):
            find_samples(config)
        OmegaConf.set_struct(config, True)
        return config

    @property
    def metrics(self) -> dict[str, Any]:
        """The contents of ``metrics.json``, see ``read_metrics``; empty before the run has ended."""
        path = self.folder / "metrics.json"
        return read_metrics(path) if path.exists() else {}

    @property
    def machine(self) -> dict[str, Any]:
        """The contents of ``environment.json``, see ``environment``."""
        return read_environment(self.folder / "environment.json")

    @property
    def checkpoints(self) -> Path:
        """The folder of ``best.ckpt`` and ``last.ckpt``, and of ``init``, what it started from."""
        return self.folder / "checkpoints"

    @property
    def record(self) -> Path:
        """The file of what the best weights' predictions are worth, see ``shared.training.Record``."""
        return self.checkpoints / "familiarity.safetensors"

    @property
    def checks(self) -> Path:
        """The file of what ``explain.py check`` measured here; else that of a bundled run."""
        own = self.output / "explanations" / "check" / "checks.json"
        return own if own.is_file() else self.folder / "checks.json"

    def checkpoint_file(self, name: str) -> Path:
        """The path of a checkpoint, best, last or init; that of a bundled run is ``<name>.safetensors``."""
        if name not in ("best", "last", "init"):
            raise UserError(f"checkpoint: must be best or last, got {name!r}")
        packed = self.checkpoints / f"{name}.safetensors"
        return packed if packed.is_file() else self.checkpoints / f"{name}.ckpt"

    def checkpoint(self, name: str) -> dict[str, Any]:
        """The contents of a checkpoint, see ``read_checkpoint``."""
        from shared.runs.checkpoint import read_checkpoint  # imports torch, which a run's settings do without

        path = self.checkpoint_file(name)
        if not path.is_file():
            raise UserError(f"{path}: no such checkpoint; the run may have ended before its first epoch did")
        contents = read_checkpoint(path)
        if contents["domain"] != (own := self.config.domain.name):
            raise UserError(f"{path}: domain: must be {own}, as the run's, got {contents['domain'][:80]!r}")
        return contents

    def state(self) -> dict[str, Any]:
        """The contents of ``last.ckpt``, from which a training can be resumed."""
        from shared.runs.checkpoint import check_state

        contents = self.checkpoint("last")
        with named(self.checkpoint_file("last")):
            check_state(contents)
        return contents

    def fingerprint(self, checkpoint: Mapping[str, Any]) -> "Fingerprint | None":
        """Of the data that the run was trained on, as its folder or else a checkpoint's contents have it.

        None in runs of before it was kept.
        """
        from shared.runs.fingerprint import FINGERPRINT, check_fingerprint

        file = self.folder / FINGERPRINT
        stored = read_json(file) if file.is_file() else None
        with named(file):
            known = check_fingerprint(stored)
        return known or check_fingerprint(checkpoint.get("fingerprint"))


def runs_in(folder: Path) -> list[Run]:
    """The runs below a folder that is given as ``runs``, the oldest first."""
    return [Run(file.parent) for file in sorted(folder.glob("*/*/config.yaml"))]


def shipped() -> dict[str, Path]:
    """The folders of the bundled runs, by their names ``<domain>/<name>``."""
    folders = sorted(PROJECT.glob("domains/*/weights/*/config.yaml"))
    return {f"{file.parts[-4]}/{file.parts[-2]}": file.parent for file in folders}


def environment(device: "torch.device", precision: str) -> dict[str, Any]:
    """Conditions of a result beside its configuration: versions, device, threads, the project's commit."""
    import torch

    versions: dict[str, str | None] = dict.fromkeys(PACKAGES)
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": versions,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else _processor(),
        "accelerator": device.type,
        "precision": precision,
        "threads": torch.get_num_threads(),
        "commit": _commit(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    model = re.search(r"^model name[^:]*:(.*)", info.read_text(), re.MULTILINE) if info.is_file() else None
    return model[1].strip() if model else platform.processor() or platform.machine()


def _commit() -> str | None:
    """The project's commit, marked where files differ from it; None outside a git checkout."""
    if not (PROJECT / ".git").exists():  # the wheel may be installed inside another project
        return None
    command = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None

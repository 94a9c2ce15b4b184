"""A trained run, made small enough to come with the project."""

import re
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from shared.config import PROJECT, check_name, check_value, data_paths, plain, print_line
from shared.errors import UserError
from shared.files import read_json, write, write_json
from shared.runs import safetensors as weights
from shared.runs.fingerprint import FINGERPRINT
from shared.runs.record import read_record
from shared.runs.run import Run

LIMIT = 10 * 2**20  # bytes: what a repository can carry without being a burden


def ship(config: DictConfig) -> Path:
    """Put the run ``config.run`` into the project as ``<domain>/<config.name>``; returns its folder.

    There lie ``config.yaml`` without this machine's paths, ``metrics.json``, ``environment.json``, the
    measurements of ``explain.py check`` if there are any, and the weights in half precision. What cannot be
    computed is to be written there: its model card, ``README.md``.

    Raises:
        UserError: The run has not ended or is broken, its weights do not fit, or the name is none or taken.
    """
    run = Run.open(config.run)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", str(config.name)):
        raise UserError(f"name={config.name}: give a word of letters, digits and underscores")
    settings = run.config
    folder = PROJECT / "domains" / check_name(settings.domain.name) / "weights" / str(config.name)
    if folder.exists() and config.overwrite is not True:
        raise UserError(f"name={config.name}: {folder} is there; add overwrite=true to replace it")
    if not (metrics := run.metrics):
        raise UserError(f"run={config.run}: it has no metrics.json: train it to its end")
    contents = run.checkpoint(config.checkpoint)
    data = weights.pack(contents)
    record = read_record(run) if config.checkpoint == "best" else None
    if len(data) > LIMIT:
        raise UserError(f"run={config.run}: {len(data):,} bytes in half precision; {LIMIT:,} at most")
    settings.runs, settings.resume = "runs", None
    if settings.init is not None and Path(settings.init).is_absolute():
        settings.init = Path(settings.init).name
    for key in data_paths():
        path = plain(settings.data).get(key)
        check_value(path, str | list[str] | None, f"{run.folder / 'config.yaml'}: data.{key}")
        if path is not None:
            parts = [_portable(Path(part)) for part in ([path] if isinstance(path, str) else path)]
            settings.data[key] = parts[0] if isinstance(path, str) else parts
    files = {"metrics.json": metrics, "environment.json": run.machine}
    if fingerprint := run.fingerprint(contents):
        files[FINGERPRINT] = dict(fingerprint)
    if run.checks.is_file():
        files["checks.json"] = read_json(run.checks)
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    write(folder / "checkpoints" / "best.safetensors", data)
    shipped = Run(folder)
    for stale in (shipped.record, folder / "checks.json"):
        stale.unlink(missing_ok=True)
    if record:
        write(shipped.record, record.data)
    write(folder / "config.yaml", OmegaConf.to_yaml(settings))
    for name, values in files.items():
        write_json(folder / name, values)
    print_line(f"shipped: {folder}; its model card is README.md in there")
    return folder


def _portable(path: Path) -> str:
    """The place of a file inside the project; of others the name, not where they lie here."""
    return path.relative_to(PROJECT).as_posix() if path.is_relative_to(PROJECT) else path.name

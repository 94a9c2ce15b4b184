"""A trained run, made small enough to come with the project."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from shared import weights
from shared.errors import UserError
from shared.resolvers import PROJECT
from shared.run import Run, write

LIMIT = 10 * 2**20  # bytes: what a repository can carry without being a burden


def ship(config: DictConfig) -> Path:
    """Put the run ``config.run`` into the project as ``<domain>/<config.name>``; returns its folder.

    There lie ``config.yaml`` without this machine's paths, ``metrics.json``, ``environment.json`` and the
    weights in half precision. What cannot be computed is to be written there: its model card, ``README.md``.

    Raises:
        UserError: The run has not ended, its weights do not fit, or the name is no name.
    """
    run = Run.open(config.run)
    if not str(config.name).isidentifier():
        raise UserError(f"name={config.name}: give a word of letters, digits and underscores")
    if not run.metrics:
        raise UserError(f"run={config.run}: it has no metrics.json: train it to its end")
    data = weights.pack(run.checkpoint(config.checkpoint))
    if len(data) > LIMIT:
        raise UserError(f"run={config.run}: {len(data):,} bytes in half precision; {LIMIT:,} at most")
    settings = run.config
    settings.runs, settings.resume = "runs", None
    for key in ("path", "test_path", "train_also"):  # what they are called, not where they lie here
        if isinstance(path := settings.data.get(key), str):
            settings.data[key] = Path(path).name
        elif path is not None:
            settings.data[key] = [Path(each).name for each in path]
    folder = PROJECT / "domains" / settings.domain.name / "weights" / str(config.name)
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    write(folder / "checkpoints" / "best.safetensors", data)
    write(folder / "config.yaml", OmegaConf.to_yaml(settings))
    for name in ("metrics.json", "environment.json"):
        write(folder / name, (run.folder / name).read_bytes())
    return folder

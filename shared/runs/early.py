"""Checks of a run or a file that a command names, before torch is imported."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf, open_dict

from shared.config import check_built, check_choice, declared, find_domain, parameters, plain
from shared.errors import UserError, nearest
from shared.runs.run import Run

PREDICT = ("run", "input", "checkpoint", "output", "choices")  # all other keys are options of the domain's


def check_predict(config: DictConfig) -> None:
    """As ``check_places`` and ``check_options``.

    Raises:
        UserError: As these.
    """
    check_places(config)
    check_options(config)


def check_places(config: DictConfig) -> None:
    """Refuse a run, checkpoint or file that is not there, and keys that the run's domain or data do not take.

    Raises:
        UserError: Naming the key, the value and what is possible.
    """
    for key in ("input", "style"):
        if isinstance(value := config.get(key), str):
            _check_file(key, value)
    if config.get("resume") is not None:
        Run.open(config.resume)
    if config.get("run") is None:
        return
    own = Run.open(config.run).config
    if config.get("checkpoint") not in (None, "best", "last"):
        raise UserError(f"checkpoint: must be best or last, got {config.checkpoint}")
    if isinstance(config.get("data"), DictConfig):
        check_choice("data", config.choices.get("data"), own.domain.name)
        check_data(data_settings(own, config.data))


def data_settings(own: DictConfig, chosen: DictConfig) -> DictConfig:
    """A run's configuration with its own data, or those that ``chosen`` names instead.

    Args:
        own: The run's.
        chosen: Other values of single keys, or another source of data as a whole.
    """
    if "_target_" in chosen:
        own.data = chosen
    else:
        values = OmegaConf.masked_copy(chosen, [str(k) for k, v in chosen.items() if v is not None])
        with open_dict(own):  # a run from before a key existed may be tested with it
            own.data = OmegaConf.merge(own.data, values)
    return own


def check_data(config: DictConfig) -> None:
    """Refuse keys that the data's class does not take, and values of another type or out of range.

    Raises:
        UserError: Naming the key.
    """
    check_built("data", plain(config.data))


def check_options(config: DictConfig) -> None:
    """Refuse options of ``predict.py`` that the domain of its run does not take.

    Raises:
        UserError: Naming the key and the options there are.
    """
    name = str(Run.open(config.run).config.domain.name)
    function = parameters(str(find_domain(name).predict)) or {}
    taken = [key for key in function if key not in ("module", "source")]
    for key in map(str, config):
        own = key in PREDICT or (key in declared("predict") and config[key] is None)
        if not own and key not in taken:
            remedy = nearest(key, taken)
            raise UserError(f"{key}={config[key]}: not an option of the domain {name}; {remedy}")


def _check_file(key: str, value: str) -> None:
    """``-`` is standard input, and ``*`` part of a pattern."""
    path = Path(value)
    if value == "-" or set("*?[") & set(value) or path.exists():
        return
    folder = path.absolute().parent
    near = nearest(path.name, [other.name for other in folder.iterdir()]) if folder.is_dir() else ""
    raise UserError(f"{key}={value}: no such file or folder" + f"; {near}" * near.startswith("did you mean"))

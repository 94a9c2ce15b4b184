"""Checks of a run or a file that a command names, before torch is imported."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from shared.config import (
    check_built,
    check_choice,
    check_value,
    declared,
    find_domain,
    parameters,
    paths_of,
    plain,
)
from shared.errors import UserError, nearest, require_choice, require_int
from shared.runs.run import Run

# Of predict.py: all other keys are options of the domain's.
PREDICT = ("run", "input", "checkpoint", "output", "figures", "choices")
LOOPBACK = ("127.0.0.1", "localhost", "::1")  # addresses that only this machine reaches
EXPORTS = {"onnx": ".onnx", "torch": ".pt2"}  # formats of export.py, and how their files end


def check_predict(config: DictConfig) -> None:
    """As ``check_places`` and ``predict_options``."""
    check_places(config)
    predict_options(config)


def check_page(config: DictConfig) -> None:
    """Refuse runs that the page cannot show, and an address beyond this machine that was not asked for."""
    check_value(config.run, str | None, "run")
    require_int("port", config.port, 0, 65535)
    for key in ("open", "public"):
        check_value(config[key], bool, key)
    check_value(config.host, str, "host")
    if not config.public and config.host not in LOOPBACK:
        must = f"must be one of {', '.join(LOOPBACK)} without public=true"
        raise UserError(f"host: {must}, got {config.host}; public=true lets other machines in")
    for folder in paths_of(config.run):
        name = str(Run.open(folder).config.domain.name)
        if find_domain(name).page is None:
            raise UserError(f"run={folder}: the domain {name} has no page")


def check_export(config: DictConfig) -> None:
    """As ``check_places``, and what ``export.py`` writes, its place, and the packages for it."""
    require_choice("format", config.format, EXPORTS)
    require_choice("quantize", config.quantize, ("none", "int8"))
    if config.quantize != "none" and config.format != "onnx":
        raise UserError(f"quantize: must be none with format={config.format}, got {config.quantize}")
    check_places(config)
    packages = ("onnx", "onnxruntime", "onnxscript") if config.format == "onnx" else ()
    if missing := [name for name in packages if find_spec(name) is None]:
        remedy = "install the project's extra: pip install -c requirements.lock -e '.[export]'"
        raise UserError(f"format=onnx: needs packages that are not installed: {', '.join(missing)}; {remedy}")
    exported_files(config)


def exported_files(config: DictConfig) -> tuple[Path, Path]:
    """The files that ``export.py`` writes: the network and its metadata; refuses those that are there."""
    suffix = EXPORTS[config.format]
    default = Run.open(config.run).output / "exports" / f"network{suffix}"
    network = Path(default if config.output is None else str(config.output)).absolute()
    if network.suffix != suffix:
        raise UserError(f"output: must end in {suffix} with format={config.format}, got {config.output}")
    for file in (network, network.with_suffix(".json")):
        if file.exists():
            raise UserError(f"output: must be a new file, got {file}, which is there; name another")
    return network, network.with_suffix(".json")


def check_places(config: DictConfig) -> None:
    """Refuse a run, checkpoint or file that is not there, and keys that the run's data do not take."""
    for key in ("input", "style"):
        value = config.get(key)
        pattern = set("*?[") & set(value) if isinstance(value, str) else True
        if not pattern and value != "-" and not Path(value).exists():  # "-" is standard input
            path = Path(value).absolute()
            names = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
            near = nearest(path.name, names)
            remedy = f"; {near}" * near.startswith("did you mean")
            raise UserError(f"{key}={value}: no such file or folder{remedy}")
    if config.get("resume") is not None:
        Run.open(config.resume)
    if config.get("run") is None:
        return
    own = Run.open(config.run).config
    if config.get("checkpoint") not in (None, "best", "last"):
        raise UserError(f"checkpoint: must be best or last, got {config.checkpoint}")
    if isinstance(config.get("data"), DictConfig):
        check_choice("data", config.choices.get("data"), own.domain.name)
        check_built("data", plain(data_settings(own, config.data).data))


def data_settings(own: DictConfig, chosen: DictConfig) -> DictConfig:
    """A run's ``own`` configuration with its data, or those that ``chosen`` names instead.

    These are other values of single keys, or another source of data as a whole.
    """
    if "_target_" in chosen:
        own.data = chosen
    else:
        typed = [str(key) for key, value in chosen.items() if key != "path" or value is not None]
        values = OmegaConf.masked_copy(chosen, typed)  # a path of null is the default of these commands
        with open_dict(own):  # a run from before a key existed may be tested with it
            own.data = OmegaConf.merge(own.data, values)
    return own


def predict_options(config: DictConfig) -> dict[str, Any]:
    """What ``predict.py`` hands to the domain of its run: its keys that are not null, without its own."""
    name = str(Run.open(config.run).config.domain.name)
    taken = set(parameters(str(find_domain(name).predict)) or {}) - {"module", "source"}
    for key in map(str, config):
        null = key in declared("predict") and config[key] is None
        if key not in PREDICT and key not in taken and not null:
            remedy = nearest(key, sorted(taken))
            raise UserError(f"{key}={config[key]}: not an option of the domain {name}; {remedy}")
    return {key: value for key, value in plain(config).items() if key not in PREDICT and value is not None}

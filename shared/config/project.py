"""Where the project, its configuration files and a training's data lie."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from glob import glob
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from shared.errors import UserError

PROJECT = Path(__file__).resolve().parents[2]
CONF = PROJECT / "conf"
INSTALLED = not (PROJECT / "pyproject.toml").is_file()  # from the wheel: commands are started by name


def unique_name() -> str:
    """A folder's name that no other gets: ``<date-time>-<unique>``."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"


def plain(node: DictConfig) -> dict[str, Any]:
    """A configuration node as resolved plain containers."""
    return OmegaConf.to_container(node, resolve=True)  # type: ignore[return-value]


def plain_file(name: str | Path) -> dict[str, Any]:
    """A file of ``conf/`` as plain values, interpolations as they are."""
    return OmegaConf.to_container(OmegaConf.load(CONF / name), resolve=False)  # type: ignore[return-value]


# ${project:domains/go/sample/games.tar.xz}: a file of the project, from whichever folder a command is started
OmegaConf.register_new_resolver("project", lambda path: str(PROJECT / path), replace=True)
# ${minus:${model.depth},1}: a network's depth counts layers that are not repeated, too
OmegaConf.register_new_resolver("minus", lambda a, b: a - b, replace=True)
# ${unique:}: a folder's name, the same for all runs of a grid, whichever processes train them
OmegaConf.register_new_resolver("unique", unique_name, use_cache=True, replace=True)


@cache
def data_paths() -> tuple[str, ...]:
    """The keys below ``data`` that name files, as ``conf/free_text.yaml`` lists them."""
    return tuple(key.removeprefix("data.") for key in plain_file("free_text.yaml")["data"])


def make_absolute(config: DictConfig) -> None:
    """Make the paths of a configuration's data absolute: relative ones begin at the current folder."""
    _change_paths(config, lambda path: str(Path(path).absolute()))


def find_samples(config: DictConfig) -> None:
    """Make a bundled network's paths of data inside the project absolute, from any current folder."""
    _change_paths(config, lambda path: str(PROJECT / path) if path.startswith("domains/") else path)


def _change_paths(config: DictConfig, change: Callable[[str], str]) -> None:
    data = config.get("data")
    for key in data_paths() if isinstance(data, DictConfig) else ():
        try:
            value = data.get(key)
        except OmegaConfBaseException:  # stands for a value that is not known yet
            continue
        if isinstance(value, str) and (changed := change(value)) != value:  # else it refers to keys as before
            data[key] = changed
        elif OmegaConf.is_list(value) and all(isinstance(path, str) for path in value):
            data[key] = [change(path) for path in value]


def _named(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The paths that data name, each with its key."""
    for key in data_paths():
        value = data.get(key)
        yield from ((key, path) for path in ([value] if isinstance(value, str) else value or ()))


def relative_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of ``data`` whose paths are relative, as in runs that the project came with."""
    return {key: data[key] for key, path in _named(data) if not Path(path).is_absolute()}


def check_there(data: Mapping[str, Any], place: str) -> None:
    """Refuse a run's data whose files are not there; ``place`` ends the error: the remedy."""
    for key, path in _named(data):
        if not Path(path).exists() and not glob(path):  # noqa: PTH207  # data.path='reviews.*'
            here = "" if Path(path).is_absolute() else f" in the current folder {Path.cwd()}"
            raise UserError(f"data.{key}: {path}: no such file or folder{here}; {place}")

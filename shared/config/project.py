"""Where the project and its configuration files lie, and what these files may say beyond OmegaConf's own."""

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

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

"""What files may say of Hydra itself: it calls what its own settings name, before any command runs.

Callbacks, launchers, sweepers and loggers are named by ``_target_``, ``class`` or ``()``; other keys of
``hydra`` set environment variables, start programs or name folders to write to. So a recipe from a stranger
(``experiment=``, ``--config-dir``) must not reach that node, and what is called is on a list.
"""

import os
from pathlib import Path
from typing import Any

import hydra._internal.hydra
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository, IConfigRepository
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.default_element import ConfigDefault, ResultDefault
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig, OmegaConf, open_dict

from shared.config.project import CONF
from shared.errors import UserError
from shared.files import read_yaml

TARGETS = {
    "callbacks": {"shared.config.multirun.Grid"},
    "launcher": {
        "hydra._internal.core_plugins.basic_launcher.BasicLauncher",
        "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher",
        "hydra_plugins.hydra_submitit_launcher.submitit_launcher.LocalLauncher",
        "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher",
    },
    "sweeper": {"hydra._internal.core_plugins.basic_sweeper.BasicSweeper"},
}
# Of hydra.job_logging and hydra.hydra_logging. A name with :// is looked up by logging, too.
LOGGERS = {"logging.StreamHandler", "logging.FileHandler", "logging.NullHandler", "logging.Formatter"}
STREAMS = {"ext://sys.stdout", "ext://sys.stderr"}
CALLED = ("_target_", "_args_", "_partial_", "()", ".", "factory")


class _Repository(ConfigRepository):
    """Hydra's files, each checked as it is read; only its own and ``conf/NAME.yaml`` may configure it."""

    def load_config(self, config_path: str) -> ConfigResult | None:
        source = self._find_object_source(config_path, ObjectType.CONFIG)
        ours = source is None or source.scheme() == "structured" or source.provider == "hydra"
        if source is not None and source.scheme() == "file":
            name = source._normalize_file_name(config_path)
            file = Path(os.path.realpath(Path(source.path, name)))
            ours = file.parent == CONF
            if not ours:
                read_yaml(file, interpolations=True)  # within its limits
        result = super().load_config(config_path)
        if result is not None and not ours:
            _check_file(result, config_path)
        return result


class Loader(ConfigLoaderImpl):
    """Hydra's composition, whose ``hydra`` node is checked before anything is made of it."""

    def __init__(self, config_search_path: ConfigSearchPath) -> None:
        super().__init__(config_search_path)
        self.repository = _Repository(config_search_path)

    def load_configuration(self, *args: Any, **kwargs: Any) -> DictConfig:
        """The configuration of these overrides."""
        config = super().load_configuration(*args, **kwargs)
        check_hydra(OmegaConf.to_container(config.hydra, resolve=False))
        choices = config.hydra.runtime.choices
        with open_dict(choices):
            choices.update({group: files for group, files in self._lists.items() if group not in choices})
        return config

    def _compose_config_from_defaults_list(
        self, defaults: list[ResultDefault], repo: IConfigRepository
    ) -> DictConfig:
        """Note the files of groups that were given as lists: Hydra records no choice for these."""
        self._lists: dict[str, list[str]] = {}
        for default in defaults:
            group, _, name = str(default.config_path).partition("/")
            by_group = "/" in str(default.parent)  # included by a file of a group, not chosen
            if name and group != "hydra" and not by_group:
                self._lists.setdefault(group, []).append(name)
        return super()._compose_config_from_defaults_list(defaults, repo)


def install() -> None:
    """Have Hydra compose with ``Loader``; it has no hook between composing and acting."""
    hydra._internal.hydra.ConfigLoaderImpl = Loader  # type: ignore[attr-defined]


def check_hydra(node: Any) -> None:
    """Refuse settings of Hydra that name something to call which is not on the list."""
    for key, value in node.items():
        parts = {f"hydra.{key}": value}
        if key == "callbacks":
            parts = {f"hydra.{key}.{name}": callback for name, callback in (value or {}).items()}
        for place, part in parts.items():
            if key in TARGETS:
                name = str(part.get("_target_") if isinstance(part, dict) else part)
                if name not in TARGETS[key]:
                    legal = ", ".join(sorted(TARGETS[key]))
                    raise UserError(f"{place}._target_: must be one of {legal}, got {name[:80]!r}")
                part = {name: setting for name, setting in part.items() if name != "_target_"}
            _check_nothing_called(part, place, logging=key.endswith("_logging"))


def _check_nothing_called(node: Any, place: str, *, logging: bool) -> None:
    if isinstance(node, dict):
        for key, value in node.items():
            here = f"{place}.{key}"
            if key in CALLED or (logging and key == "class" and value not in LOGGERS):
                raise UserError(f"{here}: must not be set: it would be called ({str(value)[:80]!r})")
            _check_nothing_called(value, here, logging=logging)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            _check_nothing_called(value, f"{place}[{number}]", logging=logging)
    elif logging and isinstance(node, str) and "://" in node and node not in STREAMS:
        raise UserError(f"{place}: must be one of {', '.join(sorted(STREAMS))}, got {node[:80]!r}")


def _check_file(result: ConfigResult, name: str) -> None:
    place = f"{name}.yaml"
    package = str(result.header.get("package") or "")
    if "hydra" in (name.split("/")[0], *package.split(".")):
        raise UserError(f"{place}: configures Hydra, which only conf/NAME.yaml and the command line may")
    if isinstance(result.config, DictConfig) and "hydra" in result.config:
        raise UserError(f"{place}: hydra: must not be set; only conf/ and the command line configure Hydra")
    for default in result.defaults_list or []:
        path = default.path if isinstance(default, ConfigDefault) else getattr(default, "group", None)
        if "hydra" in [*str(path).strip("/").split("/"), *str(default.package or "").split(".")]:
            raise UserError(f"{place}: defaults: must not choose for Hydra, got {str(path)[:80]!r}")

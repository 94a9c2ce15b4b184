"""The frame around every command: Hydra's configuration in, one clear line out when something is wrong."""

import os
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import hydra
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from shared import grid
from shared.config import guard, stopping
from shared.config.literal import as_typed
from shared.config.surroundings import outside_cause
from shared.errors import UserError, nearest
from shared.resolvers import PROJECT  # and with it the words that the files in conf/ use

CONF = PROJECT / "conf"
guard.install()


def command(
    config_name: str, words: Mapping[str, str] = MappingProxyType({})
) -> Callable[[Callable[[DictConfig], Any]], Callable[[], None]]:
    """Make a command of a function of a configuration: ``conf/<config_name>.yaml`` and the overrides given.

    ``words`` says which override a word stands for that is given alone, such as ``check``.

    A mistake of the user ends with one message on standard error and exit code 1, Ctrl-C with 130, SIGTERM
    with 143. A defect of the project ends with its traceback.
    """

    def decorate(function: Callable[[DictConfig], Any]) -> Callable[[], None]:
        @hydra.main(config_path=str(CONF), config_name=config_name, version_base="1.3")
        def run(config: DictConfig) -> Any:
            settings = HydraConfig.get()

            def checked(config: DictConfig) -> Any:
                missing = sorted(key for key, value in keys(config).items() if value == "???")
                if missing:
                    raise UserError(f"{missing[0]} is not set: give {missing[0]}=…")
                try:
                    return function(_with_choices(config, settings.runtime.choices))
                except Exception as error:
                    reason = outside_cause(error, "data.batch_size" if "data" in config else "input")
                    if reason is None or isinstance(error, UserError):
                        raise
                    raise UserError(reason) from error

            if settings.mode == RunMode.MULTIRUN:
                return grid.run_one(checked, config, settings)
            try:
                return checked(config)
            except UserError as error:
                sys.exit(f"error: {error}")

        def main() -> None:
            os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # hands us the exceptions, to word them here
            # torch's threads spin while they wait for work; where other processes want the cores (the
            # loader's do), sleeping instead is up to twice as fast.
            os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
            given = [words.get(word, word) for word in sys.argv[1:]]
            sys.argv[1:] = as_typed(given, multirun="-m" in given or "--multirun" in given)
            with stopping.heard():
                _report_end(run, config_name)

        return main

    return decorate


def _report_end(run: Callable[[], Any], config_name: str) -> None:
    try:
        run()
    except UserError as error:  # of a file that Hydra was to compose
        sys.exit(f"error: {error}")
    except (HydraException, OmegaConfBaseException) as error:
        sys.exit(f"error: {_explain(error, config_name)}")
    except (KeyboardInterrupt, SystemExit) as end:
        stop = stopping.stop_behind(end)
        if stop is None:
            raise
        message, code = stopping.ended(stop)
        sys.stderr.write(f"{message}\n" * bool(message))
        sys.exit(code)
    except grid.RunError:
        sys.exit(1)
    except Exception as error:
        if not grid.Grid.folder:
            raise
        sys.exit(f"error: the launcher gave up, as when a process is killed: {error!r}")
    finally:
        grid.report()


def compose(config_name: str, overrides: list[str]) -> DictConfig:
    """The configuration that a command would get from these overrides."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = hydra.compose(config_name, as_typed(overrides), return_hydra_config=True)
    choices = config.hydra.runtime.choices
    with open_dict(config):
        del config["hydra"]
    return _with_choices(config, choices)


def _with_choices(config: DictConfig, choices: Mapping[str, str | None]) -> DictConfig:
    """Note which file of each group was chosen: the model's and the data's names in tables."""
    chosen = {k: v for k, v in choices.items() if "/" not in k}
    with open_dict(config):
        config.choices = chosen
    return config


def _explain(error: Exception, config_name: str) -> str:
    """Hydra's message, and for a key or file that does not exist the nearest one that does."""
    message = str(error).split("\nConfig search path")[0].strip()
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group = error.missing_cfg_file.split("/")[0]
        files = (CONF / group).rglob("*.yaml")
        names = sorted(str(file.relative_to(CONF).with_suffix("")) for file in files)
        name = error.missing_cfg_file
        return f"{name}: there is no such file in conf/; {nearest(name, names)}"
    cause = error.__cause__
    key = getattr(cause, "full_key", None)
    if not isinstance(error, ConfigCompositionException) or not key:
        return message
    choices = [word for word in sys.argv[1:] if "=" in word and "." not in word.split("=")[0]]
    try:
        config = compose(config_name, [c for c in choices if c.split("=")[0].lstrip("+~") != key])
    except HydraException:
        return message
    return f"{key}: there is no such key; {nearest(key, list(keys(config)))}"


def keys(config: DictConfig) -> dict[str, Any]:
    """All keys of a configuration by their full path, with what stands there, interpolations as they are."""
    found: dict[str, Any] = {}

    def walk(node: Any, path: str) -> None:
        if path:
            found[path] = node
        if isinstance(node, dict):
            for name, child in node.items():
                walk(child, f"{path}.{name}" if path else str(name))

    walk(OmegaConf.to_container(config, resolve=False), "")
    return found

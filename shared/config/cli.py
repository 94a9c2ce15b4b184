"""The frame around every command: Hydra's configuration in, one clear line out when something is wrong."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import hydra
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from shared.config import guard, stopping
from shared.config import multirun as grid
from shared.config.check import check, check_typed
from shared.config.help import print_help
from shared.config.keys import CONF
from shared.config.literal import as_typed
from shared.config.messages import explain
from shared.config.paths import make_absolute
from shared.config.surroundings import outside_cause
from shared.config.words import command_words
from shared.errors import UserError, without_passwords

guard.install()


class Rules(NamedTuple):
    """Which words a command takes.

    Attributes:
        config_name: Its file in ``conf/``.
        settles: Keys that the command sets itself, and no user.
        alone: Keys of which only one can be given: see ``check_typed``.
        opens: It takes other keys than those of the file, and checks them itself.
    """

    config_name: str
    settles: Sequence[str]
    alone: Sequence[Sequence[str]]
    opens: bool


def command(
    config_name: str,
    words: Mapping[str, str] = MappingProxyType({}),
    *,
    settles: Sequence[str] = (),
    alone: Sequence[Sequence[str]] = (),
    adds: str | None = None,
    opens: bool = False,
) -> Callable[[Callable[[DictConfig], Any]], Callable[[], None]]:
    """Make a command of a function of a configuration: ``conf/<config_name>.yaml`` and the overrides given.

    A mistake of the user ends with one message on standard error and exit code 1, Ctrl-C with 130, SIGTERM
    with 143. A defect of the project ends with its traceback.

    Args:
        config_name: See ``Rules``.
        words: Which override a word stands for that is given alone, such as ``check``.
        settles: See ``Rules``.
        alone: See ``Rules``.
        adds: A section that takes keys beside those of the file, without ``+``: those of a run.
        opens: See ``Rules``.
    """
    rules = Rules(config_name, settles, alone, opens)

    def decorate(function: Callable[[DictConfig], Any]) -> Callable[[], None]:
        failures: list[Exception] = []  # kept from Hydra, which adds a message of its own to every exception

        @hydra.main(config_path=str(CONF), config_name=config_name, version_base="1.3")
        def run(config: DictConfig) -> Any:
            settings = HydraConfig.get()
            if settings.mode == RunMode.MULTIRUN:
                return grid.run_one(partial(_call, function, rules), config, settings)
            try:
                return _call(function, rules, config)
            except Exception as error:
                failures.append(error)

        def main() -> None:
            _set_environment()
            with stopping.heard():
                try:
                    sys.argv[1:] = command_words(sys.argv[1:], words, adds)
                    if {"-h", "--help"} & set(sys.argv):
                        print_help(config_name, function.__doc__ or "", sys.argv[1:])
                    else:
                        run()
                    if failures:
                        raise failures[0]
                    sys.stdout.flush()
                except Exception as error:
                    _end_with_error(error, config_name, of_hydra=not failures)
                except (KeyboardInterrupt, SystemExit) as end:
                    _end_with_signal(end)
                finally:
                    grid.report()

        return main

    return decorate


def _set_environment() -> None:
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra raises its exceptions instead of printing them
    # torch's threads spin while they wait for work; where other processes want the cores (the
    # loader's do), sleeping instead is up to twice as fast.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _call(function: Callable[[DictConfig], Any], rules: Rules, config: DictConfig) -> Any:
    """Check the configuration, and call the command's function with it.

    Raises:
        UserError: The configuration is wrong, or what surrounds the command failed: see ``outside_cause``.
        Stopped: By a signal.
    """
    config = _with_choices(config, HydraConfig.get().runtime.choices)
    check_typed(overrides(), rules.settles, rules.alone)
    check(config, rules.config_name, rules.opens, overrides())
    try:
        return function(config)
    except Exception as error:
        reason = outside_cause(error, "data.batch_size" if "data" in config else "input")
        if stop := stopping.stop_behind(error):
            raise stop from None
        if reason is None or isinstance(error, UserError):
            raise
        raise UserError(reason) from error


def _end_with_signal(end: BaseException) -> None:
    """End with the signal's message and exit code."""
    stop = stopping.stop_behind(end)
    if stop is None:
        raise end
    message, code = stopping.ended(stop)
    sys.stderr.write(f"{message}\n" * bool(message))
    sys.exit(code)


def _end_with_error(error: Exception, config_name: str, *, of_hydra: bool) -> None:
    """End with one line and exit code 1; a defect is raised again.

    Args:
        error: What ended the command.
        config_name: The command's file in ``conf/``.
        of_hydra: It comes from composing the configuration or from a launcher, not from the command itself.
    """
    if isinstance(error, grid.RunError):  # has been reported
        sys.exit(int(grid.failed()))
    if isinstance(error, UserError):
        sys.exit(f"error: {error}")
    if isinstance(error, BrokenPipeError):  # such as --help | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    composing = of_hydra and isinstance(error, ValueError) and not grid.Grid.folder
    if composing or isinstance(error, HydraException | OmegaConfBaseException | YAMLError):
        message = explain(error, sys.argv[1:], partial(compose, config_name))
        sys.exit(f"error: {without_passwords(message)}")
    if not grid.Grid.folder:
        raise error
    sys.exit(f"error: the launcher gave up, as when a process is killed: {error!r}")


def overrides() -> list[str]:
    """The overrides of this command as Hydra reads them, interpolations as they are."""
    words = OmegaConf.to_container(HydraConfig.get().overrides.task, resolve=False)
    assert isinstance(words, list)
    return [str(word) for word in words]


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
    """Note which file of each group was chosen: the model's and the data's names in tables.

    Paths of data become absolute: what follows from a configuration does not depend on the current folder.
    """
    chosen = {k: v for k, v in choices.items() if "/" not in k}
    with open_dict(config):
        config.choices = chosen
    make_absolute(config)
    return config

"""The frame around every command: Hydra's configuration in, one clear line out when something is wrong."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import hydra
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from shared.config import guard, stopping
from shared.config import multirun as grid
from shared.config.check import check, check_typed, typed_values
from shared.config.help import print_help
from shared.config.messages import explain
from shared.config.project import CONF, make_absolute
from shared.config.surroundings import outside_cause
from shared.config.words import as_typed, command_words
from shared.errors import UserError, without_passwords

guard.install()


@dataclass(frozen=True)
class Command:
    """A command: a function of a configuration, ``conf/<config_name>.yaml`` with the overrides given.

    Attributes:
        function: What it does; its docstring is what ``--help`` prints.
        config_name: Its file in ``conf/``.
        complete: Sets what the words leave to a run that they name.
        words: Which override a word stands for that is given alone, such as ``check``.
        settles: Keys that the command sets itself, and no user.
        alone: Keys of which only one can be given: see ``check_typed``.
        adds: A section that takes keys beside those of the file, without ``+``: those of a run.
        opens: It takes other keys than those of the file, and checks them itself.
    """

    function: Callable[[DictConfig], Any]
    config_name: str
    complete: Callable[[DictConfig, Sequence[str]], None] = lambda config, words: None
    words: Mapping[str, str] = field(default_factory=dict)
    settles: Sequence[str] = ()
    alone: Sequence[Sequence[str]] = ()
    adds: str | None = None
    opens: bool = False

    def __call__(self) -> None:
        """Run it with the words of the command line.

        A mistake of the user ends with one message on standard error and exit code 1, Ctrl-C with 130,
        SIGTERM with 143. A defect of the project ends with its traceback.
        """
        failures: list[Exception] = []  # kept from Hydra, which adds a message of its own to every exception

        @hydra.main(config_path=str(CONF), config_name=self.config_name, version_base="1.3")
        def run(config: DictConfig) -> Any:
            settings = HydraConfig.get()
            if settings.mode == RunMode.MULTIRUN:
                return grid.run_one(self._run, config, settings)
            try:
                return self._run(config)
            except Exception as error:
                failures.append(error)

        os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra raises its exceptions instead of printing them
        # torch's threads spin while they wait for work; where other processes want the cores (the
        # loader's do), sleeping instead is up to twice as fast.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        with stopping.heard():
            try:
                sys.argv[1:] = command_words(sys.argv[1:], self.words, self.adds)
                if {"-h", "--help"} & set(sys.argv):
                    print_help(self.config_name, self.function.__doc__ or "", sys.argv[1:])
                else:
                    run()
                if failures:
                    raise failures[0]
                sys.stdout.flush()
            except Exception as error:
                sys.exit(_end(error, self.config_name, composing=not failures))
            except (KeyboardInterrupt, SystemExit) as end:
                stopping.end(end)
            finally:
                grid.report()

    def call(self, words: Sequence[str]) -> Any:
        """Run it from Python, with overrides as they are typed; return what its function returns.

        Raises:
            UserError: A word or the configuration is wrong, or as the function.
        """
        words = command_words(words, self.words, self.adds)
        try:
            config = compose(self.config_name, words)
        except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
            raise UserError(explain(error, words, partial(compose, self.config_name))) from error
        return self._checked(config, words)

    def _run(self, config: DictConfig) -> Any:
        """Call the function with Hydra's configuration.

        Raises:
            UserError: As ``call``, or what surrounds the command failed: see ``outside_cause``.
            Stopped: By a signal.
        """
        config = _with_choices(config, HydraConfig.get().runtime.choices, grid.overrides())
        try:
            return self._checked(config, grid.overrides())
        except Exception as error:
            reason = outside_cause(error, "data.batch_size" if "data" in config else "input")
            if stop := stopping.stop_behind(error):
                raise stop from None
            if reason is None or isinstance(error, UserError):
                raise
            raise UserError(reason) from error

    def _checked(self, config: DictConfig, words: Sequence[str]) -> Any:
        check_typed(words, self.settles, self.alone)
        self.complete(config, words)
        check(config, self.config_name, self.opens, words)
        return self.function(config)


def _end(error: Exception, config_name: str, *, composing: bool) -> str | int:
    """The line or the exit code that a command ends with; a defect is raised again.

    Args:
        error: What ended it.
        config_name: Its file in ``conf/``.
        composing: It comes from composing the configuration or from a launcher, not from the command itself.
    """
    if isinstance(error, grid.RunError):  # has been reported
        return int(grid.failed())
    if isinstance(error, UserError):
        return f"error: {error}"
    if isinstance(error, BrokenPipeError):  # such as --help | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    composing = composing and isinstance(error, ValueError) and not grid.Grid.folder
    if composing or isinstance(error, HydraException | OmegaConfBaseException | YAMLError):
        return f"error: {without_passwords(explain(error, sys.argv[1:], partial(compose, config_name)))}"
    if not grid.Grid.folder:
        raise error
    return f"error: the launcher gave up, as when a process is killed: {error!r}"


def compose(config_name: str, overrides: list[str]) -> DictConfig:
    """The configuration that a command would get from these overrides."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = hydra.compose(config_name, as_typed(overrides), return_hydra_config=True)
    choices = config.hydra.runtime.choices
    with open_dict(config):
        del config["hydra"]
    return _with_choices(config, choices, overrides)


def _with_choices(config: DictConfig, choices: Mapping[str, str | None], words: Sequence[str]) -> DictConfig:
    """Note which file of each group was chosen: the model's and the data's names in tables.

    Paths of data become absolute: what follows from a configuration does not depend on the current folder.
    A run that is resumed has its own number of epochs, unless another was typed.
    """
    chosen = {k: v for k, v in choices.items() if "/" not in k}
    with open_dict(config):
        config.choices = chosen
        if config.get("resume") is not None and "trainer.max_epochs" not in typed_values(words):
            del config.trainer["max_epochs"]
    make_absolute(config)
    return config

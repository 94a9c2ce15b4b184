"""What every script imports first: outside the environment, one line says how to enter it."""

from collections.abc import Sequence
from pkgutil import resolve_name
from typing import Any

try:
    from omegaconf import DictConfig

    from shared.config import Command
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: {error.name} is not installed for this python; give `. .venv/bin/activate` in the project's "
        "folder (`make train` makes .venv)"
    ) from None


def script(
    doc: str, config_name: str, function: str, check: str = "shared.runs:check_places", **rules: Any
) -> Command:
    """The command of a script, see ``shared.config.Command``, with its docstring for ``--help``.

    The function of the configuration, ``package:name``, is imported once the check has passed, which needs no
    torch: a mistake is reported at once.
    """

    def run(config: DictConfig) -> Any:
        resolve_name(check)(config)
        result = resolve_name(function)(config)
        return result if isinstance(result, dict) else None  # launchers of a grid pickle it

    def complete(config: DictConfig, words: Sequence[str]) -> None:
        resolve_name("shared.runs:take_settings")(config, words)

    run.__doc__ = doc
    return Command(run, config_name, complete, **rules)

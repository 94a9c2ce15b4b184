"""The one place where a configuration names Python code to call."""

import importlib
from collections.abc import Mapping
from typing import Any

from shared.errors import UserError

# A run folder may come from a stranger: its configuration must not be able to call anything else.
ALLOWED = ("domains.", "shared.", "torch.optim.")


def locate(name: Any) -> Any:
    """The function or class at a dotted name inside the allowed packages.

    Raises:
        UserError: The name is missing, outside those packages, or leads nowhere.
    """
    if not isinstance(name, str) or not name.startswith(ALLOWED):
        raise UserError(f"_target_: {name!r} is not allowed: it must start with one of {', '.join(ALLOWED)}")
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(f"{name}: {error}") from error


def build(settings: Mapping[str, Any], **more: Any) -> Any:
    """Call what ``_target_`` names with the other settings, and ``more``, as arguments.

    Raises:
        UserError: As ``locate``, or the settings are not what the target takes.
    """
    arguments = {key: value for key, value in settings.items() if key != "_target_"}
    target = locate(settings.get("_target_"))
    try:
        return target(**arguments, **more)
    except (TypeError, ValueError) as error:
        given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        raise UserError(f"{settings['_target_']} with {given}: {error}") from error

"""Everything about a configuration that can be wrong and shows without data and without torch.

Each check raises a ``UserError`` that names the key, the value and what is possible.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from shared.config.conform import check_arguments, check_value
from shared.config.keys import check_keys, known_keys
from shared.config.limits import LIMITS, OURS, Figures, Seed, Trainer, Training
from shared.config.messages import interpolation
from shared.config.project import CONF, plain
from shared.config.signature import parameters
from shared.errors import UserError, shown

# Sections whose keys a class takes, which `_target_` names; and what the code hands to the class itself.
BUILT = {
    "data": ("seed", "balance", "loss", "fitted"),
    "optimizer": ("params",),
    "schedule": ("optimizer", "last_epoch", "epochs", "steps_per_epoch"),  # its length is total_steps
}
DEVICES = r"auto|[1-9]\d*|\d+(\s*,\s*\d+)+|\[\d+(, \d+)*\]"


def check(config: DictConfig, command: str, opens: bool = False, words: Sequence[str] = ()) -> None:
    """Refuse what no command could obey.

    Args:
        config: As the command gets it, ``choices`` among its keys.
        command: Its file in ``conf/``.
        opens: Other keys than those of the file are checked elsewhere.
        words: The overrides as they were given.
    """
    check_choices(config)
    if "figures" in config:
        check_value(config.figures, Figures, "figures")
    missing = sorted(key for key, value in known_keys(config).items() if value == "???")
    if missing:
        raise UserError(f"{missing[0]} is not set: give {missing[0]}=…")
    values = resolved(config) if "trainer" in config else {}  # others need a run to be resolved
    check_keys(config, command, opens, list(typed_values(words)))
    if values:
        check_values(values)


def check_training(config: DictConfig) -> None:
    """As ``check``, of a training's configuration that another command made."""
    check(config, "train")


def check_choices(config: DictConfig) -> None:
    """Refuse a model or data of another domain."""
    for group in ("model", "data") if "domain" in config else ():
        check_choice(group, config.choices.get(group), str(config.domain.name))


def check_choice(group: str, choice: str | None, domain: str) -> None:
    """Refuse a file of a group that is another domain's."""
    other, _, rest = (choice or "").partition("/")
    if rest and other != domain and (CONF / "domain" / f"{other}.yaml").is_file():
        own = sorted(f"{domain}/{file.stem}" for file in (CONF / group / domain).glob("[!_]*.yaml"))
        raise UserError(
            f"{group}={choice}: must be of domain={domain}, got one of domain={other}; "
            f"give domain={other}, or {group}= one of: {', '.join(own)}"
        )


def resolved(config: DictConfig) -> dict[str, Any]:
    """The configuration of a training as plain values; an interpolation that leads nowhere is refused."""
    try:
        return plain(config)
    except OmegaConfBaseException as error:
        raise UserError(interpolation(error, config)) from error


def check_values(values: Mapping[str, Any]) -> None:
    """Refuse values of a training of another type or out of range, and keys that their class lacks."""
    for section in BUILT:
        check_built(section, values[section])
    check_value(values["seed"], Seed, "seed")
    check_value(values["test"], bool, "test")
    check_value(values["freeze"], list[str], "freeze")
    check_value(values["training"], Training, "training")
    monitor = values["training"]["monitor"]
    if "loss" in monitor and values["training"]["mode"] == "max":
        raise UserError(f"training.mode: must be min beside training.monitor={monitor}, got max")
    trainer = values["trainer"]
    for key, value in trainer.items():
        if key in OURS:
            raise UserError(f"trainer.{key}: must not be set, got {shown(value)}; {OURS[key]}")
    check_value(trainer, Trainer, "trainer")
    devices = trainer.get("devices", "auto")
    twice = isinstance(devices, list) and len(set(map(str, devices))) < len(devices)
    if twice or not re.fullmatch(DEVICES, str(devices)):
        kind = "auto, a number of devices from 1, or a list of their numbers from 0"
        raise UserError(f"trainer.devices: must be {kind}, got {shown(devices)}")


def check_built(section: str, node: Any) -> None:
    """Refuse settings of a section of BUILT that the class which ``_target_`` names does not take.

    What may be named there, ``shared.training`` checks.
    """
    if not isinstance(node, dict):
        raise UserError(f"{section}: must be a file of conf/{section}, got {node!r}")
    taken = parameters(str(node.get("_target_")))
    if taken is None:
        return
    kinds = LIMITS[section]
    taken = {name: one._replace(hint=kinds.get(name, one.hint)) for name, one in taken.items()}
    settings = {key: value for key, value in node.items() if key != "_target_"}
    check_arguments(taken, settings, section, filled=BUILT[section])


def check_typed(words: Sequence[str], settles: Sequence[str], alone: Sequence[Sequence[str]]) -> None:
    """Refuse overrides that the command would not obey.

    Args:
        words: The overrides as they were given.
        settles: Keys that the command sets itself.
        alone: Keys with those that cannot be given beside them; ``*`` are all others but those behind it.
    """
    values = typed_values(words)
    for key, value in values.items():
        if any(f"{key}.".startswith(f"{own}.") for own in settles):
            raise UserError(f"{key}: must not be set, got {value}; this command sets it itself")
    set_keys = [key for key, value in values.items() if value.strip().lower() != "null"]
    for first, *others in alone:
        for key in set_keys if first in set_keys else ():
            if key != first and (key in others) != ("*" in others):
                reason = "its settings are its own" if "*" in others else "give one of the two"
                raise UserError(f"{key}: must not be set beside {first}, got {values[key]}; {reason}")


def typed_values(words: Sequence[str]) -> dict[str, str]:
    """The keys that were typed, and their values."""
    return {word.split("=")[0].lstrip("+~"): word.partition("=")[2] for word in words}

"""Everything about a configuration that can be wrong and shows without data and without torch."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from shared.config.conform import check_value
from shared.config.keys import BUILT, CONF, check_keys, known_keys
from shared.config.limits import LIMITS, check_limits, shown
from shared.config.messages import interpolation
from shared.config.signature import parameters
from shared.config.trainer import check_trainer
from shared.errors import UserError


def check(config: DictConfig, command: str, opens: bool = False, words: Sequence[str] = ()) -> None:
    """Refuse what no command could obey.

    Args:
        config: As the command gets it, ``choices`` among its keys.
        command: Its file in ``conf/``.
        opens: Other keys than those of the file are checked elsewhere.
        words: The overrides as they were given.

    Raises:
        UserError: Naming the key, the value and what is possible.
    """
    check_choices(config)
    missing = sorted(key for key, value in known_keys(config).items() if value == "???")
    if missing:
        raise UserError(f"{missing[0]} is not set: give {missing[0]}=…")
    values = resolved(config)
    check_keys(config, command, opens, list(_given(words)))
    if values:
        check_values(values)


def check_training(config: DictConfig) -> None:
    """As ``check``, of a training's configuration that another command made.

    Raises:
        UserError: As ``check``.
    """
    check(config, "train")


def check_choices(config: DictConfig) -> None:
    """Refuse a model or data of another domain.

    Raises:
        UserError: Naming those of this domain.
    """
    if "domain" not in config:
        return
    name = str(config.domain.name)
    for group in ("model", "data"):
        check_choice(group, config.choices.get(group), name)


def check_choice(group: str, choice: str | None, domain: str) -> None:
    """Refuse a file of a group that is another domain's.

    Raises:
        UserError: Naming those of this domain.
    """
    other, _, rest = (choice or "").partition("/")
    if rest and other != domain and (CONF / "domain" / f"{other}.yaml").is_file():
        own = sorted(f"{domain}/{file.stem}" for file in (CONF / group / domain).glob("[!_]*.yaml"))
        raise UserError(
            f"{group}={choice}: must be of domain={domain}, got one of domain={other}; "
            f"give domain={other}, or {group}= one of: {', '.join(own)}"
        )


def resolved(config: DictConfig) -> dict[str, Any]:
    """The configuration of a training as plain values; others need a run to be resolved, and are empty here.

    Raises:
        UserError: An interpolation leads nowhere.
    """
    if "trainer" not in config:
        return {}
    try:
        return OmegaConf.to_container(config, resolve=True)  # type: ignore[return-value]
    except OmegaConfBaseException as error:
        raise UserError(interpolation(error, config)) from error


def check_values(values: Mapping[str, Any]) -> None:
    """Refuse values of a training that are of another type or out of range.

    Raises:
        UserError: Naming the key, the value and what is possible.
    """
    for section in BUILT:
        check_types(section, values[section])
    check_limits({"seed": values["seed"]} | _below(values))
    _check_monitor(values["training"]["monitor"], values["training"]["mode"])
    check_trainer(values["trainer"])
    if not isinstance(values["test"], bool):
        raise UserError(f"test: must be true or false, got {shown(values['test'])}")


def _check_monitor(monitor: Any, mode: Any) -> None:
    check_value(monitor, str, "training.monitor")
    check_value(mode, Literal["max", "min"], "training.mode")
    if "loss" in monitor and mode == "max":
        raise UserError(f"training.mode: must be min beside training.monitor={monitor}, got max")


def _below(node: Mapping[str, Any]) -> dict[str, Any]:
    sections = (*BUILT, "training")
    return {f"{name}.{key}": value for name in sections for key, value in node[name].items()}


def check_types(section: str, values: Mapping[str, Any]) -> None:
    """Refuse values that are not of the type that the class named by ``_target_`` declares.

    Raises:
        UserError: Naming the key, the value and the type.
    """
    taken = parameters(str(values.get("_target_"))) or {}
    for key, value in values.items():
        null = value is None and f"{section}.{key}" in LIMITS  # may stand for the training's own
        if key in taken and not null:
            check_value(value, taken[key].hint, f"{section}.{key}")


def _given(words: Sequence[str]) -> dict[str, str]:
    """The keys that were typed, and their values."""
    return {word.split("=")[0].lstrip("+~"): word.partition("=")[2] for word in words}


def check_typed(words: Sequence[str], settles: Sequence[str], alone: Sequence[Sequence[str]]) -> None:
    """Refuse overrides that the command would not obey.

    Args:
        words: The overrides as they were given.
        settles: Keys that the command sets itself.
        alone: Keys with those that cannot be given beside them; ``*`` are all others.

    Raises:
        UserError: Naming the key.
    """
    values = _given(words)
    for key, value in values.items():
        for own in settles:
            if key == own or key.startswith(f"{own}."):
                raise UserError(f"{key}: must not be set, got {value}; this command sets it itself")
    set_keys = [key for key, value in values.items() if value.strip().lower() != "null"]
    for first, *others in alone:
        for key in set_keys if first in set_keys else ():
            if key != first and (key in others or others == ["*"]):
                reason = "its settings are its own" if others == ["*"] else "give one of the two"
                raise UserError(f"{key}: must not be set beside {first}, got {values[key]}; {reason}")

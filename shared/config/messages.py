"""What Hydra, OmegaConf and YAML report, in one line that names the key or file and its remedy."""

import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import DictConfig
from omegaconf.errors import InterpolationKeyError, OmegaConfBaseException
from yaml import YAMLError

from shared.config.keys import known_keys, nearest_key
from shared.config.project import CONF, plain_file
from shared.config.words import quoted
from shared.errors import nearest
from shared.files import broken_yaml


def explain(error: Exception, words: Iterable[str], compose: Callable[[list[str]], DictConfig]) -> str:
    """One line for an error of Hydra, OmegaConf or YAML that a command line met.

    ``compose`` makes the command's configuration of overrides, to look for the key that was meant.
    """
    words = list(words)
    if isinstance(error, YAMLError):
        mark = getattr(error, "problem_mark", None)
        return str(broken_yaml(mark.name if mark else "a file of the configuration", error))
    if isinstance(error, OverrideParseException):
        word, sign, value = str(error.override).partition("=")
        if not sign:
            example = f"domain={word}" if word.isidentifier() else "seed=1"
            return f"{word}: must be KEY=VALUE, such as {example}"
        remedy = f'put it in quotes: "{word}={quoted(value)}"'
        return f"{word}: must be a value that Hydra reads, got {value}; {remedy}"
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _missing_file(str(error.missing_cfg_file), words)
    cause = error.__cause__
    key = getattr(cause, "full_key", None)
    if isinstance(error, ConfigCompositionException) and isinstance(cause, AttributeError | KeyError) and key:
        choices = [word for word in words if "=" in word and "." not in word.split("=")[0]]
        try:
            config = compose([word for word in choices if word.split("=")[0].lstrip("+~") != key])
        except (HydraException, OmegaConfBaseException, YAMLError):
            return _first_line(error)
        return f"{key}: there is no such key; {nearest_key(key, known_keys(config))}"
    nulls = [word.split("=")[0] for word in words if re.fullmatch(r"[\w/]+=null", word)]
    if isinstance(error, ValueError) and nulls:  # Hydra's own check of groups
        return f"{nulls[0]}: must be a file of conf/{nulls[0]}, got null; leave {nulls[0]}=null out"
    reason = f"; {_first_line(cause)}" if isinstance(cause, OmegaConfBaseException) else ""
    return _first_line(error) + reason


def _first_line(error: Exception) -> str:
    """The message without what Hydra and OmegaConf print below it: search path, pointers, addresses."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    below = ("full_key", "Config search path", "See ", "object_type")
    more = len(lines) > 1 and not lines[1].startswith(below)
    return " ".join(lines[: 2 if more else 1]) or type(error).__name__


def _missing_file(name: str, words: list[str]) -> str:
    """A file of a group that is not there, with the nearest one that is, of the chosen domain first."""
    group = name.split("/")[0]
    folders = [CONF, *(Path(value) for flag, value in pairwise(words) if flag in ("--config-dir", "-cd"))]
    files = (file.relative_to(folder) for folder in folders for file in (folder / group).rglob("[!_]*.yaml"))
    names = sorted({str(file.with_suffix("")) for file in files})
    [domain] = [word.partition("=")[2] for word in words if word.startswith("domain=")][-1:] or [""]
    if domain:
        near = [name for name in names if name.startswith(f"{group}/{domain}/") or name.count("/") == 1]
        names = near or names
    return f"{name}: there is no such file in conf/; {nearest(name, names)}"


def interpolation(error: OmegaConfBaseException, config: DictConfig) -> str:
    """One line for an interpolation that leads nowhere."""
    place = str(getattr(error, "full_key", None) or "")
    match = re.search(r"Interpolation key '([^']+)' not found", str(error))
    if not isinstance(error, InterpolationKeyError) or not match:
        return f"{place}: {_first_line(error)}" if place else _first_line(error)
    name = match[1]
    top = name.split(".")[0]
    legal = [key for key in known_keys(config) if key.startswith(f"{top}.") and ".layers" not in key]
    remedy = nearest_key(name, legal or known_keys(config))
    example = _example(name, config)
    if example and not place.startswith(f"{top}.") and not (legal and remedy.startswith("did")):
        return f"{name}: must be given, since {place} is ${{{name}}}; add it to the {top}, such as {example}"
    return f"{place}: ${{{name}}}: there is no such key; {remedy}"


def _example(name: str, config: DictConfig) -> str | None:
    """A key of the model as a file of the same domain sets it: ``tokens: words``."""
    group, _, key = name.partition(".")
    for file in sorted((CONF / group / str(config.domain.name)).glob("*.yaml")) if "domain" in config else ():
        value = plain_file(file).get(key)
        if value is not None:
            return f"`{key}: {value}` in {group}/{file.parent.name}/{file.name}"
    return None

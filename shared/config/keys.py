"""Every key of a configuration is one that something reads, wherever it was set."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from omegaconf import DictConfig, OmegaConf

from shared.config.domain import find_domain
from shared.config.project import CONF, plain_file
from shared.errors import UserError, nearest

LISTS = ("logger", "callbacks")  # of parts by name: any of them, each with the keys of its file
# Sections all of whose keys are in their files, and how many levels of keys they have.
LEVELS = {"training": 1, "domain": 1, "repeat": 1, "sweep": 1, "bench": 1, **dict.fromkeys(LISTS, 2)}
# ${model.filters}, ${oc.select:model.filters,3}, ${..filters}
REFERENCE = re.compile(r"(?:\bmodel\.|\$\{\.+)((?:\w+\.)*\w+)")


def known_keys(config: DictConfig) -> dict[str, Any]:
    """All keys of a configuration by their full path, with what stands there, interpolations as they are."""
    return dict(_walk(OmegaConf.to_container(config, resolve=False)))


def _walk(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, child in node.items() if isinstance(node, dict) else ():
        yield f"{path}{name}", child
        yield from _walk(child, f"{path}{name}.")


def _checked(node: Any, path: str = "") -> set[str]:
    """The keys of which ``conf/`` has all: those at the top, and those below LEVELS."""
    keys = {key for key, _ in _walk(node, path)}
    return {key for key in keys if key.count(".") <= LEVELS.get(key.split(".")[0], 0)}


@cache
def declared(command: str) -> frozenset[str]:
    """The keys of ``conf/<command>.yaml`` and of the files it includes, at the top and below LEVELS."""
    contents = plain_file(f"{command}.yaml")
    defaults = contents.pop("defaults", [])
    keys = _checked(contents) - {"hydra"}
    for default in defaults:
        if isinstance(default, str):
            keys |= declared(default) if default != "_self_" else set()
        for group in default if isinstance(default, dict) else ():
            if not group.startswith("override ") and group != "experiment":
                keys |= {group, *_of_group(group)}
    return frozenset(keys)


def _of_group(group: str) -> set[str]:
    """The keys below a group that its files set."""
    keys: set[str] = set()
    for file in (CONF / group).rglob("*.yaml") if group in LEVELS else ():
        node = plain_file(file)
        if file.read_text().startswith("# @package _global_"):
            node = node.get(group) or {}
        keys |= _checked(node, f"{group}.")
    return keys - {f"{group}.defaults"}


def check_keys(config: DictConfig, command: str, opens: bool = False, typed: Sequence[str] = ()) -> None:
    """Refuse keys that nothing reads.

    Args:
        config: As the command gets it, interpolations as they are.
        command: Its file in ``conf/``.
        opens: Other keys than those of the file are checked elsewhere.
        typed: Keys of the command line: they are read, or refused even where a file of ``conf/`` has them.
    """
    legal = declared(command)
    node: Any = OmegaConf.to_container(config, resolve=False)
    present = _checked(node) - {"choices"}
    for section in LISTS:
        if isinstance(name := node.get(section), str):
            remedy = f"give {section}={name}, or `override /{section}: {name}` among a file's defaults"
            raise UserError(f"{section}: must be chosen, got {name!r}; {remedy}")
    for key in sorted(present - legal):
        section, _, below = key.partition(".")
        if below and section in legal:
            raise unknown(key, sorted(other for other in legal if other.startswith(f"{section}.")))
        if not below and not opens:
            raise unknown(key, [other for other in known_keys(config) if other.split(".")[0] in legal])
    for key in sorted(legal - present):
        if "." not in key or key.split(".")[0] not in ("domain", *LISTS):
            raise UserError(f"{key}: must not be taken away; leave out ~{key}")
    if "model" in legal:
        check_model(node, typed)


def unknown(key: str, legal: Iterable[str]) -> UserError:
    """The error for a key that nothing reads."""
    return UserError(f"{key}: there is no such key; {nearest_key(key, legal)}")


def nearest_key(key: str, legal: Iterable[str]) -> str:
    """The key that was meant, by its last word, as ``optimizer.lr`` by ``lr``; else the legal ones."""

    def distance(other: str) -> tuple[bool, int]:
        return other.rpartition(".")[0] != key.rpartition(".")[0], other.count(".")

    legal = sorted(legal, key=distance)
    last = key.split(".")[-1]
    ends: dict[str, str] = {}
    for full in legal:
        ends.setdefault(full.split(".")[-1], full)
    close = [last] if last in ends else difflib.get_close_matches(last, ends, n=1, cutoff=0.7)
    close = close or [word for word in ends if last in word.split("_") or word in last.split("_")]
    if close:
        return f"did you mean {ends[close[0]]!r}?"
    tops = list(dict.fromkeys(full.split(".")[0] for full in legal))
    return f"use one of: {', '.join(legal if len(legal) <= 20 else tops)}"


def check_model(node: Mapping[str, Any], typed: Sequence[str] = ()) -> None:
    """Refuse keys of the model that neither its layers nor the data nor the domain reads.

    Keys of the project's own file may stand idle where other layers are given.
    """
    model, domain = node["model"], node["domain"]["name"]
    if not isinstance(model, dict) or "layers" not in model:
        raise UserError("model.layers: must be given: a list of layers; see the files of conf/model")
    own = find_domain(domain).model_keys
    for key in own:
        if key not in model:
            raise UserError(f"model.{key}: must be given; see conf/model/{domain}/")
    read = keys_read(node)
    file = CONF / "model" / f"{node.get('choices', {}).get('model')}.yaml"
    files = [path for path in (file, file.with_name("_base.yaml")) if path.is_file()]
    idle = {key for path in files for key in _leaves(plain_file(path)) if f"model.{key}" not in typed}
    for key in _leaves(model):
        if key not in idle and not any(f"{key}.".startswith(f"{name}.") for name in read):
            remedy = nearest(key, sorted(read)) if read else "take it away"
            readers = f"neither ${{model.{key}}} nor the domain"
            raise UserError(f"model.{key}: nothing reads it: {readers}; {remedy}")


def keys_read(node: Mapping[str, Any]) -> set[str]:
    """The keys of the model that the domain or an interpolation reads, anywhere in a configuration."""
    # The innermost interpolations.
    references = " ".join(re.findall(r"\$\{[^${}]+", json.dumps(node)))
    names = (match[1] for match in REFERENCE.finditer(re.sub(r"\[(\w+)\]", r".\1", references)))
    own = find_domain(node["domain"]["name"]).model_keys
    return {*own, *(re.sub(r"(\.\d+)+$", "", name) for name in names)}


def _leaves(model: Mapping[str, Any]) -> list[str]:
    """The keys of a model beside its layers that hold values."""
    return [
        key
        for key, value in _walk(model)
        if not (isinstance(value, dict) and value) and key.split(".")[0] != "layers"
    ]

"""Every key of a configuration is one that something reads, wherever it was set."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from shared.config.conform import words
from shared.config.domain import find_domain
from shared.config.resolvers import PROJECT
from shared.config.signature import parameters
from shared.errors import UserError, nearest

CONF = PROJECT / "conf"
BUILT = ("data", "optimizer", "schedule")  # a class takes their keys, which `_target_` names
# What the code hands to the class itself, not the configuration.
HANDED = {
    "data": ("seed", "fitted"),
    "optimizer": ("params",),
    "schedule": ("optimizer", "last_epoch", "epochs", "steps_per_epoch"),  # its length is total_steps
}
LISTS = ("logger", "callbacks")  # of parts by name: any of them, each with the keys of its file
SECTIONS = ("training", "domain", *LISTS, "repeat", "sweep", "bench")  # their files have all keys
# ${model.filters}, ${oc.select:model.filters,3}, ${..filters}
REFERENCE = re.compile(r"(?:\bmodel\.|\$\{\.+)((?:\w+\.)*\w+)")


def known_keys(config: DictConfig) -> dict[str, Any]:
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


@cache
def declared(command: str) -> Mapping[str, frozenset[str]]:
    """The keys of ``conf/<command>.yaml`` and of the files it includes, and those below each of SECTIONS."""
    found: dict[str, set[str]] = {}

    def read(name: str) -> None:
        contents = plain_file(CONF / f"{name}.yaml")
        for default in contents.pop("defaults", []):
            if isinstance(default, dict):
                [group] = default
                if not group.startswith("override ") and group != "experiment":
                    found.setdefault(group, set()).update(_of_group(group))
            elif default != "_self_":
                read(default)
        for key, node in contents.items():
            if key != "hydra":
                found.setdefault(key, set()).update(map(str, node) if isinstance(node, dict) else ())

    read(command)
    return {key: frozenset(below) for key, below in found.items()}


def _of_group(group: str) -> set[str]:
    """The keys that a group's files in ``conf/`` set."""
    keys: set[str] = set()
    for file in (CONF / group).rglob("*.yaml") if group in SECTIONS else ():
        node = plain_file(file)
        keys |= set(node.get(group) or {} if file.read_text().startswith("# @package _global_") else node)
        if group in LISTS:
            keys |= {f"{name}.{key}" for name, part in node.items() for key in part}
    return keys - {"defaults"}


def plain_file(file: Path) -> dict[str, Any]:
    """A file of ``conf/`` as plain values, interpolations as they are."""
    return OmegaConf.to_container(OmegaConf.load(file), resolve=False)  # type: ignore[return-value]


def check_keys(config: DictConfig, command: str, opens: bool = False, typed: Sequence[str] = ()) -> None:
    """Refuse keys that nothing reads.

    Args:
        config: As the command gets it, interpolations as they are.
        command: Its file in ``conf/``.
        opens: Other keys than those of the file are checked elsewhere.
        typed: Keys of the command line: they are read, or refused even where a file of ``conf/`` has them.

    Raises:
        UserError: Naming the key and the nearest one that is read.
    """
    legal = declared(command)
    node: Any = OmegaConf.to_container(config, resolve=False)
    for key in node:
        if key not in legal and key != "choices" and not opens:
            raise unknown(str(key), [known for known in known_keys(config) if known.split(".")[0] in legal])
    for key in legal:
        if key not in node:
            raise UserError(f"{key}: must not be taken away; leave out ~{key}")
    for section in SECTIONS:
        if section not in legal:
            continue
        values = node[section] if isinstance(node[section], dict) else {}
        below = []
        if section in LISTS:
            if not isinstance(node[section], dict):
                name = node[section]
                remedy = f"give {section}={name}, or `override /{section}: {name}` among a file's defaults"
                raise UserError(f"{section}: must be chosen, got {name!r}; {remedy}")
            below = [f"{name}.{key}" for name, part in values.items() for key in part or ()]
        for key in [*values, *below]:
            if key not in legal[section]:
                raise unknown(f"{section}.{key}", [f"{section}.{other}" for other in legal[section]])
        for key in legal[section] - set(values) if section not in ("domain", *LISTS) else ():
            raise UserError(f"{section}.{key}: must not be taken away; leave out ~{section}.{key}")
    if "model" in legal:
        check_model(node, typed)
        for section in BUILT:
            check_built(section, node[section])


def check_built(section: str, node: Any) -> None:
    """Refuse keys that the class named by ``_target_`` does not take, and values of another type.

    Raises:
        UserError: Naming the key.
    """
    if not isinstance(node, dict):
        raise UserError(f"{section}: must be a file of conf/{section}, got {node!r}")
    taken = parameters(str(node.get("_target_")))
    if taken is None:  # no class that is known here: what may be named there, shared.training.optimizers says
        return
    legal = [key for key in taken if key not in HANDED[section]]
    for key in node:
        if key != "_target_" and key not in legal:
            raise unknown(f"{section}.{key}", [f"{section}.{other}" for other in legal])
    for key in legal:
        if taken[key].required and key not in node:
            raise UserError(f"{section}.{key}: must be {words(taken[key].hint)}, but it is missing")


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

    Raises:
        UserError: Naming the key.
    """
    model = node["model"]
    if not isinstance(model, dict) or "layers" not in model:
        raise UserError("model.layers: must be given: a list of layers; see the files of conf/model")
    own = find_domain(node["domain"]["name"]).model_keys
    for key in own:
        if key not in model:
            raise UserError(f"model.{key}: must be given; see conf/model/{node['domain']['name']}/")
    read = {"layers", *own, *_references(node)}
    file = CONF / "model" / f"{node.get('choices', {}).get('model')}.yaml"
    own_files = [path for path in (file, file.with_name("_base.yaml")) if path.is_file()]
    idle = {key for path in own_files for key in _leaves(plain_file(path)) if f"model.{key}" not in typed}
    for key in _leaves(model):
        if (
            key.split(".")[0] == "layers"
            or key in idle
            or any(key == name or key.startswith(f"{name}.") for name in read)
        ):
            continue
        legal = sorted(name for name in read if name != "layers")
        remedy = nearest(key, legal) if legal else "take it away"
        raise UserError(f"model.{key}: nothing reads it: neither ${{model.{key}}} nor the domain; {remedy}")


def _leaves(node: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key, value in node.items():
        if isinstance(value, dict) and value and f"{path}{key}" != "layers":
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}"


def _references(node: Any) -> Iterator[str]:
    """The keys of the model that interpolations name, anywhere in the configuration."""
    if isinstance(node, dict):
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)
    elif isinstance(node, str) and "${" in node:
        for match in REFERENCE.finditer(node.replace("[", ".").replace("]", "")):
            yield re.sub(r"(\.\d+)+$", "", match[1])

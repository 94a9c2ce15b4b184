"""Damaged configurations and checkpoints of real runs: used, or refused in one line that names the file."""

import io
import shutil
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
import yaml
from jaxtyping import TypeCheckError
from omegaconf import OmegaConf

from domains.go.engine.network import Policy
from shared.errors import UserError
from shared.runs.run import Run
from shared.training.setup import build_data, check_network, load_module, trained_config
from tests.fuzzing import fuzz, fuzz_with

T = TypeVar("T")

VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 3, 10**6, 2**31, 2**63 - 1, 10**30, 0.5, -0.5, 1e300),
    *(float("nan"), float("inf"), "", "x", "..", "/", "../../x", "???", "null", "1e3", "\x00", "\x1b[31m"),
    *("${seed}", "${oc.env:HOME}", "os.system", {"_target_": "os.system"}, {"a": {"b": {}}}, {}),
    *([], [None], ["a", 1], [[[]]], list(range(50))),
]
YAML_PIECES = [
    *(b"&a ", b"*a", b"${x}", b"!!python/object/apply:os.system ", b"!!binary ", b"!!set ", b"???"),
    *(b"[", b"{", b"- ", b": ", b"\n", b"\t", b"<<: "),
]
PICKLE_PIECES = [
    *(b"cos\nsystem\n", b"cbuiltins\nbytearray\n", b"\x85R", b"\x94", b"0", b"2", b"(", b"u", b"e"),
    *(b"ctorch\nFloatStorage\n", b"J\xff\xff\xff\x7f", b"X\xff\xff\xff\xff", b"\x8a\x7f"),
]
CASES = [40, pytest.param(2_500, marks=[pytest.mark.slow, pytest.mark.long])]
DOMAINS = ("go", "image", "speech", "text")


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """The paths of all keys and items of a nest of plain values."""
    items: list[tuple] = list(value.items()) if isinstance(value, dict) else []
    items += enumerate(value) if isinstance(value, list | tuple) else ()
    return [path] * bool(path) + [place for key, child in items for place in places(child, (*path, key))]


def changed(value: Any, random: np.random.Generator) -> Any:
    """A copy in which one to three values are lost, renamed or others."""
    for _ in range(int(random.integers(1, 4))):
        options = places(value)
        value = _change(value, options[int(random.integers(len(options)))], random) if options else value
    return value


def _change(value: Any, path: tuple, random: np.random.Generator) -> Any:
    key, rest = path[0], path[1:]
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    kind = random.random()
    if rest:
        copy[key] = _change(copy[key], rest, random)
    elif kind < 0.25:
        del copy[key]
    elif kind < 0.35 and isinstance(value, dict):
        copy[f"{key}x"] = copy.pop(key)
    else:
        copy[key] = VALUES[int(random.integers(len(VALUES)))]
    return type(value)(copy)


def check(
    make: Callable[[np.random.Generator], T], use: Callable[[T], object], cases: int, seed: int
) -> None:
    """Use changed contents of a file, and expect success or a UserError."""
    # TypeCheckError: only tests check annotations, in which no whole number is a float
    outcomes = fuzz_with(make, use, (UserError, TypeCheckError), cases=cases, seed=seed)
    assert outcomes["UserError"] > cases / 3
    assert outcomes["UserError"] < cases or cases < 100


def copy_of(run: Run, folder: Path) -> Run:
    return Run(Path(shutil.copytree(run.folder, folder / run.folder.name)))


def read_again(run: Run) -> None:
    """What evaluate.py, explain.py and a resumed training begin with."""
    config = trained_config(run)
    check_network(config, build_data(config))


@pytest.mark.parametrize("cases", CASES)
@pytest.mark.parametrize("name", DOMAINS)
def test_a_changed_configuration(runs: dict[str, Run], tmp_path: Path, name: str, cases: int) -> None:
    run = copy_of(runs[name], tmp_path)
    file = run.folder / "config.yaml"
    good = OmegaConf.to_container(OmegaConf.load(file))

    def use(config: dict[str, Any]) -> None:
        file.write_text(yaml.safe_dump(config, sort_keys=False))
        read_again(run)

    check(partial(changed, good), use, cases, seed=1)


@pytest.mark.parametrize("cases", CASES)
def test_changed_bytes_of_a_configuration(runs: dict[str, Run], tmp_path: Path, cases: int) -> None:
    run = copy_of(runs["image"], tmp_path)
    files = [(runs[name].folder / "config.yaml").read_bytes() for name in DOMAINS]

    def read(data: bytes) -> None:
        (run.folder / "config.yaml").write_bytes(data)
        read_again(run)

    outcomes = fuzz(files, read, UserError, cases=4 * cases, seed=2, pieces=YAML_PIECES)
    assert outcomes["refused"] > cases
    assert outcomes["read"]


@pytest.mark.parametrize("cases", CASES)
@pytest.mark.parametrize("name", DOMAINS)
def test_changed_hyperparameters_and_weights(
    runs: dict[str, Run], tmp_path: Path, name: str, cases: int
) -> None:
    run = copy_of(runs[name], tmp_path)
    file = run.checkpoints / "best.ckpt"
    good = torch.load(file, weights_only=True)
    rest = {key: good[key] for key in ("domain", "hyper_parameters")}

    def make(random: np.random.Generator) -> dict[str, Any]:
        contents, kind = dict(good), random.random()
        if kind < 0.1:
            contents = changed(rest, random) | {"state_dict": good["state_dict"]}
        elif kind < 0.3:
            contents["state_dict"] = damaged_weights(good["state_dict"], random)
        else:
            contents["hyper_parameters"] = changed(good["hyper_parameters"], random)
        return contents

    def use(contents: dict[str, Any]) -> None:
        torch.save(contents, file)
        if name == "go":
            Policy.load(run, 1)
        load_module(run)

    check(make, use, cases, seed=3)


def damaged_weights(state: dict[str, torch.Tensor], random: np.random.Generator) -> dict[Any, Any]:
    """Weights of which one is missing, too much, of another shape or kind, or no number."""
    name = list(state)[int(random.integers(len(state)))]
    tensor = state[name]
    choices: list[Any] = [
        *(None, 3, "x", tensor[None], tensor.flatten()[:1], tensor.to(torch.complex64), tensor.long()),
        *(tensor / 0 if tensor.is_floating_point() else None, tensor.to_sparse(), torch.empty(0)),
        *(tensor.double(), torch.zeros(1).expand(10**6)),
    ]
    found: dict[Any, Any] = state | {name: choices[int(random.integers(len(choices)))]}
    if random.random() < 0.2:
        del found[name]
    if random.random() < 0.2:
        found[("more", 3)[int(random.integers(2))]] = tensor
    return found


@pytest.mark.parametrize("cases", CASES)
def test_changed_bytes_of_a_checkpoint(runs: dict[str, Run], tmp_path: Path, cases: int) -> None:
    run = copy_of(runs["image"], tmp_path)
    file = run.checkpoints / "best.ckpt"
    good = file.read_bytes()
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    [pickle] = [name for name in entries if name.endswith("data.pkl")]

    def read(data: bytes) -> None:
        if not data.startswith(
            b"PK"
        ):  # the pickle alone is changed: the archive's checksums would hide the rest
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                for name, content in (entries | {pickle: data}).items():
                    archive.writestr(name, content)
            data = packed.getvalue()
        file.write_bytes(data)
        load_module(run)

    files = [good, entries[pickle], entries[pickle]]
    outcomes = fuzz(files, read, UserError, cases=4 * cases, seed=4, pieces=PICKLE_PIECES)
    assert outcomes["refused"] > cases

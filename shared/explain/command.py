"""The command: what a trained run has learned, as a folder of pictures, figures and a page."""

import inspect
import math
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig
from rich.console import Console

from shared.commands import data_of, read_data
from shared.config import ACCURACY, find_domain, unique_name
from shared.errors import UserError, nearest
from shared.explain.adapter import InputAdapter
from shared.explain.checks.all import measure
from shared.explain.checks.base import HEADS, Bench, as_table, plainly, told
from shared.explain.explain import METHODS, UNITS, find_method
from shared.explain.explanation import Example
from shared.explain.panels import Panels
from shared.explain.report import Panel, Report, table
from shared.explain.training_inputs import Reals
from shared.explain.units import Target
from shared.files import read_json, write_json
from shared.network import layer_table, render
from shared.results import percent
from shared.runs import Run
from shared.training import Classifier, load_module

OWN = ("text", "move")  # keys of the configuration that a domain's own kind of input needs


def explain_run(config: DictConfig) -> Path | None:
    """Explain ``config.run``; return the folder that was written.

    Raises:
        UserError: The run, the input or an option cannot be used, or the folder not written.
    """
    console = Console()
    run = Run.open(config.run)
    model = load_module(run, config.checkpoint).float()
    if config.layer == "?":
        console.print(render(layer_table(model.network)))
        return None
    adapter = build_adapter(run, model, config)
    about = _about(run, model)
    _check_numbers(config)
    weights = _check_weights(config)
    reals = Reals(model, adapter, config.searched)
    if config.check:
        return _check(run, model, adapter, reals, config)
    methods = _methods(config)
    samples, remarks = _samples(adapter, config)
    for remark in remarks:
        console.print(remark, highlight=False, markup=False, soft_wrap=True)
    manner = _read(adapter, Path(config.style))[0] if config.style else None
    options = weights | {"start": config.start, "seed": config.seed, "manner": manner}
    panels = Panels(model, adapter, reals, options, config.layer, config.unit)
    targets = [_target(model, example, config) for example in samples]
    folder = _folder(run, config, unique_name())
    report = Report(folder, f"What {run.folder.name} learned")
    left_out: list[str] = []
    try:
        for method in methods:
            for panel in _panels(
                panels, method, samples, targets, left_out, asked=config.methods is not None
            ):
                report.add(panel)
                said = f"{panel.title}: {'; '.join(each for each in panel.lines if each)}"
                console.print(said, highlight=False, markup=False, soft_wrap=True)
    except UserError:
        report.discard()
        raise
    notes = [*remarks, *(f"left out: {each}" for each in left_out)]
    report.close([about, *notes], _measured(run))
    for each in left_out:
        console.print(f"left out: {each}", highlight=False, markup=False)
    console.print(f"explanations: {folder}", soft_wrap=True, highlight=False, markup=False)
    return folder


def _check(run: Run, model: Classifier, adapter: InputAdapter, reals: Reals, config: DictConfig) -> Path:
    """Measure, print, and keep what was measured beside the run's explanations."""
    folder = _folder(run, config, "check")
    measures = plainly(measure(Bench(model, adapter, reals, config.n, config.seed)))
    write_json(folder / "yardsticks.json", measures)
    console = Console()
    console.print(as_table(measures))
    console.print(f"yardsticks: {folder / 'yardsticks.json'}", soft_wrap=True, highlight=False, markup=False)
    return folder


def _measured(run: Run) -> list[str]:
    """The table of yardsticks, if the run was checked."""
    path = run.output / "explanations" / "check" / "yardsticks.json"
    if not path.is_file():
        return []
    try:
        rows = told(read_json(path))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not what `explain.py check` writes ({error}); delete it") from error
    return [table("How far this can be trusted", HEADS, rows)]


def build_adapter(run: Run, model: Classifier, config: DictConfig) -> InputAdapter:
    """The adapter of the run's domain.

    Raises:
        UserError: The domain has none.
    """
    make = find_domain(run.config.domain.name).part("explain")
    if make is None:
        raise UserError(f"run={config.run}: the domain {run.config.domain.name} has no explanations")
    data = data_of(run, model, config.data)
    adapter = make(model, data)
    adapter.read_data = partial(read_data, data, run, config.checkpoint, config.data)
    return adapter


def _methods(config: DictConfig) -> list[str]:
    if config.methods is None:
        return [name for name in METHODS if name != "style" or config.style]
    chosen = [config.methods] if isinstance(config.methods, str) else list(config.methods)
    for name in chosen:
        find_method(name)
    if not chosen:
        raise UserError(f"methods=[]: name some of {', '.join(METHODS)}, or leave the key out for all")
    if "style" in chosen and not config.style:
        raise UserError("methods: style needs a second picture: give style=FILE")
    return chosen


def _check_numbers(config: DictConfig) -> None:
    for key, least in (("inputs", 1), ("searched", 1), ("n", 2), ("item", 0), ("seed", 0)):
        value = config[key]
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UserError(f"{key}={value}: give a whole number from {least}")


def _check_weights(config: DictConfig) -> dict[str, float | None]:
    """The weights and sizes that methods take, as numbers."""
    found: dict[str, float | None] = {}
    for key, words in (("l1", "from 0"), ("smooth", "from 0"), ("epsilon", "above 0, or null")):
        value = config[key]
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if value is not None and not (number and (value > 0 or (value == 0 and key != "epsilon"))):
            raise UserError(f"{key}={value}: give a number {words}")
        found[key] = None if value is None else float(value)
    return found


def _samples(adapter: InputAdapter, config: DictConfig) -> tuple[list[Example], list[str]]:
    """The user's inputs, else an item of the validation set; and remarks on which of them are explained."""
    own = {key: config[key] for key in OWN if config[key] is not None}
    if config.input is None and "text" not in own:
        if own:
            raise UserError(f"{next(iter(own))}={next(iter(own.values()))}: of which file? give input=")
        dataset = adapter.data.val_set
        if config.item >= len(dataset):
            raise UserError(f"item={config.item}: the validation set has {len(dataset):,}, counted from 0")
        return [adapter.example(dataset, config.item)], []
    found = _read(adapter, None if config.input is None else Path(config.input), **own)
    remarks = adapter.seen.summary()
    if len(found) > config.inputs:
        remarks.insert(0, f"explained: the first {config.inputs} of {len(found):,} inputs; inputs=N takes N")
    return list(found[: config.inputs]), remarks


def _read(adapter: InputAdapter, source: Path | None, **own: Any) -> Sequence[Example]:
    legal = [key for key in inspect.signature(adapter.read).parameters if key != "source"]
    for key, value in own.items():
        if key not in legal:
            raise UserError(
                f"{key}={value}: not an option of the domain {adapter.module.domain}; "
                + (nearest(key, legal) if legal else "leave it out")
            )
    with torch.no_grad():
        return adapter.read(source, **own)


def _target(model: Classifier, example: Example, config: DictConfig) -> Target:
    """The unit or class that was asked for, else the network's answer."""
    if config.unit is not None:
        return Target(config.unit, config.layer)
    if config.target is None:
        with torch.no_grad():
            return Target(int(model.network(example.x[None]).argmax()))
    name = str(config.target)
    if name not in model.classes:
        raise UserError(f"target={name}: no class of this run; {nearest(name, model.classes)}")
    return Target(model.classes.index(name))


def _folder(run: Run, config: DictConfig, name: str) -> Path:
    folder = Path(config.output or run.output / "explanations" / name).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"output={folder}: cannot be made: {error.strerror}; name another folder") from error
    return folder


def _panels(
    panels: Panels,
    method: str,
    samples: list[Example],
    targets: list[Target],
    left_out: list[str],
    asked: bool,
) -> Iterator[Panel]:
    """A method's panels; one that does not fit the network is left out, if it was not asked for by name."""
    try:
        if method in UNITS:
            yield from panels.of_units(method)
        else:
            for example, target in zip(samples, targets, strict=True):
                yield from panels.of_input(method, example, target)
    except UserError as error:
        if asked:
            raise
        left_out.append(str(error))


def _about(run: Run, model: Classifier) -> str:
    params = sum(each.numel() for each in model.network.parameters())
    config, metrics = run.config, run.metrics
    words = f"{config.choices.model} on {config.choices.data}, {params:,} parameters, seed {config.seed}"
    accuracy = metrics.get(ACCURACY)
    return words + (f", {percent(accuracy)} right on validation" if accuracy is not None else "")

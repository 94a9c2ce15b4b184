"""The command: what a trained run has learned, as a folder of pictures, values and a page."""

import inspect
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import torch
from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from rich.table import Table

import shared.explain.checks  # noqa: F401 - fills CHECKS
from shared.commands import data_of, read_data
from shared.config import (
    PROJECT,
    Count,
    NotNegative,
    Positive,
    Whole,
    check_value,
    find_domain,
    print_line,
    unique_name,
)
from shared.errors import Limit, UserError, nearest
from shared.explain.adapter import InputAdapter
from shared.explain.checks.base import HEADS, Subject, rows_of, run_checks
from shared.explain.explanation import Example
from shared.explain.method import Method, find_method, methods_of
from shared.explain.panels import Panels
from shared.explain.report import Panel, Report
from shared.explain.training_inputs import Reals
from shared.explain.units import Target
from shared.files import make_folder, read_json, write_json
from shared.network import layer_table, render
from shared.results import percent
from shared.runs import Run
from shared.training import Classifier, load_module

OWN = ("text", "move")  # keys of the configuration that a domain's own kind of input needs
OF_CHECKS = ("run", "check", "data", "checkpoint", "output", "searched", "n", "seed")
WEIGHTS: dict[str, Any] = {"l1": NotNegative, "smooth": NotNegative, "epsilon": Positive | None}
NUMBERS = {
    **{"inputs": Count, "searched": Count, "n": Annotated[int, Limit(2, whole=True)]},
    **{"item": Whole, "seed": Whole},
    **WEIGHTS,
}


def explain_run(config: DictConfig) -> Path | None:
    """Explain ``config.run``, or check the methods on it; return the folder that was written.

    Raises:
        UserError: The run, the input or an option cannot be used, or the folder not written.
    """
    _check_keys(config)
    run = Run.open(config.run)
    model = load_module(run, config.checkpoint).float()
    if config.layer == "?":
        Console().print(render(layer_table(model.network)))
        return None
    adapter = build_adapter(run, model, config)
    reals = Reals(model, adapter, config.searched)
    return _check(run, adapter, reals, config) if config.check else _explain(run, adapter, reals, config)


def _check(run: Run, adapter: InputAdapter, reals: Reals, config: DictConfig) -> Path:
    """Run the checks, print what they measured, and keep it beside the run's explanations."""
    folder = _folder(run, config, "check")
    measures = run_checks(Subject(adapter.module, adapter, reals, config.n, config.seed))
    write_json(folder / "checks.json", measures)
    table = Table(*HEADS)
    for row in rows_of(measures):
        table.add_row(*row)
    Console().print(table)
    print_line(f"checks: {folder / 'checks.json'}")
    return folder


def _explain(run: Run, adapter: InputAdapter, reals: Reals, config: DictConfig) -> Path:
    """Write the report, a panel after the other."""
    model = adapter.module
    about, checks = _about(run, model), _measured(run)
    methods = _methods(config)
    examples, remarks = _examples(adapter, config)
    for remark in remarks:
        print_line(remark)
    options = {key: config[key] for key in ("start", "seed")}
    options |= {key: float(value) for key in WEIGHTS if (value := config[key]) is not None}
    options["style"] = _read(adapter, Path(config.style))[0] if config.style else None
    panels = Panels(model, adapter, reals, options, config.layer, config.unit)
    targets = [_target(model, example, config) for example in examples]
    report = Report(_folder(run, config, unique_name()), f"What {run.folder.name} learned")
    skipped: list[str] = []
    try:
        for method in methods:
            for panel in _unless_unfit(panels.of(method, examples, targets), config, skipped):
                report.add(panel)
                print_line(f"{panel.title}: {'; '.join(line for line in panel.lines if line)}")
    except UserError:
        report.discard()
        raise
    notes = [f"skipped: {reason}" for reason in skipped]
    report.close([about, *remarks, *notes], HEADS, checks)
    for line in [*notes, f"explanations: {report.folder}"]:
        print_line(line)
    return report.folder


def _unless_unfit(panels: Iterator[Panel], config: DictConfig, skipped: list[str]) -> Iterator[Panel]:
    """A method's panels; one that does not fit the network is skipped, unless it was chosen by name."""
    try:
        yield from panels
    except UserError as error:
        if config.methods is not None:
            raise
        skipped.append(str(error))


def _measured(run: Run) -> list[list[str]]:
    """The rows of the table of checks, if the run was checked."""
    path = run.output / "explanations" / "check" / "checks.json"
    if not path.is_file():
        return []
    try:
        return rows_of(read_json(path))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: must be what `explain.py check` writes ({error}); delete it") from error


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


def _methods(config: DictConfig) -> list[Method]:
    """The chosen methods, else all whose inputs are given."""
    if config.methods is None:
        return [method for method in methods_of() if not _lacking(method, config)]
    chosen = [config.methods] if isinstance(config.methods, str) else list(config.methods)
    if not chosen:
        names = ", ".join(method.name for method in methods_of())
        raise UserError(f"methods: must be some of {names}, got []; leave the key out for all")
    methods = [find_method(name) for name in chosen]
    for method in methods:
        for key in _lacking(method, config):
            raise UserError(f"{key}: must be given for methods=[{method.name}], got null")
    return methods


def _lacking(method: Method, config: DictConfig) -> list[str]:
    """The options that a method requires and the configuration leaves null."""
    return [key for key, need in method.options.items() if need and key in config and config[key] is None]


def _check_keys(config: DictConfig) -> None:
    """Refuse values out of range, and keys that checks or explanations would not read."""
    for key, limit in NUMBERS.items():
        check_value(config[key], limit, key)
    file: Any = OmegaConf.to_container(OmegaConf.load(PROJECT / "conf" / "explain.yaml"))
    for key in file:
        unread = key not in OF_CHECKS if config.check else key == "n"
        if unread and key in config and config[key] != file[key]:
            where = "beside check" if config.check else "without check"
            raise UserError(f"{key}: must be omitted {where}, which does not read it, got {config[key]}")


def _examples(adapter: InputAdapter, config: DictConfig) -> tuple[list[Example], list[str]]:
    """The user's inputs, else an item of the validation set; and remarks on which of them are explained."""
    own = {key: config[key] for key in OWN if config[key] is not None}
    if config.input is None and "text" not in own:
        for key, value in own.items():
            raise UserError(f"{key}: must be given with input=, got {value}")
        dataset = adapter.data.val_set
        if config.item >= len(dataset):
            last = len(dataset) - 1
            raise UserError(f"item: must be from 0 to {last:,}, the validation set's last, got {config.item}")
        return [adapter.example(dataset, config.item)], []
    examples = _read(adapter, None if config.input is None else Path(config.input), **own)
    remarks = adapter.seen.summary()
    if len(examples) > config.inputs:
        first = f"explained: the first {config.inputs} of {len(examples):,} inputs; inputs=N takes N"
        remarks.insert(0, first)
    return list(examples[: config.inputs]), remarks


def _read(adapter: InputAdapter, source: Path | None, **own: Any) -> Sequence[Example]:
    if not hasattr(adapter, "read"):
        domain = adapter.module.domain
        raise UserError(f"input: must be omitted in the domain {domain}, which reads none, got {source}")
    legal = [key for key in inspect.signature(adapter.read).parameters if key != "source"]
    for key, value in own.items():
        if key not in legal:
            remedy = nearest(key, legal) if legal else "leave it out"
            raise UserError(
                f"{key}: must be an option of the domain {adapter.module.domain}, got {value}; {remedy}"
            )
    with torch.no_grad():
        return adapter.read(source, **own)


def _target(model: Classifier, example: Example, config: DictConfig) -> Target:
    """The chosen unit or class, else the predicted class."""
    if config.unit is not None:
        return Target(config.unit, config.layer)
    if config.target is None:
        with torch.no_grad():
            return Target(int(model.network(example.x[None]).argmax()))
    name = str(config.target)
    if name not in model.classes:
        raise UserError(f"target: must be a class of this run, got {name}; {nearest(name, model.classes)}")
    return Target(model.classes.index(name))


def _folder(run: Run, config: DictConfig, name: str) -> Path:
    return make_folder("output", Path(config.output or run.output / "explanations" / name).absolute())


def _about(run: Run, model: Classifier) -> str:
    params = sum(weight.numel() for weight in model.network.parameters())
    config, accuracy = run.config, run.metrics.get("val/acc")
    words = f"{config.choices.model} on {config.choices.data}, {params:,} parameters, seed {config.seed}"
    return words + (f", {percent(accuracy)} right on validation" if accuracy is not None else "")

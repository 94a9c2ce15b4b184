"""The command: what a trained run has learned, as a folder of pictures, values and a page."""

import inspect
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import torch
from omegaconf import DictConfig, OmegaConf
from rich.table import Table

from shared.commands import best, data_of, read_data
from shared.config import (
    PROJECT,
    Console,
    Count,
    NotNegative,
    Positive,
    Whole,
    check_value,
    declared,
    find_domain,
    print_line,
    unique_name,
)
from shared.errors import Limit, UserError, nearest, require_choice, require_int
from shared.explain.adapter import InputAdapter
from shared.explain.checks.base import Checks, Subject, failed_checks, passed_checks, rows_of, run_checks
from shared.explain.explanation import Example, Shown
from shared.explain.method import KINDS, METHODS, Method, methods_of
from shared.explain.panels import Panels
from shared.explain.report import Answer, Panel, write_report
from shared.explain.units import Target
from shared.files import make_folder, read_json, write_json
from shared.network import layer_table, render
from shared.results import percent
from shared.runs import Run
from shared.training import Classifier, Record, load_module

LIKELIEST = 5  # classes that the report names
OWN = ("text", "move", "moment")  # keys of the configuration that a domain's own kind of input needs
OF_CHECKS = ("run", "check", "data", "checkpoint", "output", "searched", "n", "seed")
WEIGHTS: dict[str, Any] = {"l1": NotNegative, "smooth": NotNegative, "epsilon": Positive | None}
NUMBERS = {
    **{"inputs": Count, "searched": Count, "n": Annotated[int, Limit(2, whole=True)]},
    **{"item": Whole, "seed": Whole, "units": Count | None},
    **WEIGHTS,
}


def explain_run(config: DictConfig) -> Path | None:
    """Explain ``config.run``, or check the methods on it; return the folder that was written.

    Raises:
        UserError: The run, the input or an option cannot be used, or the folder not written.
    """
    _check_keys(config)
    run = Run.open(config.run)
    module = load_module(run, config.checkpoint)
    module.record = Record.read(run, module) if config.checkpoint == "best" else None
    module.float()
    if config.layer == "?":
        Console().print(render(layer_table(module.network)))
        return None
    adapter = build_adapter(run, module, config)
    return (_check if config.check else _explain)(run, adapter, config)


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
    if config.unit is not None and config.units is not None:
        raise UserError(f"units: must be omitted beside unit, got {config.units}")
    methods = [] if config.check else _methods(config)
    hints = {key: hint for method in methods for key, hint in method.hints.items()}
    for key in _options(config):
        if key not in hints:
            raise UserError(f"{key}: there is no such key; {nearest(key, [*file, *hints])}")
        check_value(config[key], hints[key], key)


def _options(config: DictConfig) -> list[str]:
    """The keys that conf/explain.yaml does not have: options of the methods."""
    return [str(key) for key in config if key not in (*declared("explain"), "choices")]


def build_adapter(run: Run, module: Classifier, config: DictConfig) -> InputAdapter:
    """The adapter of the run's domain.

    Raises:
        UserError: The domain has none.
    """
    make = find_domain(run.config.domain.name).part("explain")
    if make is None:
        raise UserError(f"run={config.run}: the domain {run.config.domain.name} has no explanations")
    data = data_of(run, module, config.data)
    adapter = make(module, data)
    adapter.read_data = partial(read_data, data, run, config.checkpoint, config.data)
    adapter.searched = config.searched
    return adapter


def _check(run: Run, adapter: InputAdapter, config: DictConfig) -> Path:
    """Run the checks, print what they measured, and keep it beside the run's explanations.

    Raises:
        UserError: After that, if not all of them held.
    """
    folder = _folder(run, config, "check")
    measures = run_checks(Subject(adapter, config.n, config.seed))
    write_json(folder / "checks.json", measures)
    head, *rows = rows_of(measures)
    table = Table(*head)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    print_line(f"checks: {folder / 'checks.json'}")
    if failed := failed_checks(measures):
        raise UserError(f"check: all must hold, {failed}; the table has them")
    return folder


def _explain(run: Run, adapter: InputAdapter, config: DictConfig) -> Path:
    """Make the panels, one after the other, and write the report."""
    about, checks = _about(run, adapter), measured_checks(run)
    methods, order = _ordered(_methods(config), config, checks)
    examples, remarks = _examples(adapter, config)
    for remark in remarks:
        print_line(remark)
    options = {key: config[key] for key in ("start", "seed", *_options(config))}
    options |= {key: float(value) for key in WEIGHTS if (value := config[key]) is not None}
    options["style"] = _read(adapter, Path(config.style))[0] if config.style else None
    passed = {method.name: passed_checks(checks, method.name) for method in methods}
    panels = Panels(adapter, options, config, passed)
    targets = [_target(adapter, example, config) for example in examples]
    of_inputs = [method for method in methods if method.kind in ("map", "input")]
    folder = _folder(run, config, unique_name())
    try:
        answers = [
            _answer(adapter, example, panels.of_example(of_inputs, example, target))
            for example, target in zip(examples if of_inputs else [], targets, strict=False)
        ]
        units = [panel for method in methods if method not in of_inputs for panel in panels.of(method)]
    except UserError:
        if not any(folder.iterdir()):
            folder.rmdir()
        raise
    title = (
        answers[0].title
        if answers
        else f"Filters and units of {run.config.choices.model} on {run.config.choices.data}"
    )
    if len(answers) > 1:
        title += f", and {len(answers) - 1} more"
    notes = [*remarks, *panels.skipped, about]
    write_report(folder, title, answers, units, order, rows_of(checks) if checks else [], notes)
    for line in [*panels.skipped, f"explanations: {folder}"]:
        print_line(line)
    return folder


def _answer(adapter: InputAdapter, example: Example, panels: list[Panel]) -> Answer:
    """What the network answers to an input, what the data say, and the evidence."""
    classes = adapter.module.classes
    adapter.turn_to(example)
    likeliest = best(adapter.probabilities(example.x[None])[0].numpy(), classes, LIKELIEST)
    remark = ""
    if example.label is not None:
        said = classes[example.label]
        remark = f"The data say {'the same' if said == likeliest[0]['name'] else said}."
    picture = adapter.grid_figure([Shown(example, "")], 1)
    return Answer(example.name, likeliest, remark, picture, panels)


def _ordered(methods: list[Method], config: DictConfig, checks: Checks) -> tuple[list[Method], str]:
    """The methods in the order of the report, and a sentence on it."""
    if config.methods is not None:
        return methods, "In the order in which methods= names them."
    if not any(row.get("method") for row in checks.values()):
        hint = f"explain.py check run={config.run}"
        return methods, (
            "In a usual order: how far each can be trusted on this network has not been measured; "
            f"{hint} does."
        )

    def failures(method: Method) -> tuple[int, int]:
        judged = [row["holds"] for row in checks.values() if row.get("method") == method.name]
        return KINDS.index(method.kind), judged.count(False) - judged.count(True)

    order = "In the order of how many of the checks of this network they passed, maps before made inputs."
    return sorted(methods, key=failures), order


def measured_checks(run: Run) -> Checks:
    """The measurements of the run's checks, or those that a bundled network comes with; none if unchecked."""
    path = run.checks
    if not path.is_file():
        return {}
    try:
        checks = read_json(path)
        rows_of(checks), [passed_checks(checks, str(row.get("method"))) for row in checks.values()]
        return dict(checks)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: must be what `explain.py check` writes ({error}); delete it") from error


def _methods(config: DictConfig) -> list[Method]:
    """The chosen methods, else all whose inputs are given."""

    def lacking(method: Method) -> list[str]:
        return [key for key, needed in method.options.items() if needed and config.get(key) is None]

    if config.methods is None:
        return [method for method in methods_of() if not lacking(method)]
    chosen = [config.methods] if isinstance(config.methods, str) else list(config.methods)
    if not chosen:
        names = ", ".join(method.name for method in methods_of())
        raise UserError(f"methods: must be some of {names}, got []; leave the key out for all")
    for name in chosen:
        require_choice("methods", name, METHODS)
        for key in lacking(METHODS[name]):
            raise UserError(f"{key}: must be given for methods=[{name}], got null")
    return [METHODS[name] for name in chosen]


def _examples(adapter: InputAdapter, config: DictConfig) -> tuple[list[Example], list[str]]:
    """The user's inputs, else an item of the validation set; and remarks on which of them are explained."""
    own = {key: config[key] for key in OWN if config[key] is not None}
    if config.input is None and "text" not in own:
        for key, value in own.items():
            raise UserError(f"{key}: must be given with input=, got {value}")
        dataset = adapter.data.val_set
        require_int("item (of the validation set)", config.item, 0, len(dataset) - 1)
        return [adapter.explained(dataset, config.item)], []
    examples = _read(adapter, None if config.input is None else Path(config.input), **own)
    remarks = list(adapter.remarks)
    if len(examples) > config.inputs:
        first = f"explained: the first {config.inputs} of {len(examples):,} inputs; inputs=N takes N"
        remarks.insert(0, first)
    return list(examples[: config.inputs]), remarks


def _read(adapter: InputAdapter, source: Path | None, **own: Any) -> Sequence[Example]:
    domain = adapter.module.domain
    if not hasattr(adapter, "read"):
        raise UserError(f"input: must be omitted in the domain {domain}, which reads none, got {source}")
    legal = [key for key in inspect.signature(adapter.read).parameters if key != "source"]
    for key, value in own.items():
        if key not in legal:
            remedy = nearest(key, legal) if legal else "leave it out"
            raise UserError(f"{key}: must be an option of the domain {domain}, got {value}; {remedy}")
    with torch.no_grad():
        return adapter.read(source, **own)


def _target(adapter: InputAdapter, example: Example, config: DictConfig) -> Target:
    """The chosen unit or class, else the predicted class."""
    if config.unit is not None:
        return Target(config.unit, config.layer)
    if config.target is None:
        return Target(adapter.answer(example))
    classes = adapter.module.classes
    require_choice("target", str(config.target), classes)
    return Target(classes.index(str(config.target)))


def _folder(run: Run, config: DictConfig, name: str) -> Path:
    return make_folder("output", Path(config.output or run.output / "explanations" / name).absolute())


def _about(run: Run, adapter: InputAdapter) -> str:
    params = sum(weight.numel() for weight in adapter.network.parameters())
    config, accuracy = run.config, run.metrics.get("val/acc")
    words = f"{config.choices.model} on {config.choices.data}, {params:,} parameters, seed {config.seed}"
    return words + (f", {percent(accuracy)} right on validation" if accuracy is not None else "")

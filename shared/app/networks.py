"""The networks of the page: the bundled ones and the user's runs, each loaded at first use."""

import asyncio
import math
import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, TypedDict, TypeVar

from anyio import CapacityLimiter, to_thread
from omegaconf import OmegaConf

from shared.app.page import Page
from shared.config import PROJECT, check_there, find_domain, listening, plain_file
from shared.errors import UserError
from shared.explain import (
    Method,
    build_adapter,
    default_layer,
    first_filters,
    measured_checks,
    methods_of,
    passed_checks,
)
from shared.network import layer_table
from shared.runs import Run
from shared.training import Record, build_data, load_module

T = TypeVar("T")
CARD = 2**17  # bytes of a card
FLOPS_OF = 100  # cells along the axis that varies, for which arithmetic is counted


class Accuracy(TypedDict):
    """A metric with its 95 % interval, null where it was not computed."""

    name: str
    value: float
    low: float | None
    high: float | None
    n: int | None


class Summary(TypedDict):
    """A network as a list of networks shows it: what its folder says, nothing loaded."""

    name: str
    domain: str
    bundled: bool
    title: str
    model: str
    data: str
    params: int | None
    bytes: int | None
    accuracy: Accuracy | None


class LayerFacts(TypedDict):
    """A layer; see ``shared.network.LayerRow``."""

    name: str
    output: list[int]
    params: int
    flops: int
    sees: list[int | None]
    filters: bool
    maps: bool
    units: int
    windows: bool


class MethodFacts(TypedDict):
    """An explanation method, and how well it passed the checks of the network if they were run."""

    name: str
    title: str
    kind: str
    read: str
    unit: str
    passed: str


class Facts(TypedDict):
    """A loaded network."""

    name: str
    domain: str
    card: str
    classes: list[str]
    familiarity: bool
    input: dict[str, Any]
    layers: list[LayerFacts]
    default_layer: str
    methods: list[MethodFacts]
    samples: list[str]
    actions: list[str]
    has_data: bool
    no_data: str


class Threads(NamedTuple):
    """How many threads may answer, and how many explain, at a time: no answer waits for explanations."""

    answering: CapacityLimiter
    explaining: CapacityLimiter

    @classmethod
    def of(cls, number: int) -> "Threads":
        """N for answers, and half of it for explanations."""
        return cls(CapacityLimiter(number), CapacityLimiter(max(number // 2, 1)))


class Served:
    """A network of the page.

    Answers and explanations have a copy of it each, and on each copy one thread computes at a time: hooks,
    gradients and views are the network's own.
    """

    def __init__(self, name: str, run: Run, bundled: bool, threads: Threads):
        self.name, self.run, self.bundled, self.threads = name, run, bundled, threads
        self.domain = str(run.config.domain.name)
        self.answering, self.explaining = asyncio.Lock(), asyncio.Lock()
        self._loading = Lock()

    async def answer(self, compute: Callable[[Page], T]) -> T:
        """Compute on the copy that answers, in a thread."""
        async with self.answering:
            return await to_thread.run_sync(self._on_page, compute, limiter=self.threads.answering)

    async def explain(self, compute: Callable[[Page], T]) -> T:
        """Compute on the copy that is explained, in a thread."""
        async with self.explaining:
            return await to_thread.run_sync(self._on_page, compute, limiter=self.threads.explaining)

    def _on_page(self, compute: Callable[[Page], T]) -> T:
        with listening(lambda *_: None):  # a server draws no bars
            with self._loading:
                page = self.page
            return compute(page)

    @cached_property
    def page(self) -> Page:
        """The domain's adapter, with the network as ``predict.py`` loads it."""
        return load_page(self.run, self.name)

    def summary(self) -> Summary:
        """What the folder says of it."""
        config, metrics = self.run.config, self.run.metrics
        model, data = str(config.choices.get("model")), str(config.choices.get("data"))
        weights = self.run.checkpoint_file("best")
        return {
            "name": self.name,
            "domain": self.domain,
            "bundled": self.bundled,
            "title": next(iter(self.card.splitlines()), "").lstrip("# ") or f"{model} on {data}",
            "model": model,
            "data": data,
            "params": metrics.get("params"),
            "bytes": weights.stat().st_size if weights.is_file() else None,
            "accuracy": _accuracy(metrics),
        }

    @cached_property
    def card(self) -> str:
        """The model card, without the templates of its values; empty where there is none."""
        file = self.run.folder / "README.md"
        if not file.is_file() or file.stat().st_size > CARD:
            return ""
        return re.sub(
            r"<!--.*?-->\n?", "", file.read_text(encoding="utf-8", errors="replace"), flags=re.DOTALL
        )

    def facts(self, page: Page) -> Facts:
        """What a client has to know to use it."""
        module, checks = page.module, measured_checks(self.run)
        network, no_data = module.network, self.no_data
        filtered = _filtered(page)
        return {
            "name": self.name,
            "domain": self.domain,
            "card": self.card,
            "classes": module.classes,
            "familiarity": module.record is not None,
            "input": page.facts(),
            "layers": [
                {
                    "name": row.name,
                    "output": list(row.output),
                    "params": row.params,
                    "flops": row.flops,
                    "sees": list(row.field),
                    "filters": row.name in filtered,
                    "maps": not row.shape.flat,
                    "units": row.shape.channels,
                    "windows": row.shape.windows is not None,
                }
                for row in layer_table(network, FLOPS_OF)
            ],
            "default_layer": default_layer(network),
            "methods": [_method(one, passed_checks(checks, one.name)) for one in usable(page)],
            "samples": [file.name for file in self.samples(page)],
            "actions": list(page.actions),
            "has_data": not no_data,
            "no_data": no_data,
        }

    def samples(self, page: Page) -> list[Path]:
        """The bundled files that are an input of the network."""
        files = sorted((PROJECT / "domains" / self.domain / "sample").glob("*"))
        return [file for file in files if file.suffix in page.samples]

    @property
    def no_data(self) -> str:
        """Why the data that it was trained on cannot be read; empty if they can, as far as is known."""
        try:
            check_there(self.run.config.data, "the network was trained on other files than lie here")
        except UserError as error:
            return str(error)
        return ""


def load_page(run: Run, name: str) -> Page:
    """The domain's adapter for a run, with its network as ``predict.py`` loads it."""
    module = load_module(run)
    module.views = build_data(run.config).views
    module.record = Record.read(run, module)
    make: type[Page] = find_domain(run.config.domain.name).part("page")
    settings = OmegaConf.create({**plain_file("explain.yaml"), "run": name})
    return make(module, build_adapter(run, deepcopy(module).float(), settings))


def usable(page: Page) -> list[Method]:
    """The explanation methods for inputs of the domain that need no second one, in the order of a report."""
    return [
        method
        for method in methods_of("map", "input", "units")
        if not any(method.options.values()) and (page.adapter.pictures or not method.pictures)
    ]


def served_networks(runs: Sequence[str], threads: Threads) -> dict[str, Served]:
    """The bundled networks and the runs of these folders, by name.

    Raises:
        UserError: A folder holds no run, or a broken one.
    """
    networks = {}
    for name, run in Run.bundled().items():
        networks[name] = Served(name, run, True, threads)
    for folder in runs:
        run = Run.open(folder)
        if folder in networks:
            continue
        name = own = f"{run.config.domain.name}/{run.folder.name}"
        number = 1
        while name in networks:
            number += 1
            name = f"{own} ({number})"
        networks[name] = Served(name, run, False, threads)
        networks[name].summary()  # what is broken is reported before the page opens
    return networks


def _accuracy(metrics: Mapping[str, Any]) -> Accuracy | None:
    """The first metric that the run has: over time the error rate, else the accuracy."""
    for name in ("test/error_rate", "test/acc", "val/acc"):
        if math.isfinite(metrics.get(name, math.nan)):
            return metric(metrics, name)
    return None


def metric(metrics: Mapping[str, Any], name: str) -> Accuracy:
    """A value of ``metrics.json`` with its interval."""
    low, high = metrics.get(f"{name}/interval", (math.nan, math.nan))
    if not (math.isfinite(low) and math.isfinite(high)):
        low = high = None
    return {"name": name, "value": metrics[name], "low": low, "high": high, "n": metrics.get(f"{name}/n")}


def _method(method: Method, passed: str) -> MethodFacts:
    return {
        "name": method.name,
        "title": method.title,
        "kind": method.kind,
        "read": method.caption,
        "unit": method.unit,
        "passed": passed,
    }


def _filtered(page: Page) -> list[str]:
    try:
        return list(first_filters(page.module.network))
    except UserError:
        return []

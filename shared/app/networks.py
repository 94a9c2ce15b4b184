"""The networks of the page, each loaded at first use."""

import asyncio
from collections.abc import Callable
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
from shared.serving import Listed
from shared.training import Record, build_data, load_module

T = TypeVar("T")
FLOPS_OF = 100  # cells along the axis that varies, for which arithmetic is counted


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

    def __init__(self, listed: Listed, threads: Threads):
        self.listed, self.threads = listed, threads
        self.name, self.run = listed.name, listed.run
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

    def facts(self, page: Page) -> Facts:
        """What a client has to know to use it."""
        module, checks = page.module, measured_checks(self.run)
        network, no_data = module.network, self.no_data
        filtered = _filtered(page)
        return {
            "name": self.name,
            "domain": self.listed.domain,
            "card": self.listed.card,
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
        files = sorted((PROJECT / "domains" / self.listed.domain / "sample").glob("*"))
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

"""The HTTP interface to the networks: typed requests in, typed answers out, nothing kept between two."""

import asyncio
import contextlib
import json
import os
import time
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import torch
from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from shared.app.explaining import CancelledError, Explaining
from shared.app.inside import Inspected
from shared.app.layers import filters, maps, without
from shared.app.networks import Served, Threads
from shared.app.page import FILE_LIMIT, Page
from shared.config import check_arguments
from shared.errors import UserError, nearest
from shared.explain import measured_checks, passed_checks
from shared.files import check_plain
from shared.serving import Listed, refuse

WORKERS = 4  # threads that compute at a time, at most
BODY = FILE_LIMIT * 3 // 2  # bytes of a request: a file in base64, and what stands beside it


class Server:
    """The routes below ``/api``, for networks by name."""

    def __init__(self, networks: Mapping[str, Listed], threads: Threads):
        self.networks = {name: Served(listed, threads) for name, listed in networks.items()}
        self.inspected = {name: Inspected(served) for name, served in self.networks.items()}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wishes: set[Explaining] = set()
        get = {
            "network": self.network, "sample": self.sample,
            "filters": self.filters, "inside": self.inside, "examples": self.examples,
        }  # fmt: skip
        post = {
            "predict": self.predict, "without": self.without, "maps": self.maps, "explain": self.explain,
            "action/{action}": self.action,
        }  # fmt: skip
        self.app = Starlette(
            routes=[
                *(Route(f"/{path}", handler) for path, handler in get.items()),
                *(Route(f"/{path}", handler, methods=["POST"]) for path, handler in post.items()),
            ],
            exception_handlers={
                UserError: _bad,
                HTTPException: refuse,
                ClientDisconnect: _gone,
                Exception: _defect,
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self.app(scope, receive, send)

    def stop(self) -> None:
        """End what is being explained: its streams close at its next step."""
        for wish in self._wishes:
            wish.cancelled.set()

    # Networks and their folders.

    async def network(self, request: Request) -> Response:
        """A network, loaded."""
        served = self._served(**_query(request, "name"))
        return JSONResponse(await served.answer(served.facts))

    async def sample(self, request: Request) -> Response:
        """The bytes of a bundled input."""
        query = _query(request, "name", "file")
        served = self._served(query["name"])
        files = {file.name: file for file in await served.answer(served.samples)}
        if query["file"] not in files:
            raise HTTPException(404, f"file: {nearest(query['file'], list(files))}")
        return Response(files[query["file"]].read_bytes(), media_type="application/octet-stream")

    async def inside(self, request: Request) -> Response:
        """What the run's folder holds."""
        served = self._served(**_query(request, "name"))
        return JSONResponse(await served.answer(self.inspected[served.name].inside))

    async def examples(self, request: Request) -> Response:
        """Test items of a cell of the confusion, or the surest mistakes."""
        query = _query(request, "name", optional=("true", "predicted", "mistakes", "count"))
        served = self._served(query.pop("name"))
        inspected = self.inspected[served.name]
        mistakes = query.pop("mistakes", "false") == "true"
        return await self._explained(served, inspected.mistakes if mistakes else inspected.cell, query)

    async def filters(self, request: Request) -> Response:
        """The filters of a layer."""
        query = _query(request, "network", "layer", optional=("count",))
        return await self._explained(self._served(query.pop("network")), filters, query)

    # Inputs.

    async def predict(self, request: Request) -> Response:
        """The network's answer to an input."""
        served, body = await self._body(request)
        begun = time.perf_counter()

        def compute(page: Page) -> Mapping[str, Any]:
            check_arguments(page.predict, body, "")
            return page.predict(**body)

        answer = await served.answer(compute)
        return JSONResponse({**answer, "ms": round(1000 * (time.perf_counter() - begun), 1)})

    async def action(self, request: Request) -> Response:
        """What only one domain does, such as to play a move."""
        name = request.path_params["action"]
        served, body = await self._body(request)

        def compute(page: Page) -> Any:
            if name not in page.actions:
                legal = ", ".join(page.actions) or "none"
                raise HTTPException(404, f"action: must be one of {legal}, got {name[:40]}")
            function = getattr(page, name)
            check_arguments(function, body, "")
            return function(**body)

        return JSONResponse(await served.answer(compute))

    async def maps(self, request: Request) -> Response:
        """Feature maps of an input."""
        served, body = await self._body(request)
        return await self._explained(served, maps, body)

    async def without(self, request: Request) -> Response:
        """The answer without a part of the input."""
        served, body = await self._body(request)
        return await self._explained(served, without, body)

    async def explain(self, request: Request) -> Response:
        """Explanations as server-sent events; they end with the connection."""
        served, body = await self._body(request)
        check_arguments(Explaining, body, "")
        wish = Explaining(**body)
        checks = await to_thread.run_sync(measured_checks, served.run)
        events: asyncio.Queue[tuple[str, Any] | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def send(name: str, data: Any) -> None:
            loop.call_soon_threadsafe(events.put_nowait, (name, data))

        def compute(page: Page) -> None:
            with contextlib.suppress(CancelledError):
                _check_input(page, wish.input)
                wish.run(page, lambda method: passed_checks(checks, method), send)

        async def work() -> None:
            try:
                await served.explain(compute)
            except UserError as error:
                events.put_nowait(("error", {"error": str(error)}))
            except Exception:
                traceback.print_exc()
                events.put_nowait(("error", {"error": DEFECT}))
            finally:
                self._wishes.discard(wish)
                events.put_nowait(None)

        # A task of its own: the thread ends at its next step, whenever the connection does.
        self._wishes.add(wish)
        task = asyncio.create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

        async def stream() -> AsyncIterator[str]:
            try:
                while (event := await events.get()) is not None:
                    name, data = event
                    yield f"event: {name}\ndata: {json.dumps(data, allow_nan=False)}\n\n"
            finally:
                wish.cancelled.set()

        return StreamingResponse(stream(), media_type="text/event-stream")

    # What these need.

    async def _explained(
        self, served: Served, function: Callable[..., Any], body: dict[str, Any]
    ) -> Response:
        """The result of a function of the page and a request, on the copy that is explained."""

        def compute(page: Page) -> Any:
            check_arguments(function, body, "", filled=("page",))
            if "input" in body:
                _check_input(page, body["input"])
            return function(page, **body)

        return JSONResponse(await served.explain(compute))

    def _served(self, name: Any) -> Served:
        if not isinstance(name, str) or name not in self.networks:
            known = list(self.networks)
            raise HTTPException(404, f"network: must be one of the page's; {nearest(str(name)[:80], known)}")
        return self.networks[name]

    async def _body(self, request: Request) -> tuple[Served, dict[str, Any]]:
        """The network that a request names, and the rest of it: plain values."""
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise HTTPException(415, "content-type: must be application/json")
        data = bytearray()
        async for part in request.stream():
            data += part
            if len(data) > BODY:
                must = f"must have at most {FILE_LIMIT:,} bytes in files"
                raise HTTPException(413, f"request: {must}, got more; give a smaller file")
        try:
            body = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise UserError(f"request: must be JSON ({str(error)[:80]})") from None
        if not isinstance(body, dict):
            raise UserError("request: must be a mapping")
        check_plain(body, "")
        served = self._served(body.pop("network", None))
        return served, body


def start(networks: Mapping[str, Listed]) -> Server:
    """The server, which computes in as many threads as there are cores, WORKERS at most."""
    cores = os.cpu_count() or 1
    workers = min(WORKERS, cores)
    torch.set_num_threads(max(cores // workers, 1))
    return Server(networks, Threads.of(workers))


DEFECT = "a defect of the page; its terminal has the traceback"


def _check_input(page: Page, given: Any) -> None:
    """Refuse an input that is not of the domain's form."""
    if given is not None:
        check_arguments(page.example, {"input": given}, "")


def _query(request: Request, *names: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """The parameters of an address: those of a number as numbers."""
    query: dict[str, Any] = dict(request.query_params)
    for name in query:
        if name not in (*names, *optional):
            raise UserError(f"{name[:40]}: there is no such parameter")
    for name in names:
        if name not in query:
            raise UserError(f"{name}: must be given")
    if (count := query.get("count", "")).isascii() and count.isdigit() and len(count) < 10:
        query["count"] = int(count)
    return query


async def _bad(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)


async def _defect(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": DEFECT}, 500)

"""The page's HTTP interface: typed requests in, typed answers out, nothing kept between two requests."""

import asyncio
import contextlib
import json
import mimetypes
import time
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from shared.app.explaining import CancelledError, Explaining
from shared.app.guard import Guard, cookie_name
from shared.app.inside import Inspected
from shared.app.layers import filters, maps, without
from shared.app.networks import Served
from shared.app.page import FILE_LIMIT, Page
from shared.config import check_arguments
from shared.errors import UserError, nearest
from shared.explain import measured_checks, passed_checks
from shared.files import check_plain

STATIC = Path(__file__).parent / "static"
BODY = FILE_LIMIT * 3 // 2  # bytes of a request: a file in base64, and what stands beside it
TYPES = {
    ".js": "text/javascript",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
}


class Server:
    """The routes.

    Args:
        networks: by name.
        token: see ``Guard``.
        port: of the address.
        public: whether other machines may ask.
    """

    def __init__(self, networks: Mapping[str, Served], token: str, port: int, public: bool = False):
        self.networks, self.token, self.port = networks, token, port
        self.inspected = {name: Inspected(served) for name, served in networks.items()}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wishes: set[Explaining] = set()
        get = {
            "networks": self.list, "network": self.network, "sample": self.sample,
            "filters": self.filters, "inside": self.inside, "examples": self.examples,
        }  # fmt: skip
        post = {
            "predict": self.predict, "without": self.without, "maps": self.maps, "explain": self.explain,
            "action/{action}": self.action,
        }  # fmt: skip
        self.app = Starlette(
            routes=[
                Route("/", self.index),
                Route("/static/{path:path}", self.static),
                *(Route(f"/api/{path}", handler) for path, handler in get.items()),
                *(Route(f"/api/{path}", handler, methods=["POST"]) for path, handler in post.items()),
            ],
            middleware=[Middleware(Guard, token=token, port=port, public=public)],
            exception_handlers={
                UserError: _bad,
                HTTPException: _refuse,
                ClientDisconnect: _gone,
                Exception: _defect,
            },
        )

    def stop(self) -> None:
        """End what is being explained: its streams close at its next step."""
        for wish in self._wishes:
            wish.cancelled.set()

    # The page itself.

    async def index(self, request: Request) -> Response:
        """The page, with the cookie that opens everything else."""
        page = Response((STATIC / "index.html").read_bytes(), media_type="text/html")
        page.set_cookie(cookie_name(self.port), self.token, httponly=True, samesite="strict")
        return page

    async def static(self, request: Request) -> Response:
        """A file that the package has."""
        file = _static().get(request.path_params["path"])
        if file is None:
            raise HTTPException(404, "no such file")
        kind = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return Response(file.read_bytes(), media_type=kind, headers={"Cache-Control": "no-cache"})

    # Networks and their folders.

    async def list(self, request: Request) -> Response:
        """All networks; none is loaded."""
        _query(request)
        return JSONResponse({"networks": [served.summary() for served in self.networks.values()]})

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


DEFECT = "a defect of the page; its terminal has the traceback"


def _check_input(page: Page, given: Any) -> None:
    """Refuse an input that is not of the domain's form."""
    if given is not None:
        check_arguments(page.example, {"input": given}, "")


def _static() -> dict[str, Path]:
    """The files of the page by the paths that may be asked for."""
    return {
        file.relative_to(STATIC).as_posix(): file
        for file in STATIC.rglob("*")
        if file.is_file() and not file.is_symlink()
    }


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


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)


async def _defect(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": DEFECT}, 500)

"""The page itself: its files, the list of its networks, and the place of everything that needs torch."""

import asyncio
import mimetypes
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.serving.guard import Guard, cookie_name
from shared.serving.listing import Listed

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".js": "text/javascript",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
}


class Site:
    """The routes that answer at once, and the API below ``/api``.

    Args:
        networks: by name.
        api: answers what needs a network.
        token, port, public: see ``Guard``.
    """

    def __init__(
        self, networks: Mapping[str, Listed], api: ASGIApp, token: str, port: int, public: bool = False
    ):
        self.networks, self.token, self.port = networks, token, port
        self.app = Starlette(
            routes=[
                Route("/", self.index),
                Route("/static/{path:path}", self.static),
                Route("/api/networks", self.list),
                Mount("/api", api),
            ],
            middleware=[Middleware(Guard, token=token, port=port, public=public)],
            exception_handlers={HTTPException: refuse},
        )

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

    async def list(self, request: Request) -> Response:
        """All networks; none is loaded."""
        return JSONResponse({"networks": [network.summary() for network in self.networks.values()]})


class API(Protocol):
    """An application that can be stopped."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

    def stop(self) -> None:
        """End what is computed."""


class Later:
    """An API that a thread makes, while requests wait for it."""

    def __init__(self, make: Callable[[], API]):
        self.made = asyncio.create_task(asyncio.to_thread(make))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, once it can."""
        api = await asyncio.shield(self.made)
        await api(scope, receive, send)

    def stop(self) -> None:
        """End what is computed."""
        if self.made.done():
            self.made.result().stop()


async def refuse(request: Request, error: Exception) -> Response:
    """What HTTP has a status for, as JSON."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


def _static() -> dict[str, Path]:
    """The files of the page by the paths that may be asked for."""
    return {
        file.relative_to(STATIC).as_posix(): file
        for file in STATIC.rglob("*")
        if file.is_file() and not file.is_symlink()
    }

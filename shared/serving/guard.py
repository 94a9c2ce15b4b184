"""Who may ask the page for what: this machine's browser, with the token, at a bounded rate."""

import ipaddress
import time
from http.cookies import CookieError, SimpleCookie
from secrets import compare_digest
from socket import gethostname

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RATE, BURST = 200, 400  # requests a second, and at once
IN_FLIGHT = 48  # requests that are computed or wait
POLICY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self)",
}


class Guard:
    """Refuses requests before they reach the page.

    A page of another site cannot ask: its ``Origin`` is another, and the cookie stays away (SameSite). A name
    that leads here by another's DNS (rebinding) is not among the hosts.

    Args:
        app: what is guarded.
        token: that the printed address has.
        port: of the address.
        public: whether other machines may ask, by an address or this machine's name.
    """

    def __init__(self, app: ASGIApp, token: str, port: int, public: bool):
        self.app, self.token, self.port, self.public = app, token, port, public
        self._tokens, self._at, self._running = float(BURST), time.monotonic(), 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in POLICY.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refused = self._refused(scope)
        if refused is not None:
            await refused(scope, receive, guarded)
            return
        self._running += 1
        try:
            await self.app(scope, receive, guarded)
        finally:
            self._running -= 1

    def _refused(self, scope: Scope) -> JSONResponse | PlainTextResponse | None:
        headers, path = Headers(scope=scope), scope["path"]
        host = headers.get("host", "")
        if not self._is_host(host):
            return JSONResponse({"error": "host: must be the address that the command printed"}, 403)
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
        if origin not in (None, f"http://{host}"):
            return JSONResponse({"error": "origin: must be the page itself, got another site"}, 403)
        if path == "/" and not (self._has_cookie(headers) or self._is_token(_token(scope))):
            return PlainTextResponse("Open the address that the command printed: it has a token.\n", 401)
        if not path.startswith("/api/"):
            return None
        if site not in ("same-origin", "none"):
            return JSONResponse({"error": "origin: must be the page itself, got another site"}, 403)
        if not self._has_cookie(headers):
            return JSONResponse(
                {"error": "token: must be given; open the address that the command printed"}, 401
            )
        if self._running >= IN_FLIGHT or not self._take():
            again = {"Retry-After": "1"}
            return JSONResponse({"error": "too many requests at once; try again"}, 429, again)
        return None

    def _has_cookie(self, headers: Headers) -> bool:
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(cookie_name(self.port))
        except CookieError:
            return False
        return cookie is not None and self._is_token(cookie.value)

    def _is_token(self, text: str) -> bool:
        return compare_digest(text.encode(), self.token.encode())

    def _take(self) -> bool:
        """Whether the rate allows one more request."""
        now = time.monotonic()
        self._tokens = min(self._tokens + RATE * (now - self._at), BURST)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _is_host(self, host: str) -> bool:
        if self.port == 80 and not host.endswith(":80"):  # which browsers leave away
            host += ":80"
        name, _, port = host.rpartition(":")
        if port != str(self.port):
            return False
        name = name.strip("[]").lower()
        if name == "localhost":
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:  # a name, which another's DNS may lead here
            return self.public and name == gethostname().lower()
        return address.is_loopback or self.public


def cookie_name(port: int) -> str:
    """The name of the cookie with the token: the ports of a host share their cookies."""
    return f"convolutions-{port}"


def _token(scope: Scope) -> str:
    return QueryParams(scope["query_string"]).get("token", "")

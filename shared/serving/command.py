"""The command: the page on an address of this machine, until it is stopped."""

import asyncio
import logging
import secrets
import socket
import webbrowser
from pkgutil import resolve_name

import uvicorn
from omegaconf import DictConfig

from shared.config import paths_of, print_line
from shared.errors import UserError
from shared.serving.listing import listed
from shared.serving.site import Later, Site

CONNECTIONS = 512  # at a time: who asks beyond that is refused


def serve(config: DictConfig) -> None:
    """Print the page's address and serve it until Ctrl-C.

    Raises:
        UserError: A run cannot be read, or the address cannot be used.
    """
    asyncio.run(_serve(config))


async def _serve(config: DictConfig) -> None:
    networks = listed(paths_of(config.run))
    sock = _bound(config.host, config.port)
    port, token = sock.getsockname()[1], secrets.token_urlsafe(24)
    # By its name: the import of torch takes seconds, in which the page is already there.
    api = Later(lambda: resolve_name("shared.app:start")(networks))
    server = _Server(
        uvicorn.Config(
            Site(networks, api, token, port, config.public).app,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            timeout_keep_alive=30,
            limit_concurrency=CONNECTIONS,
            lifespan="off",
        ),
        api,
    )
    host = "127.0.0.1" if config.host in ("0.0.0.0", "::") else config.host  # noqa: S104
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/?token={token}"
    if config.public:
        print_line(
            f"host={config.host}: whoever reaches this address and has the token can use the page; its words "
            "travel unencrypted",
            error=True,
        )
    print_line(f"page: {address}")
    if config.open:
        webbrowser.open(address)
    await server.serve(sockets=[sock])


class _Server(uvicorn.Server):
    """A server that ends without a word what it still computes when it is stopped."""

    def __init__(self, config: uvicorn.Config, api: Later):
        super().__init__(config)
        self.api = api

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, but explanations end at their next step, and no log has the answers cut off."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self.api.stop()
        await super().shutdown(sockets)


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens on an address: who opens the page at once waits until it is served."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, protocol)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen()
    except OSError as error:
        hint = "port=0 takes a free one" if port else "name an address of this machine"
        raise UserError(f"host={host} port={port}: must be free to use ({error.strerror}); {hint}") from error
    return sock

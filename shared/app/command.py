"""The command: the page on an address of this machine, until it is stopped."""

import asyncio
import os
import secrets
import socket
import webbrowser

import torch
import uvicorn
from omegaconf import DictConfig

from shared.app.networks import Threads, served_networks
from shared.app.server import Server
from shared.config import paths_of, print_line
from shared.errors import UserError

WORKERS = 4  # threads that compute at a time, at most


def serve(config: DictConfig) -> None:
    """Print the page's address and serve it until Ctrl-C.

    Raises:
        UserError: A run cannot be read, or the address cannot be used.
    """
    cores = os.cpu_count() or 1
    workers = min(WORKERS, cores)
    torch.set_num_threads(max(cores // workers, 1))
    asyncio.run(_serve(config, workers))


async def _serve(config: DictConfig, workers: int) -> None:
    networks = served_networks(paths_of(config.run), Threads.of(workers))
    sock = _bound(config.host, config.port)
    port, token = sock.getsockname()[1], secrets.token_urlsafe(24)
    page = Server(networks, token, port, config.public)
    server = _Stopping(
        uvicorn.Config(
            page.app,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            timeout_keep_alive=30,
            lifespan="off",
        ),
        page,
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


class _Stopping(uvicorn.Server):
    """A server whose end is the end of what the page explains, which no connection then waits for."""

    def __init__(self, config: uvicorn.Config, page: Server):
        super().__init__(config)
        self.page = page

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does."""
        self.page.stop()
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

"""The page with the bundled networks."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from shared.app.networks import Threads, served_networks
from shared.app.server import Server
from tests.shared.app.pages import ADDRESS, PORT, TOKEN


@pytest.fixture(scope="session")
def server() -> Server:
    """All routes."""
    return Server(served_networks([], Threads.of(2)), TOKEN, PORT)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests ask faster than people."""
    monkeypatch.setattr("shared.app.guard.RATE", 100_000)


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[TestClient]:
    """A browser that has opened the printed address."""
    with TestClient(server.app, base_url=ADDRESS) as client:
        assert client.get(f"/?token={TOKEN}").status_code == 200
        yield client

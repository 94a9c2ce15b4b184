"""The page with the bundled networks."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from shared.app import Server
from tests.shared.app.pages import client_of, server_of


@pytest.fixture(scope="session")
def server() -> Server:
    """All routes of the API."""
    return server_of()


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests ask faster than people."""
    monkeypatch.setattr("shared.serving.guard.RATE", 100_000)


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[TestClient]:
    """A browser that has opened the printed address."""
    with client_of(server) as client:
        yield client

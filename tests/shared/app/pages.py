"""The page in this process: a client with the token, inputs of each domain, and what it answers."""

import base64
import io
import json
from typing import Any

import numpy as np
import soundfile
from starlette.testclient import TestClient

from shared.app import Server
from shared.app.networks import Threads
from shared.config.project import PROJECT
from shared.serving import Site, listed

PORT, TOKEN = 8000, "a-token"
ADDRESS = f"http://127.0.0.1:{PORT}"
SAMPLES = PROJECT / "domains"


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def wav(samples: np.ndarray, rate: int = 8000, subtype: str = "PCM_16") -> str:
    written = io.BytesIO()
    soundfile.write(written, samples, rate, format="WAV", subtype=subtype)
    return base64_of(written.getvalue())


NETWORKS = {
    "image": "image/digits",
    "go": "go/small",
    "speech": "speech/digits",
    "text": "text/opinions",
}
GAME: dict[str, Any] = {
    "size": 19,
    "moves": [["black", "Q16"], ["white", "D4"], ["black", "Q3"]],
    "komi": 6.5,
}
INPUTS: dict[str, dict[str, Any]] = {
    "image": {"file": base64_of((SAMPLES / "image/sample/seven.png").read_bytes()), "name": "seven.png"},
    "go": {"game": GAME},
    "speech": {"file": base64_of((SAMPLES / "speech/sample/seven.mp3").read_bytes()), "name": "seven.mp3"},
    "text": {"text": "the music is never dull, xyzzy"},
}


def server_of(*folders: str) -> Server:
    """The API of the bundled networks and the runs of these folders."""
    return Server(listed(folders), Threads.of(2))


def site_of(server: Server, port: int = PORT, public: bool = False) -> Site:
    """The page around it."""
    networks = {name: served.listed for name, served in server.networks.items()}
    return Site(networks, server, TOKEN, port, public)


def client_of(server: Server) -> TestClient:
    """A browser that has opened the printed address."""
    client = TestClient(site_of(server).app, base_url=ADDRESS)
    assert client.get(f"/?token={TOKEN}").status_code == 200
    return client


def get(client: TestClient, path: str, **query: Any) -> Any:
    answer = client.get(f"/api/{path}", params=query)
    assert answer.status_code == 200, answer.text[:300]
    return answer.json()


def post(client: TestClient, path: str, **body: Any) -> Any:
    answer = client.post(f"/api/{path}", json=body)
    assert answer.status_code == 200, answer.text[:300]
    return answer.json()


def events(client: TestClient, **body: Any) -> list[tuple[str, Any]]:
    """Name and data of each event of an explanation."""
    answer = client.post("/api/explain", json=body)
    assert answer.status_code == 200, answer.text[:300]
    assert answer.headers["content-type"].startswith("text/event-stream")
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in (event.split("\n") for event in answer.text.strip().split("\n\n"))
    ]


def error_of(client: TestClient, path: str, status: int = 400, **body: Any) -> str:
    answer = client.post(f"/api/{path}", json=body)
    assert answer.status_code == status, answer.text[:300]
    return str(answer.json()["error"])

"""What the page refuses: strangers, other sites, floods, and broken or hostile inputs."""

import asyncio
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from shared.app import Server
from shared.app.networks import Threads
from shared.app.server import BODY
from shared.serving.guard import BURST
from tests.shared.app.pages import (
    ADDRESS,
    INPUTS,
    NETWORKS,
    PORT,
    TOKEN,
    base64_of,
    error_of,
    get,
    post,
    site_of,
    wav,
)


def test_only_the_printed_address_opens_the_page(server: Server) -> None:
    stranger = TestClient(site_of(server).app, base_url=ADDRESS)
    assert stranger.get("/").status_code == 401
    assert stranger.get("/?token=guess").status_code == 401
    for path in ("networks", "network?name=image/digits", "predict"):
        answer = stranger.get(f"/api/{path}")
        assert answer.status_code == 401
        assert "token" in answer.json()["error"]
    page = stranger.get(f"/?token={TOKEN}")
    cookie = page.headers["set-cookie"]
    assert cookie.startswith(f"convolutions-{PORT}={TOKEN};")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert stranger.get("/").status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", f"10.0.0.5:{PORT}", ""]
)
def test_other_names_of_this_machine_are_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 403
    assert client.get("/static/index.html", headers={"Host": host}).status_code == 403


def test_a_public_page_takes_addresses_but_no_strange_names() -> None:
    public = TestClient(site_of(Server({}, Threads.of(1)), public=True).app)
    assert public.get(f"/?token={TOKEN}", headers={"Host": f"10.0.0.5:{PORT}"}).status_code == 200
    assert public.get(f"/?token={TOKEN}", headers={"Host": f"evil.example:{PORT}"}).status_code == 403


def test_port_80_stands_in_no_host() -> None:
    page = TestClient(site_of(Server({}, Threads.of(1)), port=80).app)
    assert page.get(f"/?token={TOKEN}", headers={"Host": "127.0.0.1"}).status_code == 200
    assert page.get(f"/?token={TOKEN}", headers={"Host": "127.0.0.1:8000"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_other_sites_are_refused(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get("/api/networks", headers=headers)
    assert answer.status_code == 403
    assert "origin" in answer.json()["error"]
    own = {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"}
    assert client.get("/api/networks", headers=own).status_code == 200


def test_every_answer_carries_the_policy(client: TestClient) -> None:
    for path in ("/", "/static/index.html", "/static/nothing", "/api/networks", "/api/nothing"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert client.get("/api/networks").headers["cache-control"] == "no-store"


def test_the_page_asks_nobody_else(client: TestClient) -> None:
    page = client.get("/").text
    assert "http:" not in page.replace("http://www.w3.org", "")
    assert "https:" not in page
    assert "<script>" not in page
    assert "style=" not in page


@pytest.mark.parametrize(
    "path",
    ["../server.py", "%2e%2e/server.py", "..%2fserver.py", "%2fetc/passwd", "/etc/passwd", ".", ""],
)
def test_no_path_leaves_the_static_files(client: TestClient, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404


def test_a_flood_is_slowed_down(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.serving.guard.RATE", 0)
    answers = [client.get("/api/nothing").status_code for _ in range(BURST + 1)]
    assert answers[-1] == 429
    assert answers[0] == 404


def test_bodies_are_bounded_and_typed(client: TestClient) -> None:
    network = NETWORKS["text"]
    big = json.dumps({"network": network, "input": {"text": "a" * BODY}})
    json_type = {"Content-Type": "application/json"}
    assert client.post("/api/predict", content=big, headers=json_type).status_code == 413

    def parts() -> Any:
        for _ in range(BODY // 2**20 + 2):
            yield b" " * 2**20

    assert client.post("/api/predict", content=parts(), headers=json_type).status_code == 413
    assert (
        client.post("/api/predict", content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    )
    for broken in (b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"network": NaN}'):
        assert client.post("/api/predict", content=broken, headers=json_type).status_code in (400, 404)
    deep = b'{"network": "text/opinions", "input": ' + b'{"text":' * 60 + b"1" + b"}" * 61
    assert client.post("/api/predict", content=deep, headers=json_type).status_code == 400
    nan = b'{"network": "text/opinions", "input": {"text": "a"}, "unsure": NaN}'
    assert client.post("/api/predict", content=nan, headers=json_type).status_code == 400


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "input: must be a mapping, but it is missing"),
        ({"input": None}, "input: must be a mapping, got null"),
        ({"input": {"text": 5}}, "input.text: must be text, got 5"),
        ({"input": {"text": "a", "html": "b"}}, "input.html: there is no such key; use one of: text"),
        ({"input": {"text": ""}}, "text: must be a sentence"),
        ({"input": {"text": "a" * 10_001}}, "text: must have at most 10,000 characters on the page"),
        ({"input": {"text": "a"}, "top": True}, "top: must be a whole number from 1 to 1,000, got true"),
        ({"input": {"text": "a"}, "tip": 1}, "tip: there is no such key"),
    ],
)
def test_wrong_requests_are_named(client: TestClient, body: dict[str, Any], message: str) -> None:
    assert error_of(client, "predict", network=NETWORKS["text"], **body).startswith(message)


@pytest.mark.parametrize("name", ["../../etc", "image", "", 5, None, ["image/digits"]])
def test_networks_are_looked_up_by_name(client: TestClient, name: Any) -> None:
    assert "network: must be one" in error_of(client, "predict", 404, network=name, input={})


def huge_png() -> bytes:
    """A file of some kilobytes that stands for ten thousand million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def test_pictures_that_are_none_are_refused_as_by_the_command(client: TestClient) -> None:
    cut = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save(cut, "PNG")
    files = {
        b"GIF89a but not really": "must be an image of a known format",
        cut.getvalue()[:900]: "a broken or truncated image",
        huge_png(): "too many pixels",
        b"%!PS-Adobe-3.0 EPSF-3.0\n": "must be an image of a known format",
    }
    for data, message in files.items():
        sent = {"file": base64_of(data), "name": "<img src=x>\n.png"}
        error = error_of(client, "predict", network=NETWORKS["image"], input=sent)
        assert error.startswith("<img src=x>?.png: ")
        assert message in error
    for text in ("!!!", "A", "data:image/png;base64,AAAA"):
        assert "base64" in error_of(client, "predict", network=NETWORKS["image"], input={"file": text})
    assert "0 bytes" in error_of(client, "predict", network=NETWORKS["image"], input={"file": ""})


def test_recordings_that_are_none_are_refused_as_by_the_command(client: TestClient) -> None:
    second = np.zeros(8000)
    tone = np.sin(np.arange(8000) / 5)
    files = {
        base64_of(b"RIFF and nothing else"): "unreadable",
        wav(second[:0]): "no samples",
        wav(np.where(second == 0, np.nan, 0.0), subtype="FLOAT"): "not numbers",
        wav(np.tile(tone, 61)): "must last at most 60 s",
    }
    for file, message in files.items():
        for network in ("speech/digits", "speech/words"):
            error = error_of(client, "predict", network=network, input={"file": file, "name": "a.wav"})
            assert error.startswith("a.wav: must ")
            assert message in error


def test_nothing_is_written(client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for domain, sent in INPUTS.items():
        post(client, "predict", network=NETWORKS[domain], input=sent)
    get(client, "inside", name="image/digits")
    assert list(tmp_path.iterdir()) == []


def test_an_explanation_ends_with_the_connection(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Driven as a server does it: the client goes once it has read that occlusion has begun."""
    body = json.dumps(
        {
            "network": NETWORKS["speech"],
            "input": INPUTS["speech"],
            "methods": ["occlusion", "integrated_gradients"],
        }
    ).encode()
    headers = {
        "host": f"127.0.0.1:{PORT}",
        "cookie": f"convolutions-{PORT}={TOKEN}",
        "content-type": "application/json",
        "content-length": str(len(body)),
    }
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.0"}, "http_version": "1.1",
        "method": "POST", "scheme": "http", "path": "/api/explain", "raw_path": b"/api/explain",
        "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", PORT),
        "headers": [(key.encode(), value.encode()) for key, value in headers.items()],
    }  # fmt: skip
    monkeypatch.setattr("shared.explain.methods.occlusion.BATCH", 1)

    async def ask() -> list[bytes]:
        gone, read = asyncio.Event(), False
        sent: list[bytes] = []

        async def receive() -> dict[str, Any]:
            nonlocal read
            if not read:
                read = True
                return {"type": "http.request", "body": body, "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message.get("body", b""))
            if b"event: progress" in sent[-1]:
                gone.set()

        await site_of(server).app(scope, receive, send)
        served = server.networks[NETWORKS["speech"]]
        async with asyncio.timeout(60), served.explaining:  # the thread has ended
            return sent

    sent = b"".join(asyncio.run(ask()))
    assert b"event: progress" in sent
    assert b"event: result" not in sent
    assert b"event: end" not in sent

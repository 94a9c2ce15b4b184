"""The command: one line with the address, and an end without a trace."""

import re
import signal
import time
import urllib.request
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.commands import start


@pytest.mark.slow
def test_the_page_is_served_until_it_is_stopped(tmp_path: Path) -> None:
    process = start("app", "port=0", "open=false", cwd=tmp_path)
    assert process.stdout is not None
    address = process.stdout.readline().removeprefix("page: ").strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{20,}", address)
    with urllib.request.urlopen(address, timeout=60) as page:
        assert page.status == 200
        assert page.headers["Content-Type"].startswith("text/html")
    host, port, token = re.fullmatch(r"http://(.+):(\d+)/\?token=(.+)", address).groups()  # type: ignore[union-attr]
    waiting = HTTPConnection(host, int(port))  # for an answer, which torch's import holds up
    waiting.request("GET", "/api/network?name=go/small", headers={"Cookie": f"convolutions-{port}={token}"})
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err) == ("", "stopped\n")
    waiting.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_taken_port_is_named(tmp_path: Path) -> None:
    first = start("app", "port=0", "open=false", cwd=tmp_path)
    assert first.stdout is not None
    port = re.search(r":(\d+)/", first.stdout.readline())
    assert port is not None
    second = start("app", f"port={port[1]}", "open=false", cwd=tmp_path)
    _, err = second.communicate(timeout=120)
    first.kill()
    first.communicate(timeout=60)
    assert second.returncode == 1
    assert err.startswith(f"error: host=127.0.0.1 port={port[1]}: must be free to use")

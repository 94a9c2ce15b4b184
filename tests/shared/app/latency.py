"""How long the page takes from input to answer, and how it bears eight users; prints a JSON file of metrics.

python -m tests.shared.app.latency OUTPUT.json [SECONDS of eight users] [N requests of one user]
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np

from tests.commands import start
from tests.shared.app.pages import INPUTS, NETWORKS, wav

USERS = 8
TEXT = "a warm and funny film with a great cast that is never dull"


class Client:
    """A browser: one connection, kept open."""

    def __init__(self, address: str):
        host, self.token = address.removeprefix("http://").split("/?token=")
        self.port = host.rsplit(":", 1)[1]
        self.connection = HTTPConnection(host, timeout=120)

    def __call__(self, path: str, body: Any = None) -> Any:
        headers = {"Cookie": f"convolutions-{self.port}={self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body)
        self.connection.request("GET" if body is None else "POST", path, data, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text[:200]!r}")
        return json.loads(text) if "json" in answer.headers["Content-Type"] else text


def requests() -> dict[str, tuple[str, dict[str, Any]]]:
    """What a user does: a path and a body each."""
    second = (np.random.default_rng(0).normal(size=8000) * np.hanning(8000) / 8).clip(-1, 1)
    game = {**INPUTS["go"]["game"], "moves": [*INPUTS["go"]["game"]["moves"], ["white", "Q17"]]}
    play = {"game": game, "temperature": 0.0, "symmetries": 8}
    return {
        "draw": ("/api/predict", {"network": NETWORKS["image"], "input": INPUTS["image"]}),
        "type": ("/api/predict", {"network": NETWORKS["text"], "input": {"text": TEXT}}),
        "move": ("/api/action/play", {"network": "go/policy", **play}),
        "move, one form of the board": (
            "/api/action/play",
            {"network": "go/policy", **play, "symmetries": 1},
        ),
        "a second of speech": (
            "/api/predict",
            {"network": NETWORKS["speech"], "input": {"file": wav(second)}},
        ),
    }


def timed(ask: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    ask()
    return time.perf_counter() - begun


def spread(seconds: list[float]) -> dict[str, float]:
    return {
        "median": float(np.median(seconds)),
        "95 %": float(np.quantile(seconds, 0.95)),
        "n": len(seconds),
    }


def memory(process: int) -> float:
    """MiB of a process, now and at most so far."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    [kib] = [line.split()[1] for line in lines if line.startswith("VmRSS")]
    return int(kib) / 1024


def main(output: Path, seconds: float = 60.0, n: int = 100) -> None:
    """Start the page, measure one user, then eight."""
    begun = time.perf_counter()
    page = start("app", "port=0", "open=false", cwd=Path.cwd())
    assert page.stdout is not None
    address = page.stdout.readline().removeprefix("page: ").strip()
    client = Client(address)
    first = timed(lambda: client(f"/?token={client.token}"))
    metrics: dict[str, Any] = {"ready": time.perf_counter() - begun, "first page": first}
    for name, (path, body) in requests().items():
        metrics[f"{name}: first"] = timed(lambda path=path, body=body: client(path, body))
        metrics[name] = spread([timed(lambda path=path, body=body: client(path, body)) for _ in range(n)])
    metrics["MiB of one user"] = memory(page.pid)
    taken, errors, end = list[float](), list[str](), time.monotonic() + seconds

    def use(number: int) -> None:
        own, wanted = Client(address), list(requests().values())
        turn = number
        while time.monotonic() < end:
            path, body = wanted[turn % len(wanted)]
            try:
                taken.append(timed(lambda path=path, body=body: own(path, body)))
            except (OSError, RuntimeError) as error:
                errors.append(str(error))
            turn += 1
            time.sleep(0.2)  # people look at the answer

    users = [threading.Thread(target=use, args=(number,)) for number in range(USERS)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    metrics["eight users"] = {**spread(taken), "seconds": seconds, "errors": len(errors)}
    metrics["MiB of eight users"] = memory(page.pid)
    page.terminate()
    page.communicate(timeout=60)
    metrics["cores"] = os.cpu_count()
    text = json.dumps(metrics, indent=2)
    output.write_text(text + "\n")
    sys.stdout.write(text + "\n")
    if errors:
        sys.exit(f"{len(errors)} errors; the first: {errors[0]}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(float, sys.argv[2:3]), *map(int, sys.argv[3:4]))

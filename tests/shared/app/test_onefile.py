"""One file with one network: what it holds, and that a browser computes what the commands do."""

import gzip
import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import convolutions
from convolutions.scripts import call
from shared.app.onefile import RUNTIME
from shared.errors import UserError
from tests.commands import command
from tests.shared.app.pages import SAMPLES

ANSWER = "[...document.querySelectorAll('#answer meter')].map((bar) => [bar.ariaLabel, bar.value])"


def test_the_runtime_is_that_of_the_package() -> None:
    known = set(re.findall("`([0-9a-f]{64})`", (RUNTIME / "README.md").read_text()))
    script = (RUNTIME / "ort.wasm.bundle.min.mjs").read_bytes()
    wasm = gzip.decompress((RUNTIME / "ort-wasm-simd-threaded.wasm.gz").read_bytes())
    assert known == {hashlib.sha256(data).hexdigest() for data in (script, wasm)}


def test_a_domain_that_needs_a_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^run=go/small: the domain go needs a server"):
        call("page", run="go/small", output=tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("mine")
    with pytest.raises(UserError, match=r"^output: must be a new file"):
        call("page", run="image/digits", output=file)
    assert file.read_text() == "mine"


def agrees(row: dict[str, Any], shares: list[list[Any]]) -> bool:
    best = {one["name"]: one["probability"] for one in row["best"]}
    return bool(shares) and all(abs(share - best[name]) < 1e-4 for name, share in shares if name in best)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["image/digits", "text/opinions"])
def test_a_browser_answers_as_the_command(name: str, tmp_path: Path) -> None:
    browsers = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed: apt install chromium")
    file = tmp_path / "page.html"
    done = command("page", f"run={name}", f"output={file}", cwd=tmp_path)  # torch exports no checked types
    assert done.returncode == 0, done.stderr
    assert file.stat().st_size < 20 * 10**6
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 256, (53, 37, 3), np.uint8)).save(tmp_path / "noise.png")
    network, requested = convolutions.load(name), list[str]()
    with browsers.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.on("request", lambda request: requested.append(request.url))
        page.goto(file.as_uri())
        page.wait_for_selector("body[data-ready]")
        if name == "text/opinions":
            text = "It's a warm and funny filmz, naïve but never dull; I didn't mind. 🙂"
            page.fill("#text", text)
            page.wait_for_selector("#answer li")
            assert agrees(network.predict(text=text).rows[0], page.evaluate(ANSWER))
            assert page.locator("#words s").all_inner_texts() == ["filmz", "naïve", "🙂"]
        else:
            for picture in (SAMPLES / "image/sample/seven.png", tmp_path / "noise.png"):
                page.click("#clear")
                page.set_input_files("#file", picture)
                page.wait_for_selector("#answer li")
                assert agrees(network.predict(picture).rows[0], page.evaluate(ANSWER))
        browser.close()
    assert [url for url in requested if not url.startswith(("file:", "blob:"))] == []

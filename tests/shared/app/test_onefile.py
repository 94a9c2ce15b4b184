"""One file with one network: what it holds, and that a browser computes what the commands do."""

import gzip
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

import convolutions
from convolutions.scripts import call
from shared.app.onefile import RUNTIME
from shared.errors import UserError
from tests.commands import command
from tests.shared.app.browser import chromium
from tests.shared.app.pages import SAMPLES

ANSWER = "[...document.querySelectorAll('#answer meter')].map((bar) => [bar.ariaLabel, bar.value])"


def test_the_runtime_is_that_of_the_package() -> None:
    known = set(re.findall("`([0-9a-f]{64})`", (RUNTIME / "README.md").read_text()))
    script = (RUNTIME / "ort.wasm.bundle.min.mjs").read_bytes()
    wasm = gzip.decompress((RUNTIME / "ort-wasm-simd-threaded.wasm.gz").read_bytes())
    assert known == {hashlib.sha256(data).hexdigest() for data in (script, wasm)}


def test_a_network_that_needs_a_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^run=speech/words: must be a network that needs no server"):
        call("page", run="speech/words", output=tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("mine")
    with pytest.raises(UserError, match=r"^output: must be a new file"):
        call("page", run="image/digits", output=file)
    assert file.read_text() == "mine"


@contextmanager
def opened(name: str, folder: Path) -> Iterator[Any]:
    """The page of a network, opened from disk; it asks for nothing."""
    with chromium() as browser:
        file, requested = folder / "page.html", list[str]()
        done = command("page", f"run={name}", f"output={file}", cwd=folder)  # torch exports no checked types
        assert done.returncode == 0, done.stderr
        assert file.stat().st_size < 20 * 10**6
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.on("request", lambda request: requested.append(request.url))
        page.goto(file.as_uri())
        page.wait_for_selector("body[data-ready]")
        yield page
        assert [url for url in requested if not url.startswith(("file:", "blob:"))] == []


def agrees(page: Any, row: dict[str, Any]) -> bool:
    """Whether the page shows the probabilities of a row."""
    page.wait_for_selector("#answer li")
    best = {one["name"]: one["probability"] for one in row["best"]}
    shares = page.evaluate(ANSWER)
    return bool(shares) and all(abs(share - best[name]) < 1e-4 for name, share in shares if name in best)


@pytest.mark.slow
def test_pictures_are_answered_as_by_the_command(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (53, 37, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    network = convolutions.load("image/digits")
    with opened("image/digits", tmp_path) as page:
        for picture in (SAMPLES / "image/sample/seven.png", tmp_path / "noise.png"):
            page.click("#clear")
            page.set_input_files("#file", picture)
            assert agrees(page, network.predict(picture).rows[0])


@pytest.mark.slow
def test_sentences_are_answered_as_by_the_command(tmp_path: Path) -> None:
    text = "It's a warm and funny filmz, naïve but never dull; I didn't mind. 🙂"
    with opened("text/opinions", tmp_path) as page:
        page.fill("#text", text)
        assert agrees(page, convolutions.load("text/opinions").predict(text=text).rows[0])
        assert page.locator("#words s").all_inner_texts() == ["filmz", "naïve", "🙂"]


@pytest.mark.slow
def test_recordings_are_answered_as_by_the_command(tmp_path: Path) -> None:
    word, rate = soundfile.read(SAMPLES / "speech/sample/seven.mp3", dtype="float32")
    soundfile.write(tmp_path / "word.wav", word, rate, "PCM_16")
    soundfile.write(tmp_path / "other.wav", np.stack([word, word / 2], 1), 11_025, "FLOAT")
    soundfile.write(tmp_path / "long.wav", np.tile(word, 8), rate, "PCM_24")
    network = convolutions.load("speech/digits")
    with opened("speech/digits", tmp_path) as page:
        for name in ("word", "other", "long"):
            rows = network.predict(tmp_path / f"{name}.wav").rows
            page.evaluate("document.getElementById('answer').replaceChildren()")
            page.set_input_files("#file", tmp_path / f"{name}.wav")
            assert agrees(page, rows[0])
        page.locator("#stretches button").last.click()
        assert agrees(page, rows[-1])
        assert page.locator("#stretches button").count() == len(rows) > 1


@pytest.mark.slow
def test_positions_are_answered_as_by_the_command(tmp_path: Path) -> None:
    (tmp_path / "game.sgf").write_text("(;SZ[19];B[pd];W[dp];B[pq];W[dd];B[fc])")
    with opened("go/small", tmp_path) as page:
        page.uncheck("#opponent")
        for number, move in enumerate(["Q16", "D4", "Q3", "D16", "F17"], start=1):
            column, row = "ABCDEFGHJKLMNOPQRST".index(move[0]), 19 - int(move[1:])
            cell = page.locator("#board").bounding_box()["width"] / 19
            page.click("#board", position={"x": (column + 0.5) * cell, "y": (row + 0.5) * cell})
            page.wait_for_selector(f"#state:has-text('Move {number + 1}: ')")
        page.wait_for_selector("#answer[data-answers='6']")
        [answered] = convolutions.load("go/small").predict(tmp_path / "game.sgf", move=6).rows
        assert agrees(page, answered)

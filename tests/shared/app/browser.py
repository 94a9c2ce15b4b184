"""The page in a real browser: Debian's Chromium, driven by Playwright."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shared.config import PROJECT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WAIT = 180_000  # milliseconds, at most: the first Go position compiles the rules
ANSWERED = """([part, number]) => [...document.querySelectorAll(`#part-${part} .lane`)]
    .every(lane => Number(lane.dataset.answers ?? 0) >= number)"""


@contextmanager
def served(*words: str) -> Iterator[str]:
    """The address of the page, while the command runs."""
    command = [sys.executable, str(PROJECT / "scripts" / "app.py"), "port=0", "open=false", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            match = re.fullmatch(r"page: (\S+)\n", line)
            assert match, line
            yield match[1]
        finally:
            process.terminate()


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium in PATH: apt install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Tab:
    """A tab on a part of the page, which keeps what must not happen: errors, and requests elsewhere."""

    def __init__(self, browser: Any, address: str, part: str, **context: Any):
        self.part, self.problems = part, list[str]()
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.page.set_default_timeout(WAIT)
        home = address.split("?")[0]
        self.page.on(
            "console", lambda message: self._note(message.type in ("error", "warning"), message.text)
        )
        self.page.on("pageerror", lambda error: self._note(True, str(error)))
        self.page.on(
            "request",
            lambda request: self._note(not request.url.startswith((home, "data:", "blob:")), request.url),
        )
        self.page.goto(f"{address}#{part}")
        self.page.wait_for_selector(f"#part-{part} .seen, #part-{part} .inside section")

    def _note(self, bad: bool, words: str) -> None:
        if bad:
            self.problems.append(words)

    def find(self, selector: str) -> Any:
        """An element of the part."""
        return self.page.locator(f"#part-{self.part} {selector}")

    def wait(self, selector: str) -> Any:
        """An element of the part, once it is there."""
        return self.page.wait_for_selector(f"#part-{self.part} {selector}")

    @property
    def answers(self) -> int:
        """How many answers the first lane has shown."""
        return int(self.find(".lane").first.get_attribute("data-answers") or 0)

    def wait_answer(self, number: int) -> None:
        """Wait until each lane has shown as many answers."""
        self.page.wait_for_function(ANSWERED, arg=[self.part, number])

    def after(self, act: Any) -> float:
        """Do something that the network answers; return the milliseconds until the page has shown it."""
        number = self.answers
        act()
        self.wait_answer(number + 1)
        return float(self.find(".lane").first.get_attribute("data-milliseconds") or "nan")

    def probabilities(self) -> dict[str, float]:
        """The classes that are shown, with their exact probabilities."""
        rows = (
            self.find(".lane")
            .first.locator(".bars tr")
            .evaluate_all("rows => rows.map(row => [row.dataset.name, Number(row.dataset.probability)])")
        )
        return dict(rows)

    def explain(self, method: str) -> list[list[float]]:
        """The map of a method, drawn on the input."""
        self.find(f"[data-method={method}]").first.click()
        return self.page.evaluate(
            "map => JSON.parse(map)", self.wait(".stage[data-map]").get_attribute("data-map")
        )

    def draw(self, points: list[tuple[float, float]]) -> None:
        """A stroke with the mouse, in shares of the canvas."""
        box = self.find(".paper").bounding_box()
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=6)
        self.page.mouse.up()

    def close(self) -> None:
        """Close the tab; nothing bad may have happened."""
        self.context.close()
        assert not self.problems


SEVEN = [(0.28, 0.25), (0.72, 0.25), (0.6, 0.5), (0.45, 0.82)]

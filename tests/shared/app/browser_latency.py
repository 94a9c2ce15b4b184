"""Milliseconds to the first paint and to an answer: ``python -m tests.shared.app.browser_latency [N]``."""

import io
import sys
from collections.abc import Callable

import numpy as np
import soundfile

from shared.config import PROJECT, print_line
from tests.shared.app.browser import Tab, chromium, served

PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
TEXT = "the film is never dull and its music is moving "


def second() -> bytes:
    """A spoken word in a second of sound."""
    samples, rate = soundfile.read(PROJECT / "domains/speech/sample/seven.mp3")
    written = io.BytesIO()
    soundfile.write(written, np.pad(samples, (0, max(rate - len(samples), 0)))[:rate], rate, format="WAV")
    return written.getvalue()


def acts(tab: Tab, n: int) -> list[Callable[[], object]]:
    """What a user does N times in a part: dots, letters, moves, recordings."""
    random = np.random.default_rng(0)
    if tab.part == "draw":
        box = tab.find(".paper").bounding_box()
        places = box["x"] + random.uniform(0.2, 0.8, (n, 2)) * box["width"]
        return [lambda x=x, y=y: tab.page.mouse.click(x, y - box["x"] + box["y"]) for x, y in places.tolist()]
    if tab.part == "type":
        return [lambda n=n: tab.find("textarea").press_sequentially(TEXT[n % len(TEXT)]) for n in range(n)]
    if tab.part == "play":
        return [
            lambda share=share: (
                tab.find(".point.legal").nth(int(share * tab.find(".point.legal").count())).click()
            )
            for share in random.random(n).tolist()
        ]
    file = {"name": "second.wav", "mimeType": "audio/wav", "buffer": second()}
    return [lambda: tab.find("input[type=file]").set_input_files(file)] * n


def main(n: int) -> None:
    """Print the first paint of a page that was just started, and for each part median and 95th percentile."""
    with chromium() as browser, served() as address:
        for when in ("as soon as the address is printed", "later"):
            tab = Tab(browser, address, "draw")
            print_line(f"first paint {when}: {tab.page.evaluate(PAINT):.0f} ms")
            tab.close()
        for part in ("draw", "play", "speak", "type"):
            tab = Tab(browser, address, part)
            for act in acts(tab, 3):
                tab.after(act)
            times = [tab.after(act) for act in acts(tab, n)]
            tab.close()
            middle, slow = np.percentile(times, [50, 95])
            print_line(f"{part}: median {middle:.0f} ms, 95th percentile {slow:.0f} ms, n = {n}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)

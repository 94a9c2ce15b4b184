"""The pictures of the page in the documents: ``python -m tests.shared.app.pictures docs IMAGE_RUN``."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tests.shared.app.browser import SEVEN, Tab, chromium, served

WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


def draw(tab: Tab) -> None:
    """A seven, with what supports the answer."""
    tab.after(lambda: tab.draw(SEVEN))
    tab.page.wait_for_timeout(1000)
    tab.explain("occlusion")


def play(tab: Tab) -> None:
    """A position of the bundled game, with the policy."""
    tab.wait_answer(1)
    tab.after(lambda: tab.find("button:has-text('Try')").click())
    tab.after(lambda: tab.find(".step").fill("48"))


def explained_move(tab: Tab) -> None:
    """A position of the bundled game, with the stones that support the move."""
    play(tab)
    tab.after(lambda: tab.find(".step").fill("56"))
    tab.explain("occlusion")


def speak(tab: Tab) -> None:
    """The phones of the bundled recording."""
    tab.find("label:has-text('Network') select").select_option("speech/phones")
    tab.wait(".lane[data-network='speech/phones'] .seen")
    tab.after(lambda: tab.find("button:has-text('Try')").click())


def write(tab: Tab) -> None:
    """A sentence, with what supports the answer."""
    tab.wait_answer(1)
    tab.after(lambda: tab.find("textarea").fill("the plot is thin, but its actors are never dull"))
    tab.explain("occlusion")


def look_inside(tab: Tab) -> None:
    """The confusion of the run, and the examples of the first mistake in it."""
    tab.find("select").select_option(tab.find("option[value^='image/']").last.get_attribute("value"))
    tab.wait(".confusion")
    tab.find(".confusion .wrong button").first.click()
    tab.wait(".gallery .still")
    tab.page.evaluate("() => document.querySelector('.confusion').scrollIntoView()")


PICTURES: list[tuple[str, list[tuple[str, Callable[[Tab], None], dict[str, int], str]]]] = [
    ("page-draw.png", [("draw", draw, WIDE, "light")]),
    ("page-play.png", [("play", play, WIDE, "light")]),
    ("page-speak.png", [("speak", speak, {**WIDE, "height": 780}, "dark")]),
    ("page-type.png", [("type", write, {**WIDE, "height": 800}, "light")]),
    ("page-inside.png", [("inside", look_inside, {**WIDE, "height": 720}, "light")]),
    (
        "page-phone.png",
        [
            ("draw", draw, PHONE, "dark"),
            ("play", explained_move, PHONE, "light"),
            ("type", write, PHONE, "dark"),
        ],
    ),
]


def main(folder: Path, run: str) -> None:
    """Write them, with few colours, so that they stay small."""
    with chromium() as browser, served(f"run={run}") as address:
        for name, views in PICTURES:
            shots = []
            for part, act, size, scheme in views:
                tab = Tab(browser, address, part, viewport=size, color_scheme=scheme)
                act(tab)
                if part != "inside":
                    tab.page.evaluate("() => scrollTo(0, 0)")
                tab.page.wait_for_timeout(500)
                shots.append(Image.open(io.BytesIO(tab.page.screenshot())).convert("RGB"))
                tab.close()
            width = sum(shot.width for shot in shots) + 24 * (len(shots) - 1)
            picture = Image.new("RGB", (width, shots[0].height), "white")
            for n, shot in enumerate(shots):
                picture.paste(shot, (n * (shots[0].width + 24), 0))
            picture.quantize(256).save(folder / name, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

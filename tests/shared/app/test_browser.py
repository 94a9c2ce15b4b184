"""In Chromium: what the page shows is what predict.py and explain.py answer, by mouse and by keyboard."""

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convolutions
from shared.runs import Run
from tests.shared.app.browser import SEVEN, Tab, chromium, served

pytestmark = pytest.mark.slow
PHONE, WIDE = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
SENTENCE = "a film that is never dull, with a frobnicated plot"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(browser: Any, trained: Run) -> Iterator[str]:
    """The page with the bundled networks and a run."""
    with served(f"run={trained.folder}") as address:
        yield address


@pytest.fixture
def tab(browser: Any, address: str, request: pytest.FixtureRequest) -> Iterator[Tab]:
    """A tab on the part that the test names."""
    tab = Tab(browser, address, request.param, viewport=WIDE)
    yield tab
    tab.close()


def assert_same(tab: Tab, row: dict[str, Any]) -> None:
    """The page's probabilities are those of a row of predict.py."""
    shown = tab.probabilities()
    assert len(shown) > 1
    for one in row["best"]:
        assert shown[one["name"]] == pytest.approx(one["probability"], abs=1e-4)


def assert_same_map(shown: list[list[float]], result: Any) -> None:
    """A map on the page is the first one of explain.py."""
    maps = np.load(result.folder / "maps.npz")
    np.testing.assert_allclose(np.squeeze(shown), np.squeeze(maps[maps.files[0]]), rtol=0, atol=1e-4)


@pytest.mark.parametrize("tab", ["draw"], indirect=True)
def test_a_drawing_is_answered_and_explained_as_its_file_is(tab: Tab, tmp_path: Path) -> None:
    tab.after(lambda: tab.draw(SEVEN))
    tab.page.wait_for_timeout(500)  # strokes that wait for their turn
    drawing = tab.page.evaluate("document.querySelector('.paper').toDataURL('image/png')")
    (tmp_path / "drawing.png").write_bytes(base64.b64decode(drawing.partition(",")[2]))
    network = convolutions.load("image/digits")
    [row] = network.predict(tmp_path / "drawing.png", top=10).rows
    assert row["answer"] == "7" == tab.find(".answer").get_attribute("data-answer")
    assert_same(tab, row)
    shown = tab.explain("occlusion")
    assert_same_map(shown, network.explain(tmp_path / "drawing.png", method="occlusion"))
    assert "support class 7" in tab.find(".reading").inner_text()

    tab.find(".erase").click()
    box = tab.find(".plane").bounding_box()
    tab.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.wait(".why[data-erased='16']")
    assert tab.probabilities()["7"] < row["probability"]


@pytest.mark.parametrize("tab", ["play"], indirect=True)
def test_moves_are_answered_as_their_record_is_by_mouse_and_by_keys(tab: Tab, tmp_path: Path) -> None:
    tab.wait_answer(1)
    tab.find("label:has-text('plays') select").select_option("")
    for point in ("Q16", "D4", "Q3"):
        tab.after(lambda point=point: tab.find(f"[data-point={point}]").click())
    tab.find("[data-point=Q3]").focus()
    for key in ("ArrowLeft", "ArrowUp", "ArrowUp"):
        tab.page.keyboard.press(key)
    tab.after(lambda: tab.page.keyboard.press("Enter"))
    assert tab.page.evaluate("document.activeElement.ariaLabel").startswith("P5, white")
    tab.after(lambda: tab.find("[data-point=D4]").click())
    assert "illegal" in tab.find(".lane .error").inner_text()
    tab.problems.clear()  # the browser logs the refusal
    with tab.page.expect_download() as download:
        tab.find("button:has-text('Save SGF')").click()
    record = tmp_path / "game.sgf"
    shutil.copy(download.value.path(), record)
    network = convolutions.load("go/policy")
    [row] = network.predict(record, move=5, top=12).rows
    assert_same(tab, row)
    assert_same_map(tab.explain("occlusion"), network.explain(record, move=5, method="occlusion"))

    tab.find("label:has-text('plays') select").select_option("white")
    tab.after(lambda: tab.find("[data-point=D16]").click())
    assert tab.find(".point.black, .point.white").count() == 6, "the network has answered the move"
    tab.after(lambda: tab.find("button:has-text('Undo')").click())
    assert tab.find(".point.black, .point.white").count() == 4


@pytest.mark.parametrize("tab", ["speak"], indirect=True)
def test_a_recording_is_answered_and_explained_as_its_file_is(tab: Tab) -> None:
    recording = convolutions.sample("speech/seven.mp3")
    tab.after(lambda: tab.find("input[type=file]").set_input_files(recording))
    network = convolutions.load("speech/digits")
    [row] = network.predict(recording, top=12).rows
    assert_same(tab, row)
    shown = tab.explain("occlusion")
    assert_same_map(shown, network.explain(recording, method="occlusion"))
    assert "kHz" in tab.find(".hertz").text_content()
    tab.after(lambda: tab.find("label:has-text('Stretch') input").fill("1.3"))
    assert tab.probabilities()[row["answer"]] != row["probability"]


@pytest.mark.parametrize("tab", ["type"], indirect=True)
def test_a_sentence_is_answered_and_explained_as_predict_does(tab: Tab) -> None:
    tab.wait_answer(1)
    tab.find("textarea").press("ControlOrMeta+a")
    tab.find("textarea").press_sequentially(SENTENCE)
    tab.page.wait_for_function("() => document.querySelectorAll('#part-type .word').length == 11")
    network = convolutions.load("text/opinions")
    [row] = network.predict(text=SENTENCE, top=2).rows
    assert_same(tab, row)
    assert tab.find(".unknown").all_inner_texts() == ["frobnicated"]
    assert_same_map(tab.explain("occlusion"), network.explain(text=SENTENCE, method="occlusion"))


@pytest.mark.parametrize("tab", ["inside"], indirect=True)
def test_the_inside_of_a_run_is_that_of_its_folder(tab: Tab, trained: Run) -> None:
    tab.find("select").select_option(f"go/{trained.folder.name}")
    tab.wait(".chart circle")
    epochs = len((trained.folder / "metrics.csv").read_text().splitlines()) - 1
    assert tab.find(".chart circle.val").count() >= 2 * epochs, "accuracy and loss"
    tab.find("button:has-text('Show them')").click()
    tab.wait(".still .board")
    with np.load(trained.folder / "test_items.npz") as items:
        wrong = int((items["label"] != items["answer"]).sum())
    assert tab.find(".gallery h3").inner_text() == f"Mistakes, the most confident first: {wrong}"


@pytest.mark.parametrize("tab", ["play"], indirect=True)
def test_two_runs_stand_side_by_side_and_a_layer_shows_its_units(tab: Tab, trained: Run) -> None:
    tab.find("label:has-text('Compare with') select").select_option(f"go/{trained.folder.name}")
    tab.page.wait_for_function("() => document.querySelectorAll('#part-play .lane .board').length == 2")
    second = tab.find(".lane").nth(1)
    second.locator("summary").click()
    second.locator("tr[data-layer] button").first.click()
    second.locator(".tile").first.click()
    second.locator(".layers .still .board").first.wait_for()
    assert second.locator(".tile").count() == 2 * 4, "feature maps and filters of four units"


@pytest.mark.parametrize("part", ["draw", "play", "speak", "type", "inside"])
def test_a_part_fits_a_phone_and_has_no_barrier(browser: Any, address: str, part: str) -> None:
    """No violation that axe-core finds in light and dark, no horizontal scroll."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tab = Tab(browser, address, part, viewport=PHONE)
    if part in ("draw", "speak"):
        tab.after(lambda: tab.find("button:has-text('Try')").click())
    elif part != "inside":
        tab.wait_answer(1)
    for _ in ("light", "dark"):
        violations = axe.run(tab.page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in violations] == []
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        tab.page.click("#theme")
    tab.close()


def test_text_of_strangers_stays_text(browser: Any, address: str) -> None:
    tab = Tab(browser, address, "type", viewport=WIDE)
    tab.wait_answer(1)
    tab.after(lambda: tab.find("textarea").fill("<img src=x onerror=alert(1)> dull"))
    assert tab.find("article img").count() == 0
    assert "<img" in tab.find(".words").inner_text()
    tab.close()


def test_what_the_server_refuses_is_shown_beside_the_input(browser: Any, address: str) -> None:
    tab = Tab(browser, address, "speak", viewport=WIDE)
    broken = {"name": "broken.wav", "mimeType": "audio/wav", "buffer": b"RIFF"}
    tab.after(lambda: tab.find("input[type=file]").set_input_files(broken))
    assert "broken.wav" in tab.find(".lane .error").inner_text()
    tab.problems.clear()  # the browser logs the refusal
    tab.close()

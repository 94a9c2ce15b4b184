"""What the page shows of a run's folder, and of a folder that a stranger made."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from shared.files import read_json
from shared.runs.run import Run
from tests.shared.app.pages import client_of, events, get, server_of


def page_of(run: Run) -> tuple[TestClient, str]:
    """A client of a page with this run, and the name of it."""
    return client_of(server_of(str(run.folder))), f"go/{run.folder.name}"


def test_a_bundled_network_says_what_it_comes_without(client: TestClient) -> None:
    facts = get(client, "inside", name="image/digits")
    assert facts["confusion"] is facts["curve"] is facts["calibration"] is None
    assert "test_items.npz" in facts["missing"]["confusion"]
    assert "come with the project" in facts["missing"]["curve"]
    assert facts["tests"][0]["name"] == "test/acc"
    assert facts["tests"][0]["n"] == 10_000
    assert get(client, "inside", name="speech/phones")["recall"][0]["class"] == "aa"


def test_a_run_shows_curve_confusion_calibration_and_mistakes(trained: Run) -> None:
    client, name = page_of(trained)
    facts = get(client, "inside", name=name)
    assert set(facts["missing"]) == {"checks"}
    metrics = read_json(trained.folder / "metrics.json")
    assert len(facts["curve"]["rows"]) == 2
    assert "val/acc" in facts["curve"]["columns"]
    counts = np.array(facts["confusion"]["counts"])
    assert counts.sum() == metrics["test/n"] == sum(one["n"] for one in facts["calibration"]["bins"])
    accuracy = next(one for one in facts["tests"] if one["name"] == "test/acc")
    assert np.trace(counts) / counts.sum() == pytest.approx(accuracy["value"])
    true, predicted = np.argwhere(counts)[0]
    classes = facts["confusion"]["classes"]
    cell = get(client, "examples", name=name, true=classes[true], predicted=classes[predicted], count=3)
    assert cell["total"] == counts[true, predicted]
    assert {one["true"] for one in cell["examples"]} == {classes[true]}
    assert cell["examples"][0]["view"]["kind"] == "board"
    mistakes = get(client, "examples", name=name, mistakes=True, count=5)
    assert mistakes["total"] == counts.sum() - np.trace(counts)
    shares = [one["probability"] for one in mistakes["examples"]]
    assert shares == sorted(shares, reverse=True)
    assert all(one["true"] != one["predicted"] for one in mistakes["examples"])


def test_real_inputs_excite_a_unit(trained: Run) -> None:
    client, name = page_of(trained)
    facts = get(client, "network", name=name)
    assert facts["has_data"]
    layer = next(layer["name"] for layer in facts["layers"] if layer["filters"])
    made = events(client, network=name, input=None, methods=["top_patches"], layer=layer, unit=1)
    assert any(kind == "progress" for kind, _ in made)
    [result] = [data for kind, data in made if kind == "result"]
    assert len(result["shown"]) == 9 or "dead" in result["details"]
    for one in result["shown"]:
        rows, columns = one["box"][:2], one["box"][2:]
        assert all(0 <= first < stop <= 19 for first, stop in (rows, columns))
        assert one["view"]["kind"] == "board"


def no_zip(file: Path) -> None:
    file.write_bytes(b"PK\x03\x04 and nothing else")


def bomb(file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("item.npy", "w") as member:
        for _ in range(300):
            member.write(bytes(2**20))


def with_column(**columns: Any) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        with np.load(file) as stored:
            values = {**stored, **columns}
        written = io.BytesIO()
        np.savez(written, **values)
        file.write_bytes(written.getvalue())

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (no_zip, "broken"),
        (bomb, "at most"),
        (with_column(label=np.array(["x"])), "columns of one length"),
        (with_column(label=np.full(200, 10**6)), "label: must be"),
        (with_column(answer=np.full(200, -1)), "answer: must be"),
        (with_column(confidence=np.full(200, np.nan)), "confidence: must be"),
        (with_column(item=np.array([{}] * 200, object)), "broken"),
    ],
)
def test_broken_predictions_are_named(
    trained_copy: Run, damage: Callable[[Path], None], message: str
) -> None:
    damage(trained_copy.folder / "test_items.npz")
    client, name = page_of(trained_copy)
    facts = get(client, "inside", name=name)
    assert message in facts["missing"]["confusion"]
    answer = client.get("/api/examples", params={"name": name, "mistakes": "true"})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("test_items.npz: ")

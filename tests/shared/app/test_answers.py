"""The page's answers: those of the commands, for a network of each domain."""

import base64
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient

import convolutions
from shared.app import Server
from shared.explain.method import explain
from shared.explain.units import Target
from shared.runs.run import Run
from tests.networks import opened
from tests.shared.app.pages import (
    GAME,
    INPUTS,
    NETWORKS,
    SAMPLES,
    base64_of,
    error_of,
    events,
    get,
    post,
    wav,
)

DOMAINS = list(INPUTS)
MAPS = ["saliency", "occlusion", "integrated_gradients", "grad_cam"]


def near(row: Any, other: Any) -> bool:
    """Whether two rows agree, numbers to 1e-4, but for the file's name."""
    if isinstance(row, dict):
        return row.keys() == other.keys() and all(near(row[key], other[key]) for key in row if key != "file")
    if isinstance(row, list):
        return len(row) == len(other) and all(map(near, row, other))
    return abs(row - other) < 1e-4 if isinstance(row, float) else bool(row == other)


def test_list_names_all_networks_and_loads_none(server: Server, client: TestClient) -> None:
    listed = {one["name"]: one for one in get(client, "networks")["networks"]}
    assert {"image/digits", "go/policy", "speech/phones", "text/opinions"} <= set(listed)
    digits = listed["image/digits"]
    assert digits["bundled"]
    assert digits["title"].startswith("image/digits: ")
    accuracy = digits["accuracy"]
    assert accuracy["name"] == "test/acc"
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    assert listed["speech/phones"]["accuracy"]["name"] == "test/error_rate"
    assert "page" not in vars(server.networks["image/objects"])


@pytest.mark.parametrize("domain", DOMAINS)
def test_predictions_are_those_of_the_command(client: TestClient, domain: str, tmp_path: Path) -> None:
    (tmp_path / "game.sgf").write_text("(;SZ[19]KM[6.5];B[pd];W[dp];B[pq])")
    options: dict[str, Any] = {
        "image": {"input": SAMPLES / "image/sample/seven.png"},
        "go": {"input": tmp_path / "game.sgf", "move": 4},
        "speech": {"input": SAMPLES / "speech/sample/seven.mp3"},
        "text": {"text": INPUTS["text"]["text"]},
    }[domain]
    answer = post(client, "predict", network=NETWORKS[domain], input=INPUTS[domain], top=5)
    assert near(answer["rows"], convolutions.load(NETWORKS[domain]).predict(**options).rows)


@pytest.mark.parametrize("domain", DOMAINS)
def test_maps_are_those_of_the_explanations(client: TestClient, domain: str) -> None:
    made = events(client, network=NETWORKS[domain], input=INPUTS[domain], methods=MAPS)
    (_, start), *others = made
    assert made[-1] == ("end", {})
    results = {data["method"]: data for name, data in others if name == "result"}
    skipped = [data["method"] for name, data in others if name == "skipped"]
    assert set(results) == set(MAPS) - set(skipped)
    assert skipped in ([], ["grad_cam"])
    view, adapter = start["view"], opened(Run.open(NETWORKS[domain]))
    shape = {
        "picture": lambda: (view["height"], view["width"]),
        "board": lambda: (19, 19),
        "spectrogram": lambda: np.shape(view["values"]),
        "words": lambda: (len(view["words"]), 1),
    }[view["kind"]]()
    assert all(np.shape(part["values"]) == shape for one in results.values() for part in one["maps"])
    for one in results.values():
        assert one["signed"] == any(part["low"] < 0 for part in one["maps"])
    assert not results["saliency"]["signed"]
    kinds = [part["kind"] for part in results["occlusion"]["maps"]]
    assert any(name == "progress" and data["method"] == "occlusion" for name, data in others)
    if domain != "text":  # whose words are the input itself: the adapters' tests have them
        return
    example = adapter.read(None, text=INPUTS["text"]["text"])[0]
    target = Target(adapter.answer(example))
    own = explain(adapter, example, "occlusion", target, regions=kinds[0]).map[0].numpy()
    assert np.allclose(results["occlusion"]["maps"][0]["values"], own, rtol=1e-3, atol=1e-6)
    assert results["occlusion"]["read"].startswith(f"Blue places support {start['target']}")


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_network_says_what_it_takes_and_what_its_layers_are(client: TestClient, domain: str) -> None:
    network = NETWORKS[domain]
    facts = get(client, "network", name=network)
    assert facts["domain"] == domain
    assert {"occlusion", "top_patches"} <= {method["name"] for method in facts["methods"]}
    for file in facts["samples"]:
        answer = client.get("/api/sample", params={"name": network, "file": file})
        assert answer.content == (SAMPLES / domain / "sample" / file).read_bytes()
    layer = next(layer for layer in facts["layers"] if layer["filters"])
    seen = get(client, "filters", network=network, layer=layer["name"], count=3)
    assert np.shape(seen["filters"][0]["values"]) == tuple(seen["size"])
    assert len(seen["channels"]) in (0, seen["size"][0])
    assert (seen["filters"][0]["words"] is not None) == (domain == "text")
    maps = post(client, "maps", network=network, input=INPUTS[domain], layer=layer["name"], count=2)
    assert len(maps["maps"]) == 2
    high = [part["high"] for part in maps["maps"]]
    assert high == sorted(high, reverse=True)


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_part_that_is_taken_away_changes_the_answer(client: TestClient, domain: str) -> None:
    cells = {
        "image": [[row, column] for row in range(28) for column in range(14)],
        "go": [[3, 15], [16, 15]],
        "speech": [[band, frame] for band in range(30) for frame in range(20)],
        "text": [[4, 0]],
    }[domain]
    body = {"network": NETWORKS[domain], "input": INPUTS[domain]}
    answer = post(client, "without", **body, cells=cells)
    assert answer["before"] != answer["best"]
    same = post(client, "without", **body, cells=[])
    assert near(same["before"], same["best"])
    assert same["view"]["kind"]
    assert "cells: must be [row, column]" in error_of(client, "without", **body, cells=[[400, 400]])


def test_inputs_that_methods_make_are_drawn(client: TestClient) -> None:
    for domain in ("image", "text"):
        made = events(client, network=NETWORKS[domain], input=INPUTS[domain], methods=["adversarial", "fool"])
        results = [data for name, data in made if name == "result"]
        assert [data["method"] for data in results] == ["adversarial", "fool"]
        kind = {"image": "picture", "text": "words"}[domain]
        assert all(one["view"]["kind"] == kind for data in results for one in data["shown"])


def test_what_the_network_sees(client: TestClient) -> None:
    answer = post(client, "predict", network="image/digits", input=INPUTS["image"])
    assert answer["rows"][0]["answer"] == "7"
    assert (answer["view"]["height"], answer["view"]["width"]) == (28, 28)
    parts = post(client, "predict", network="text/opinions", input={"text": "A warm filmz."})["parts"]
    assert "".join(part["text"] for part in parts) == "A warm filmz."
    assert [part["text"] for part in parts if not part["known"]] == ["filmz"]


def test_stretched_frequencies_are_heard(client: TestClient) -> None:
    sent = INPUTS["speech"]
    plain = post(client, "predict", network="speech/digits", input=sent)
    same = post(client, "predict", network="speech/digits", input={**sent, "stretch": 1.0})
    high = post(client, "predict", network="speech/digits", input={**sent, "stretch": 1.3})
    assert near(plain["rows"], same["rows"])
    assert not near(plain["rows"], high["rows"])
    low, other = (np.array(one["view"]["values"]) for one in (plain, high))
    assert low.shape == other.shape
    bands = np.arange(len(low))
    middle = [(10 ** (x / 10) * bands[:, None]).sum() / (10 ** (x / 10)).sum() for x in (low, other)]
    assert middle[1] > middle[0]
    over = post(client, "predict", network="speech/words", input=sent)
    assert over["over_time"]
    assert over["spoken"] == "seven"
    assert "stretch: must be a number from 0.5 to 2" in error_of(
        client, "predict", network="speech/digits", input={**sent, "stretch": 9}
    )


def test_a_recording_is_heard_with_its_frequencies_stretched(client: TestClient) -> None:
    tone = wav(np.sin(np.arange(8000) * 2 * np.pi * 440 / 8000) / 2)
    sent = {"file": tone, "name": "tone.wav", "stretch": 1.3}
    file = post(client, "action/sound", network="speech/digits", input=sent)["file"]
    heard, rate = soundfile.read(io.BytesIO(base64.b64decode(file)))
    assert (len(heard), rate) == (8000, 8000)
    assert np.abs(np.fft.rfft(heard)).argmax() == pytest.approx(1.3 * 440, abs=2)
    empty = {"file": wav(np.zeros(0)), "name": "empty.wav"}
    assert "no samples" in error_of(client, "action/sound", network="speech/digits", input=empty)


def test_a_bundled_network_shows_how_far_its_explanations_were_checked(client: TestClient) -> None:
    passed = {one["name"]: one["passed"] for one in get(client, "network", name="image/digits")["methods"]}
    assert re.match(r"It passed \d of \d checks: planted evidence .* \(n = 30\); ", passed["occlusion"])
    assert len(get(client, "inside", name="image/digits")["checks"]) > 20


def test_a_game_is_played_saved_and_loaded(client: TestClient) -> None:
    network = NETWORKS["go"]
    game = {**GAME, "moves": [*GAME["moves"], ["white", "Q17"]]}
    played = post(client, "action/play", network=network, game=game, symmetries=1)
    assert played["number"] == 6
    assert played["game"]["moves"][-1] == ["black", played["move"]]
    assert played["colour"] == "white"
    drawn = {
        post(client, "action/play", network=network, game=game, symmetries=1, temperature=10.0, seed=seed)[
            "move"
        ]
        for seed in range(4)
    }
    assert len(drawn) > 1
    saved = post(client, "action/save", network=network, game=played["game"])["sgf"]
    loaded = post(client, "action/load", network=network, file=base64_of(saved.encode()), name="mine.sgf")
    assert loaded["game"]["moves"] == played["game"]["moves"]
    assert loaded["game"]["komi"] == 6.5
    assert near(loaded["rows"], played["rows"])


def test_captures_ko_handicap_passes_and_score(client: TestClient) -> None:
    def position(**game: Any) -> Any:
        return post(client, "predict", network=NETWORKS["go"], input={"game": {"size": 19, **game}})

    moves = [["black", "B1"], ["white", "A1"], ["black", "A2"]]
    taken = position(moves=moves)
    assert taken["captures"] == {"black": 1, "white": 0}
    assert taken["view"]["stones"][18][0] == 0
    assert taken["legal"][18][0] == 0  # suicide
    fight = ["C3", "D3", "D2", "E2", "D4", "E4", "A19", "F3", "E3"]
    ko = position(moves=[[("black", "white")[n % 2], point] for n, point in enumerate([*fight, "D3"][:-1])])
    assert ko["view"]["ko"] == [16, 3]
    assert ko["legal"][16][3] == 0
    error = error_of(
        client,
        "predict",
        network=NETWORKS["go"],
        input={"game": {"size": 19, "moves": [*ko["game"]["moves"], ["white", "D3"]]}},
    )
    assert "move W D3 is illegal" in error
    handicap = position(handicap=2)
    assert handicap["game"]["setup"] == [["black", "D4"], ["black", "Q16"]]
    assert handicap["colour"] == "white"
    over = position(moves=[["black", "D4"], ["white", "pass"], ["black", "pass"]], komi=0.5)
    assert over["over"]
    assert over["rows"] == []
    assert over["score"]["result"] == "B+360.5"
    policy = np.array(handicap["policy"])
    assert policy.sum() == pytest.approx(1, abs=1e-2)
    assert policy[3][15] == 0


def test_boards_of_other_sizes_are_played_as_by_the_command(client: TestClient, tmp_path: Path) -> None:
    network, game = NETWORKS["go"], {"size": 9, "moves": [["black", "E5"]], "komi": 7.0}
    assert get(client, "network", name=network)["input"] == {"size": 19, "sizes": [9, 13, 19]}
    (tmp_path / "game.sgf").write_text("(;SZ[9]KM[7];B[ee])")
    answer = post(client, "predict", network=network, input={"game": game}, top=5)
    assert near(answer["rows"], convolutions.load(network).predict(input=tmp_path / "game.sgf", move=2).rows)
    played = post(client, "action/play", network=network, game=game, symmetries=1)
    assert len(played["game"]["moves"]) == 2
    assert np.shape(played["policy"]) == (9, 9)
    refused = dict(events(client, network=network, input={"game": game}, methods=["saliency"]))["error"]
    assert "own board of 19×19" in refused["error"]


def test_games_that_cannot_be_played(client: TestClient) -> None:
    network = NETWORKS["go"]

    def refused(**game: Any) -> str:
        return error_of(client, "predict", network=network, input={"game": {"size": 19, **game}})

    assert refused(size=7).startswith("game: a board of 7×7, but the network plays on 19×19")
    assert refused(moves=[["black", "I5"]]) == "game.moves: must be points such as A1, or pass, got 'I5'"
    assert refused(handicap=1) == "game.handicap: must be 0 or from 2 to 9 on a board of 19×19, got 1"
    assert "setup" in refused(setup=[["black", "D4"], ["white", "D4"]])
    assert "moves" in refused(moves=[["black", "pass"]] * 2001)
    for broken in ("", "hello", "(;SZ[19];B[pd", "(;SZ[7];B[cc])", "(;GM[2];B[cc])"):
        error = error_of(
            client, "action/load", network=network, file=base64_of(broken.encode()), name="a.sgf"
        )
        assert error.startswith("a.sgf: ")
    cut = post(client, "action/load", network=network, file=base64_of(b"(;SZ[19];B[pd];W[pd])"))
    assert cut["number"] == 2
    assert "illegal" in cut["notes"][0]


def test_an_empty_board_has_no_stone_to_take_away(client: TestClient) -> None:
    body = {"network": NETWORKS["go"], "input": {"game": {"size": 19}}}
    made = dict(events(client, **body, methods=["occlusion", "saliency"]))
    assert made["skipped"]["error"] == "occlusion: must have stones to take away, got none; leave it out"
    assert made["result"]["method"] == "saliency"
    offered = {method["name"] for method in get(client, "network", name=NETWORKS["go"])["methods"]}
    assert "dream" not in offered
    assert "dream" in {method["name"] for method in get(client, "network", name="image/digits")["methods"]}
    assert "methods: must be one of" in dict(events(client, **body, methods=["dream"]))["error"]["error"]

"""predict: the class of a user's sentences, and the words that the filters picked."""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from domains.text.filters import read
from domains.text.highlight import coloured, page, parts
from domains.text.module import TextClassifier
from domains.text.predict import predict
from shared.commands.predict import predict as command_predict
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.run import Run
from shared.training.setup import build_data, build_module, load_module
from tests import networks
from tests.commands import command

VOCABULARY = ["[PAD]", "[UNK]", "dull", "fine", "not", "film"]


def make_run(folder: Path, *overrides: str, vocabulary: list[str] = VOCABULARY) -> Run:
    """A run of an untrained network for sentences of two classes, with this vocabulary in this order."""
    words = [word for n, word in enumerate(reversed(vocabulary[2:]), start=1) for _ in range(n)]
    random, between = np.random.default_rng(0), "" if "model=text/characters" in overrides else " "
    lines = [f"{n % 2},{between.join(random.permutation(words))}" for n in range(80)]
    (folder / "sentences.csv").write_text("\n".join(["label,text", *lines]))
    return networks.make_run(
        folder,
        *("domain=text", f"data.path={folder / 'sentences.csv'}", "model.embedding=8", "model.filters=4"),
        *overrides,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def module(run: Run) -> TextClassifier:
    loaded = load_module(run)
    assert isinstance(loaded, TextClassifier)
    return loaded


def test_a_pick_is_where_the_filter_s_maximum_lies(module: TextClassifier) -> None:
    x = torch.tensor([[2, 3, 4, 5, 2, 2, 4], [3, 4, 0, 0, 0, 0, 0]])
    lengths = torch.tensor([7, 2])
    batch = {"x": x, "lengths": lengths}
    picks = read(module, batch)
    probabilities = module.logits(batch).softmax(1)
    branches = {3: "branch1", 4: "branch2", 5: "branch3"}
    layers = dict(module.network.named_modules())
    dense = module.network.get_parameter("dense1.weight")
    for n, length in enumerate(lengths.tolist()):
        lead = (dense[probabilities[n].argmax()] - dense[probabilities[n].argmin()]).detach()
        wanted = {}
        for width, branch in branches.items():
            name = f"side_by_side1.{branch}.conv1"
            vectors = module.embeddings[0](x[n, :length])
            if length < width:
                vectors = torch.cat([vectors, torch.zeros(width - length, 8)])
            maps = torch.relu(layers[name].convolve(vectors[None, None])).detach()[
                0, :, :, 0
            ]  # (filters, positions)
            for number in range(4):
                weight = (maps[number].max() * lead[4 * (width - 3) + number]).item()
                if weight:
                    start = int(maps[number].argmax())
                    wanted[f"{name}[{number}]"] = (
                        start,
                        min(start + width, length),
                        pytest.approx(weight, rel=1e-3),
                    )
        assert {pick.filter: (pick.first, pick.end, pick.weight) for pick in picks[n]} == wanted
        assert [pick.weight for pick in picks[n]] == sorted((pick.weight for pick in picks[n]), reverse=True)


@pytest.mark.parametrize("model", ["dense", "phrases", "both", "characters"])
def test_every_architecture_predicts(model: str) -> None:
    more = ["model.height=4", "model.stride=2"] if model == "both" else []
    config = compose("train", ["domain=text", f"model=text/{model}", "model.embedding=8", *more])
    data = build_data(config)
    data.setup()
    module = build_module(config, data).eval()
    assert isinstance(module, TextClassifier)
    prediction = predict(module, None, top=2, text="the film is never dull , but so weak")
    [row] = prediction.rows
    assert row["probability"] > 0.5
    assert len(row["filters"]) == (0 if model == "dense" else 2)
    assert all(ngram["name"] in row["text"] for ngram in row["filters"])


def test_rows_lines_and_shares(module: TextClassifier, tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("not dull\n\nA FILM , fine film\nunseen words\n")
    prediction = predict(module, path, top=3)
    assert [(row["line"], row["text"]) for row in prediction.rows] == [
        (1, "not dull"), (3, "A FILM , fine film"), (4, "unseen words"),
    ]  # fmt: skip
    for row in prediction.rows:
        assert row["label"] == row["best"][0]["name"]
        shares = [ngram["share"] for ngram in row["filters"]]
        assert shares == sorted(shares, reverse=True)
        assert 0 <= sum(shares) <= 1 + 1e-6
    assert "empty lines: 1" in prediction.summary
    alone = predict(module, None, top=3, text="A FILM , fine film").rows[0]
    assert alone["probability"] == pytest.approx(prediction.rows[1]["probability"], rel=1e-5)


def test_tables_and_standard_input(
    module: TextClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text("id,review\n7,not dull\n")
    assert predict(module, tmp_path / "a.csv", top=1, column="review").rows[0]["text"] == "not dull"
    with pytest.raises(UserError, match="must name a column 'text'"):
        predict(module, tmp_path / "a.csv", top=1)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"fine\nnot dull")))
    rows = predict(module, Path("-"), top=1).rows
    assert [(row["file"], row["text"]) for row in rows] == [
        ("standard input", "fine"),
        ("standard input", "not dull"),
    ]
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"\n")))
    with pytest.raises(UserError, match="standard input: must hold sentences, got none; empty lines: 1"):
        predict(module, Path("-"), top=1)
    with pytest.raises(UserError, match="text: must be a sentence, got a line without a sentence"):
        predict(module, None, top=1, text=" ")
    with pytest.raises(UserError, match="text: must be null where input is given"):
        predict(module, tmp_path / "a.csv", top=1, text="fine")
    assert (
        predict(module, None, top=1, text="fine\ud800\x1b\n film").rows[0]["text"] == "fine\ufffd\x1b\n film"
    )


def test_right_to_left_emoji_and_chinese_by_characters(tmp_path: Path) -> None:
    sentences = ["这部电影很好看", "סרט מצוין", "فيلم رائع", "👨\u200d👩\u200d👧👍🏽"]
    (tmp_path / "in.txt").write_text("\n".join(sentences))
    vocabulary = ["[PAD]", "[UNK]", *sorted(set("".join(sentences[:3]))), "👨\u200d👩\u200d👧"]
    module = load_module(make_run(tmp_path, "model=text/characters", vocabulary=vocabulary))
    assert isinstance(module, TextClassifier)
    prediction = predict(module, tmp_path / "in.txt", top=2)
    assert [row["text"] for row in prediction.rows] == sentences
    assert all(ngram["name"] in row["text"] for row in prediction.rows for ngram in row["filters"])
    html = prediction.pages["sentences.html"]
    assert html.count('dir="auto"') == 4
    assert "👨\u200d👩\u200d👧" in html


def test_sentences_are_escaped_in_the_page_and_the_terminal() -> None:
    text = "<script>alert('x')</script> [bold]\x1b[2J & dull"
    offsets = [(0, 8), (8, 13), (len(text) - 4, len(text))]
    marked = parts(text, offsets, np.array([0.2, -1.0, 2.0]), np.zeros(3, bool))
    assert "".join(part.text for part in marked) == text
    html = page([("<i>file</i>, line 1", marked)], "1 & 1")
    assert "<script>" not in html
    assert "<i>" not in html
    assert "\x1b" not in html
    assert 'background:#0072b2ff;color:white">dull</mark>' in html
    assert 'background:#d55e0080">alert</mark>' in html
    shown = coloured(marked)
    assert shown.plain == text.replace("\x1b", "·")
    assert [shown.plain[span.start : span.end] for span in shown.spans if "bold" in str(span.style)] == [
        "alert",
        "dull",
    ]


def test_unknown_words_are_named_and_grey_never_coloured(module: TextClassifier) -> None:
    prediction = predict(module, None, top=3, text="zzz fine film Qqq zzz")
    [row] = prediction.rows
    assert row["remarks"] == ["3 of 5 words unknown: zzz, Qqq"]
    page = prediction.pages["sentences.html"]
    for word in ("zzz", "Qqq"):
        assert f'<mark style="background:none;color:#7f7f7f">{word}</mark>' in page
    [cell] = prediction.cells["text"]
    styles = {cell.plain[span.start : span.end]: str(span.style) for span in cell.spans}
    assert styles["zzz"] == styles["Qqq"] == "#7f7f7f"
    assert "#7f7f7f" not in styles.get("fine", "") + styles.get("film", "")
    assert predict(module, None, top=3, text="fine film").rows[0]["remarks"] == []


def test_what_is_cut_off_is_counted(module: TextClassifier) -> None:
    longest = module.preprocessing.longest
    [row] = predict(module, None, top=1, text="fine " * (longest + 7)).rows
    assert row["remarks"] == [f"the last 7 of {longest + 7} words cut off"]


def test_the_command_leaves_lines_and_a_page(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    words = [f"run={run.folder}", "text='a fine, not dull film'", f"output={tmp_path / 'out'}"]
    prediction = command_predict(compose("predict", words))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"predictions.jsonl", "sentences.html"}
    [line] = (tmp_path / "out/predictions.jsonl").read_text().splitlines()
    assert json.loads(line) == prediction.rows[0]
    assert "1 sentence: " in capsys.readouterr().out
    with pytest.raises(UserError, match="input is not set"):
        command_predict(compose("predict", [f"run={run.folder}"]))
    with pytest.raises(UserError, match="move=3: not an option of the domain text"):
        command_predict(compose("predict", [f"run={run.folder}", "text=fine", "move=3"]))


def test_as_a_user_runs_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("a fine film\n")
    done = command("predict", f"run={run.folder}", "input=mine.txt", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.splitlines()[-1].removeprefix("predictions: "))
    assert {path.name for path in folder.iterdir()} == {"predictions.jsonl", "sentences.html"}

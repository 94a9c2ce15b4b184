"""predict: a policy's predictions for a user's own games."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import DictConfig
from sgfmill import sgf
from sgfmill.boards import Board
from sgfmill.common import format_vertex, move_from_vertex

from domains.go.board.game import Game
from domains.go.board.planes import plane_groups
from domains.go.board.points import point_names
from domains.go.data import GoDataset
from domains.go.engine.engine import Engine
from domains.go.engine.network import Policy
from domains.go.predict import SURPRISES, predict
from domains.go.records.select import read_games
from shared.commands.predict import predict as command_predict
from shared.config.cli import compose
from shared.errors import UserError
from shared.results import percent
from shared.runs.run import Run
from shared.training.classifier import Classifier, as_tensors
from shared.training.data import Draw
from shared.training.setup import load_module
from tests.commands import command
from tests.domains.go.engine.runs import make_run

# White's B8 is captured by move 9; then B8, and A9 before, would be suicide for white. Move 7 is a pass.
GAME = b"(;GM[1]FF[4]SZ[9];B[ba];W[bb];B[ab];W[ee];B[cb];W[gg];B[];W[cf];B[bc];W[dd])"
LARGE = b"(;SZ[13];B[ba];W[bb];B[dd])"
PLAYED = ["B9", "B8", "A8", "E5", "C8", "G3", "pass", "C4", "B7", "D6"]
LOGITS = np.random.default_rng(5).normal(0, 2, 81).astype(np.float32)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVOLUTIONS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def game(tmp_path: Path) -> Path:
    path = tmp_path / "game.sgf"
    path.write_bytes(GAME)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("runs"), logits=LOGITS)


@pytest.fixture(scope="module")
def module(run: Run) -> Classifier:
    return load_module(run)


def settings(run: Run, path: Path, *overrides: str) -> DictConfig:
    return compose("predict", [f"run={run.folder}", f"input='{path}'", *overrides])


def board_before(move: int) -> Board:
    """By sgfmill, which numbers rows from the bottom."""
    board = Board(9)
    for ply, vertex in enumerate(PLAYED[: move - 1]):
        if vertex != "pass":
            board.play(*move_from_vertex(vertex, 9), "bw"[ply % 2])
    return board


def policy_before(move: int) -> dict[str, float]:
    """Probability by vertex: LOGITS on the legal points (suicide leaves a point empty; there is no ko)."""
    weights = {}
    for point, logit in enumerate(LOGITS):
        row, column = 8 - point // 9, point % 9
        after = board_before(move)
        if after.get(row, column) is None:
            after.play(row, column, "wb"[move % 2])
            if after.get(row, column):
                weights[format_vertex((row, column))] = float(np.exp(logit))
    return {vertex: weight / sum(weights.values()) for vertex, weight in weights.items()}


def test_every_move_but_passes_gets_its_row(module: Classifier, game: Path) -> None:
    prediction = predict(module, game, top=4)
    assert [row["move"] for row in prediction.rows] == [1, 2, 3, 4, 5, 6, 8, 9, 10]
    for row in prediction.rows:
        policy = policy_before(row["move"])
        played = PLAYED[row["move"] - 1]
        assert (row["file"], row["played"]) == ("game.sgf", played)
        assert row["colour"] == ("black" if row["move"] % 2 else "white")
        assert row["probability"] == pytest.approx(policy[played], rel=1e-5)
        assert row["rank"] == 1 + sum(other > policy[played] for other in policy.values())
        best = sorted(policy, key=policy.__getitem__, reverse=True)[:4]
        assert [move["name"] for move in row["best"]] == best
        assert [move["probability"] for move in row["best"]] == pytest.approx(
            [policy[p] for p in best], rel=1e-5
        )
    ranks = np.array([row["rank"] for row in prediction.rows])
    first, five = (ranks == 1).sum(), (ranks <= 5).sum()
    assert f"9 moves played: {first} ({first / 9:.1%})" in prediction.summary
    assert f"{five} ({five / 9:.1%}) among its first five" in prediction.summary


def test_one_move_is_predicted_as_in_the_whole_game(module: Classifier, game: Path) -> None:
    whole, one = predict(module, game, top=3), predict(module, game, top=3, move=8)
    (row,) = one.rows
    expected = whole.rows[6]
    assert [row[key] for key in ("move", "played", "rank")] == [
        expected[key] for key in ("move", "played", "rank")
    ]
    assert row["probability"] == pytest.approx(expected["probability"], rel=1e-5)


@pytest.mark.parametrize("planes", ["alphago", "[stone colour,liberties]", "[difference]"])
def test_the_network_reads_the_planes_that_it_was_trained_on(tmp_path: Path, game: Path, planes: str) -> None:
    module = load_module(make_run(tmp_path / "runs", f"model.planes={planes}"))
    groups = plane_groups("alphago" if planes == "alphago" else planes.strip("[]").split(","))
    every = np.arange(10)
    positions = GoDataset(read_games(game, size=9), np.zeros(10, int), every, groups, symmetries=False)
    batch = positions[Draw(every, None)]
    with torch.inference_mode():
        logits = module.logits(as_tensors(batch))
    answers = logits.masked_fill(~torch.from_numpy(batch["legal"]), -torch.inf).argmax(1)
    for row in predict(module, game, top=1).rows:
        assert row["best"][0]["name"] == point_names(9)[answers[row["move"] - 1]]


def test_a_game_is_drawn_as_a_curve_and_the_boards_of_its_surprises(module: Classifier, game: Path) -> None:
    prediction = predict(module, game, top=3)
    least = sorted(prediction.rows, key=lambda row: row["probability"])[:SURPRISES]
    least.sort(key=lambda row: row["move"])
    drawn = list(prediction.pictures)
    assert [name for name, _ in drawn] == ["game.sgf", *(f"game.sgf move {row['move']}" for row in least)]
    for row, (_, figure) in zip(least, drawn[1:], strict=True):
        title, subtitle, *_ = (text.get_text() for text in figure.texts)
        assert title == f"game.sgf, move {row['move']}: {row['colour'].capitalize()} to play"
        assert subtitle.startswith(f"{row['played']} was played")
        assert f"no. {row['rank']}," in subtitle


def test_a_game_is_written_with_comments_and_its_surprises_marked(
    module: Classifier, game: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domains.go.predict.MARKED", 2)
    prediction = predict(module, game, top=3)
    ((name, data),) = prediction.pages.items()
    assert name == "game-commented.sgf"
    root, *main = sgf.Sgf_game.from_bytes(data).get_main_sequence()
    assert [node.get_move()[1] is not None for node in main] == [move != "pass" for move in PLAYED]
    surprising = sorted(
        (row for row in prediction.rows if row["rank"] > 1), key=lambda row: row["probability"]
    )[:2]
    moves = sorted(row["move"] for row in surprising)
    assert root.get("C").endswith(f"Most surprising moves: {moves[0]}, {moves[1]}.")
    assert prediction.summary.index(f"move {surprising[0]['move']}, ") < prediction.summary.index(
        f"move {surprising[1]['move']}, "
    )
    rows = {row["move"]: row for row in prediction.rows}
    for number, node in enumerate(main, start=1):
        assert node.has_property("C") == (number in rows)
        assert node.has_property("HO") == (number in moves)
        if number in rows:
            row, best = rows[number], rows[number]["best"]
            comment = node.get("C")
            assert comment.startswith(f"Policy: choice no. {row['rank']}, {percent(row['probability'])}.")
            assert (f"{best[0]['name']} {percent(best[0]['probability'])}, " in comment) == (row["rank"] > 1)
        if number in moves:
            labels = {format_vertex(point): label for point, label in node.get("LB")}
            names = [move["name"] for move in rows[number]["best"]]
            assert labels == {n: str(k) for k, n in enumerate(names, 1) if n != rows[number]["played"]}
    assert predict(module, game, top=3, move=8).pages == {}


def test_files_of_several_games_are_commented_each_in_its_own_place(
    module: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "games"
    (folder / "a").mkdir(parents=True)
    other = b"(;SZ[21];B[ba])"
    (folder / "a-b.sgf").write_bytes(b"(;SZ[9];B[ee];W[dd])")
    (folder / "a" / "b.sgf").write_bytes(other + GAME + b"(;SZ[9])" + GAME.replace(b"W[dd]", b"W[de]"))
    (folder / "c.sgf").write_bytes(other)
    pages = predict(module, folder, top=1).pages
    assert sorted(pages) == ["a-b-2-commented.sgf", "a-b-commented.sgf"]
    longer = max(pages.values(), key=len)
    assert longer.startswith(other)
    assert b"(;SZ[9])" in longer
    assert longer.count(b"Most surprising") == 2
    monkeypatch.setattr("domains.go.predict.DRAWN", 3)
    prediction = predict(module, folder, top=1)
    assert sum(page.count(b"Most surprising") for page in prediction.pages.values()) == 2
    assert "pictures and comments of the first 3 games" in prediction.summary


def test_the_board_drawn_is_that_before_the_move(
    module: Classifier, game: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = {}
    monkeypatch.setattr(
        "domains.go.predict.move_picture", lambda stones, p, **more: shown.update(more, stones=stones, p=p)
    )
    for move, last in ((1, None), (6, "C8"), (8, None), (10, "B7")):
        list(predict(module, game, top=3, move=move).pictures)
        board = board_before(move)
        for row, column in np.ndindex(9, 9):
            stone = {None: 0, "b": 1, "w": 2}[board.get(8 - row, column)]
            assert shown["stones"][row, column] == stone
        assert shown["last"] == (None if last is None else point_names(9).index(last))
        assert shown["played"] == point_names(9).index(PLAYED[move - 1])
        assert shown["p"].sum() == pytest.approx(1, rel=1e-5)


def test_a_file_of_several_games(module: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "two.sgf"
    path.write_bytes(GAME + GAME.replace(b"W[dd]", b"W[de]"))
    prediction = predict(module, path, top=1)
    assert [row["file"] for row in prediction.rows] == ["two.sgf game 1"] * 9 + ["two.sgf game 2"] * 9
    assert [row["move"] for row in predict(module, path, top=1, move=10).rows] == [10, 10]


def test_on_other_boards_it_predicts_what_the_engine_plays_there(tmp_path: Path, game: Path) -> None:
    large = tmp_path / "games" / "large.sgf"
    large.parent.mkdir()
    large.write_bytes(LARGE)
    (large.parent / "game.sgf").write_bytes(GAME)
    run = make_run(tmp_path / "run")
    rows = predict(load_module(run), large.parent, top=200).rows
    assert [row["file"] for row in rows] == ["game.sgf"] * 9 + ["large.sgf"] * 3
    engine = Engine(Policy.load(run, 1), temperature=0, sensible=False, superko=False, seed=0)
    records = {size: read_games(path, size=size) for size, path in ((9, game), (13, large))}
    for row in rows:
        size, ply = 13 if row["file"] == "large.sgf" else 9, row["move"] - 1
        before = Game(size, [], records[size].moves_of(0)[:ply].tolist())
        wanted = engine.probabilities(before, ply % 2)
        names = point_names(size)
        shown = {move["name"]: move["probability"] for move in row["best"]}
        assert shown == pytest.approx({name: wanted[names.index(name)] for name in shown}, abs=1e-5)
        assert max(wanted) == pytest.approx(row["best"][0]["probability"], abs=1e-5)


def test_games_on_boards_that_the_layers_do_not_fit_are_skipped_or_refused(tmp_path: Path) -> None:
    module = load_module(make_run(tmp_path / "run", "model=go/pooled"))
    games = tmp_path / "games"
    games.mkdir()
    (games / "large.sgf").write_bytes(LARGE)
    with pytest.raises(UserError, match=r"large\.sgf: a board of 13×13, but the network plays on 9×9"):
        predict(module, games, top=1)
    (games / "game.sgf").write_bytes(GAME)
    assert "1 board size: large.sgf (13×13, not 9×9)" in predict(module, games, top=1).summary


@pytest.mark.parametrize(
    ("move", "words"),
    [
        (0, ["game.sgf", "got 0", "from 1 to 11"]),
        (12, ["game.sgf", "got 12", "from 1 to 11"]),
        ("last", ["game.sgf", "got last", "from 1 to 11"]),
        (True, ["game.sgf", "got True", "from 1 to 11"]),
        (7, ["game.sgf", "got 7, which is a pass"]),
    ],
)
def test_a_move_that_is_not_there(module: Classifier, game: Path, move: int | str, words: list[str]) -> None:
    with pytest.raises(UserError) as error:
        predict(module, game, top=5, move=move)
    assert all(word in str(error.value) for word in words)


def test_the_move_to_come_after_the_last_one(module: Classifier, game: Path) -> None:
    prediction = predict(module, game, top=3, move=11)
    (row,) = prediction.rows
    policy = policy_before(11)
    assert (row["move"], row["colour"]) == (11, "black")
    assert (row["played"], row["rank"], row["probability"]) == (None, None, None)
    assert [move["name"] for move in row["best"]] == sorted(policy, key=policy.__getitem__, reverse=True)[:3]
    ((name, figure),) = prediction.pictures
    assert name == "game.sgf move 11"
    assert figure.texts[1].get_text() == "the move to come"


@pytest.mark.parametrize(
    ("record", "colour", "move"),
    [
        *[
            ("AB[ee][ff]AW[dd]", "black", 1),
            ("AB[ee]AW[dd]PL[W]", "white", 1),
            ("HA[2]AB[ee][cc]", "white", 1),
        ],
        *[("", "black", 1), ("AB[]AW[]", "black", 1), (";B[];W[];B[]", "white", 4)],
    ],
)
def test_a_problem_without_moves_has_one_position(
    module: Classifier, tmp_path: Path, record: str, colour: str, move: int
) -> None:
    path = tmp_path / "problem.sgf"
    path.write_text(f"(;SZ[9]{record})")
    prediction = predict(module, path, top=81)
    (row,) = prediction.rows
    assert (row["colour"], row["move"], row["played"]) == (colour, move, None)
    stones = record.count("[") - 1 if record.startswith("A") and "[]" not in record else 0
    assert sum(point["probability"] > 0 for point in row["best"]) <= 81 - stones
    assert sum(point["probability"] for point in row["best"]) == pytest.approx(1)
    assert len(list(prediction.pictures)) == 1


def test_games_problems_and_copies_are_all_predicted(module: Classifier, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.sgf", "b.sgf"):
        (folder / name).write_bytes(GAME)
    (folder / "c.sgf").write_bytes(b"(;SZ[9]AB[ee])")
    (folder / "d.sgf").write_bytes(b"(;SZ[9];B[ee];W[ee])")
    (folder / "e.txt").write_bytes(b"notes")
    prediction = predict(module, folder, top=1)
    assert [row["file"] for row in prediction.rows] == ["a.sgf"] * 9 + ["b.sgf"] * 9 + ["c.sgf", "d.sgf"]
    assert "5 seen, 4 used, 1 skipped\n  1 of kind .txt: e.txt" in prediction.summary
    assert "1 illegal move: d.sgf (move 2 is illegal)" in prediction.summary
    assert "19 moves played" in prediction.summary


def test_a_board_without_a_legal_move(module: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "full.sgf"
    path.write_text("(;SZ[9]AB[aa:hi][ib:ii]PL[B])")  # the one empty point is suicide
    (row,) = predict(module, path, top=2).rows
    assert [point["probability"] for point in row["best"]] == [0, 0]


def test_input_without_a_game_for_the_network(module: Classifier, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty: no file in it that ends in \.sgf"):
        predict(module, tmp_path / "empty", top=5)
    with pytest.raises(UserError, match=r"missing\.sgf: no such file"):
        predict(module, tmp_path / "missing.sgf", top=5)


def test_the_command_leaves_lines_and_pictures(
    run: Run, game: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    prediction = command_predict(settings(run, game, f"output={tmp_path / 'answers'}"))
    lines = (tmp_path / "answers" / "predictions.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == prediction.rows
    pictures = sorted((tmp_path / "answers").glob("*.png"))
    assert [picture.name[:12] for picture in pictures] == [f"{i:03d}-game.sgf" for i in (1, 2, 3, 4)]
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    out = capsys.readouterr().out
    assert all(row["played"] in out for row in prediction.rows)
    assert out.endswith(f"predictions: {tmp_path / 'answers'}\n")


def test_names_that_files_may_have_are_no_markup(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = tmp_path / "[bold]$\\x 棋 {y}.sgf"
    path.write_bytes(GAME)
    prediction = command_predict(settings(run, tmp_path, "move=2", f"output={tmp_path / 'out'}"))
    assert prediction.rows[0]["file"] == path.name
    assert path.name in capsys.readouterr().out
    assert [p.name for p in (tmp_path / "out").glob("*.png")] == ["001--bold-x-y-.sgf-move-2.png"]


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("+mvoe=3", ["mvoe=3", "domain go", "did you mean 'move'"]),
        ("top=0", ["top: must be", "got 0"]),
        ("move=99", ["move: must be from 1 to 11", "got 99"]),
    ],
)
def test_a_mistake_is_reported_and_nothing_is_written(
    run: Run, game: Path, override: str, words: list[str]
) -> None:
    with pytest.raises(UserError) as error:
        command_predict(settings(run, game, override))
    assert all(word in str(error.value) for word in words)
    assert not (run.folder / "predictions").exists()


def test_as_a_user_runs_it(run: Run, game: Path, tmp_path: Path) -> None:
    done = command("predict", f"run={run.folder}", "input=game.sgf", "move=6", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.splitlines()[-1].removeprefix("predictions: "))
    assert folder.parent == run.folder / "predictions"
    assert {path.name for path in folder.iterdir()} == {"predictions.jsonl", "001-game.sgf-move-6.png"}

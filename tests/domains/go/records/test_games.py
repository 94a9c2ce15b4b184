"""From a user's files to positions: filters, duplicates, split, cache, and unusual input."""

import io
import itertools
import os
import random
import re
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sgfmill import sgf as sgfmill_sgf
from sgfmill.boards import Board
from sgfmill.sgf_moves import get_setup_and_moves

from domains.go.records import read as records
from domains.go.records.games import GameRecords
from domains.go.records.select import read_games
from shared.errors import UserError

DATA = os.environ.get("CONVOLUTIONS_DATA")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONVOLUTIONS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def draw(seed: int, moves: int = 60, size: int = 19) -> list[tuple[int, int]]:
    """Moves (column, row) that touch no other, so that all are legal wherever they are turned."""
    points = [(x, y) for x in range(0, size, 2) for y in range(0, size, 2)]
    return random.Random(seed).sample(points, moves)


def text(moves: list[tuple[int, int]], root: str = "", first: int = 0) -> str:
    letters = "abcdefghijklmnopqrst"
    played = (f";{'BW'[(t + first) % 2]}[{letters[x]}{letters[y]}]" for t, (x, y) in enumerate(moves))
    return f"(;GM[1]{root}{''.join(played)})"


def write(folder: Path, *games: str) -> Path:
    folder.mkdir(exist_ok=True)
    for number, game in enumerate(games):
        (folder / f"{number:03d}.sgf").write_text(game)
    return folder


def read(path: Path, **options: object) -> GameRecords:
    return read_games(path, **options)  # type: ignore[arg-type]


def codes(games: GameRecords, g: int) -> list[int]:
    return games.moves_of(g).tolist()


def turned(moves: list[tuple[int, int]], form: int, size: int = 19) -> list[tuple[int, int]]:
    for _ in range(form % 4):
        moves = [(size - 1 - y, x) for x, y in moves]
    return [(y, x) for x, y in moves] if form >= 4 else moves


def test_columns_hold_the_properties_of_the_files(tmp_path: Path) -> None:
    a, b = draw(1), draw(2, 30)
    path = write(
        tmp_path / "in",
        text(a, "BR[6d]WR[?]RE[B+3.5]DT[2001-01-01]"),
        text(b, "HA[2]AB[bb][dd]BR[9p]WR[1k]", first=1),
    )
    games = read(path)
    assert games.size.tolist() == [19, 19]
    assert codes(games, 0) == [2 * (19 * y + x) + t % 2 for t, (x, y) in enumerate(a)]
    assert codes(games, 1) == [2 * (19 * y + x) + (t + 1) % 2 for t, (x, y) in enumerate(b)]
    assert games.setup.tolist() == [2 * 20, 2 * 60]
    assert games.setup_start.tolist() == [0, 0, 2]
    assert games.handicap.tolist() == [0, 2]
    assert games.rank.tolist() == [[6, -128], [18, 0]]
    assert (games.result.tolist(), games.date.tolist()) == (["B+3.5", ""], ["2001-01-01", ""])
    assert games.name.tolist() == ["000.sgf", "001.sgf"]
    assert games.to_play.tolist() == [0, 1]
    assert games.summary == "in: 2 games, 90 positions"
    dtypes = [
        column.dtype for column in (games.size, games.setup_start, games.setup, games.move_start, games.moves)
    ]
    assert dtypes == [np.uint8, np.int64, np.int16, np.int64, np.int16]


def test_only_the_moves_of_one_player_count(tmp_path: Path) -> None:
    path = write(
        tmp_path / "in",
        text(draw(1), "PB[Anna]PW[Bert 2]"),
        text(draw(2), "PB[bert 2]PW[ANNA]"),
        text(draw(3), "PB[Carl]PW[Bert 2]"),
        text(draw(4), "PB[Anna]PW[anna]"),
        text(draw(5, 20, 9), "SZ[9]PB[Dora]PW[Anna]"),
        text(draw(6)),
    )
    everyone = read(path)
    assert everyone.player.tolist()[:2] == ["Anna\tBert 2", "bert 2\tANNA"]
    assert everyone.player[4] == "\t"
    games = read(path, player="anna")
    assert games.name.tolist() == ["000.sgf", "001.sgf", "003.sgf"]
    assert games.counts.tolist() == [True, False] * 30 + [False, True] * 30 + [True] * 60
    assert "2 not of anna: 002.sgf, 005.sgf" in games.summary
    assert read(path, player=["Carl", "Anna"]).name.tolist() == ["000.sgf", "001.sgf", "002.sgf", "003.sgf"]
    with pytest.raises(
        UserError, match=r"^data\.player: must be a player of these games, got 'ana'; nearest: a"
    ):
        read(path, player="ana")
    with pytest.raises(UserError, match=r"got ''; most frequent: Anna, Bert 2, "):
        read(path, player="")
    with pytest.raises(UserError, match=r"got 'Dora'; most frequent"):  # who plays on 9×9 alone
        read(path, player=["Anna", "Dora"])
    with pytest.raises(UserError, match="they name none"):
        read(write(tmp_path / "nameless", text(draw(6))), player="anna")
    with pytest.raises(UserError, match="must hold games to use, got none"):
        read(path, player="Carl", min_rank="9d")


@pytest.mark.parametrize(
    ("root", "player"),
    [
        ("PB[圍棋]".encode(), "圍棋"),
        (b"CA[big5]PB[" + "功許".encode("big5") + b"]", "功許"),
        (b"PB[" + "柯洁".encode("gb18030") + b"]", "柯洁"),
        (b"CA[no such]PB[\xff\xff]", ""),
        (b"PB[a\tb\n c\x1b]", "a b c"),
        (b"PB[" + b"x" * 10**5 + b"]", "x" * 100),
        (b"PB[]", ""),
    ],
)
def test_names_of_players_are_read_in_their_encoding(tmp_path: Path, root: bytes, player: str) -> None:
    (tmp_path / "game.sgf").write_bytes(b"(;" + root + b";B[aa];W[bb])")
    assert read(tmp_path / "game.sgf").player.tolist() == [f"{player}\t"]


def test_a_file_a_folder_and_archives_give_the_same(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", *(text(draw(seed)) for seed in range(5)))
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    for kind in ("gz", "xz"):
        with tarfile.open(tmp_path / f"in.tar.{kind}", f"w:{kind}") as tar:  # type: ignore[call-overload]
            for file in sorted(folder.iterdir()):
                tar.add(file, file.name)
    (tmp_path / "in.sgf").write_text("\n".join(file.read_text() for file in sorted(folder.iterdir())))
    expected = read(folder)
    for name in ("in.zip", "in.tar.gz", "in.tar.xz", "in.sgf"):
        games = read(tmp_path / name)
        assert np.array_equal(games.moves, expected.moves)
        assert np.array_equal(games.move_start, expected.move_start)


def test_filters_and_the_summary(tmp_path: Path) -> None:
    path = write(
        tmp_path / "in",
        text(draw(0), "BR[6d]WR[5d]"),
        text(draw(1, 20, 9), "SZ[9]BR[6d]WR[6d]"),
        text(draw(2), "HA[4]BR[6d]WR[6d]", first=1),
        text(draw(3, 10), "BR[6d]WR[6d]"),
        text(draw(4), "BR[5d]WR[?]"),
        text(draw(0), "BR[6d]WR[5d]"),
        text(draw(5), "BR[1p]WR[6d]"),
        "(;GM[1])",
        "no game",
    )
    games = read(path, max_handicap=3, min_rank="6d", min_moves=11)
    assert games.name.tolist() == ["000.sgf", "006.sgf"]
    assert games.counts.tolist() == [True, False] * 30 + [True] * 60  # the moves of 6 dan and stronger
    assert games.summary.split("\n") == [
        "in: 2 games, 90 positions",
        "records: 9 seen, 2 used, 7 skipped",
        "  2 fewer than 11 moves: 003.sgf, 007.sgf",
        "  1 unreadable: 008.sgf (no SGF data)",
        "  1 board size: 001.sgf (9×9, not 19×19)",
        "  1 handicap above 3: 002.sgf",
        "  1 no player of 6d: 004.sgf",
        "  1 duplicates: 005.sgf",
    ]
    assert len(read(path).size) == 5
    assert read(path, size=9).name.tolist() == ["001.sgf"]
    with pytest.raises(UserError, match=r"data\.min_rank: must be a rank such as 6d.*'six'"):
        read(path, min_rank="six")


def test_a_copy_is_skipped_only_if_another_copy_is_used(tmp_path: Path) -> None:
    path = write(tmp_path / "in", text(draw(0)), text(draw(0), "BR[6d]WR[6d]"))
    assert read(path, min_rank="6d").name.tolist() == ["001.sgf"]
    assert read(path).name.tolist() == ["000.sgf"]


def test_rotated_and_mirrored_copies_are_duplicates_in_one_split(tmp_path: Path) -> None:
    forms = [text(turned(draw(seed), form)) for seed in range(12) for form in range(8)]
    path = write(tmp_path / "in", *forms)
    assert len(set(forms)) == 96
    games = read(path)
    assert games.name.tolist() == [f"{8 * seed:03d}.sgf" for seed in range(12)]
    splits = []
    for form in range(8):
        folder = write(tmp_path / f"form{form}", *(text(turned(draw(s), form)) for s in range(12)))
        splits.append(read(folder).splits(val=0.3, test=0.3).tolist())
    assert all(names == splits[0] for names in splits)
    assert set(splits[0]) == {"train", "val", "test"}


def test_setup_stones_make_another_game(tmp_path: Path) -> None:
    moves = draw(0)
    stones = [
        "",
        "AB[bb]",
        "AB[bd]",
        "AW[bb]",
        "AB[rr]",
    ]  # the second and the last are mirror images in setup alone
    games = read(write(tmp_path / "in", *(text(moves, root) for root in stones)))
    assert len(games.size) == 5


def test_the_split_is_stable_and_keeps_shares(tmp_path: Path) -> None:
    some = write(tmp_path / "some", *(text(draw(seed)) for seed in range(200)))
    splits = read(some).splits(val=0.2, test=0.1)
    shares = [(splits == name).mean() for name in ("train", "val", "test")]
    assert np.abs(np.subtract(shares, [0.7, 0.2, 0.1])).max() < 0.08
    more = write(tmp_path / "more", *(text(draw(seed)) for seed in (*range(500, 600), *range(200))))
    assert read(more).splits(val=0.2, test=0.1)[100:].tolist() == splits.tolist()
    cut = write(tmp_path / "cut", *(text(draw(seed)[: 30 + seed % 30]) for seed in range(200)))
    assert read(cut).splits(val=0.2, test=0.1).tolist() == splits.tolist()
    assert set(read(some).splits(val=0.0, test=0.0)) == {"train"}
    wider = read(some).splits(val=0.2, test=0.3)  # a larger test set keeps the smaller one
    assert (wider[splits == "test"] == "test").all()


def test_positions_are_all_moves_but_passes(tmp_path: Path) -> None:
    path = write(tmp_path / "in", text(draw(0, 3)), "(;B[aa];W[];B[ss];W[tt];B[cc])", text(draw(1, 2)))
    games = read(path)
    game, ply = games.positions(np.array([True, True, True]))
    assert list(zip(game.tolist(), ply.tolist(), strict=True)) == [
        *[(0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (1, 4), (2, 0), (2, 1)]
    ]
    assert game.dtype == ply.dtype == np.int64
    game, ply = games.positions(np.array([False, True, False]))
    assert game.tolist() == [1, 1, 1]
    assert len(games.positions(np.zeros(3, bool))[0]) == 0


# Records, the reason of their report, and the number of moves that are used; None if the game is skipped.
ODD = [
    ("(;B[aa];W[aa];B[bb])", "illegal move", 1),
    ("(;B[aa];W[ba];B[cc];W[ab];B[aa])", "illegal move", 4),  # suicide
    ("(;B[aa];W[bb];AB[cc];B[dd])", "setup after the first move", 2),
    ("(;B[aa];W[zz])", "unreadable move", 1),
    ("(;AB[dd]AW[dd];B[aa])", "illegal setup", None),
    ("(;AB[aa]AW[ab][ba];B[cc])", "illegal setup", None),  # a stone without liberties
    ("(;B[aa];W[bb", "unreadable", None),
    ("nothing like a game", "unreadable", None),
    ("(;GM[3];B[aa])", "not Go", None),
    ("(;SZ[9:13];B[aa])", "board size", None),
    ("(;SZ[9];B[aa])", "board size", None),
]


@pytest.mark.parametrize(("odd", "reason", "used"), ODD)
def test_oddities_are_counted_or_with_strict_refused(
    tmp_path: Path, odd: str, reason: str, used: int | None
) -> None:
    path = write(tmp_path / "in", text(draw(0)), odd, text(draw(1)))
    games = read(path)
    assert np.diff(games.move_start).tolist() == ([60, 60] if used is None else [60, used, 60])
    *_, heading, skipped = games.summary.split("\n")
    assert re.fullmatch(rf"  1 {reason}: 001\.sgf \(.+\)", skipped)
    assert heading == ("records: 3 seen, 2 used, 1 skipped" if used is None else "used up to an error:")
    with pytest.raises(UserError, match=rf"in/001\.sgf: {reason}: .*strict"):
        read(path, strict=True)
    alone = write(tmp_path / "alone", odd)
    if used is None:
        with pytest.raises(UserError, match=f"alone: must hold games to use.*{reason}: 000.sgf"):
            read(alone)
    (tmp_path / "in/001.sgf").unlink()
    assert len(read(path, strict=True).size) == 2


@pytest.mark.parametrize("kind", ["folder", "zip", "tar.xz"])
def test_every_file_is_accounted_for(tmp_path: Path, kind: str) -> None:
    files = {
        "a.sgf": text(draw(0)), "sub/B.SGF": text(draw(1)), "cut.sgf": "(;B[aa]",
        "sub/c.gib": "", "d.ugf": "", "e.sgf.gz": "", "f.txt": "",
        "sub/.ipynb_checkpoints/a.sgf": text(draw(2)), "._a.sgf": "", "__MACOSX/a.sgf": "",
        **{f"many/{n:04d}.sgf": text(draw(n)) for n in range(10, 60)},
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(content)
    path = tmp_path / "in"
    if kind == "zip":
        path = tmp_path / "in.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    elif kind == "tar.xz":
        path = tmp_path / "in.tar.xz"
        with tarfile.open(path, "w:xz") as tar:
            for name in files:
                tar.add(tmp_path / "in" / name, name)
    games = read(path)
    assert len(games.size) == 52
    first, second, *reasons = games.summary.split("\n")
    assert (first, second) == (
        f"{path.name}: 52 games, 3,120 positions",
        "records: 60 seen, 52 used, 8 skipped",
    )
    assert sorted(reasons) == [
        "  1 of kind .gib: sub/c.gib",
        "  1 of kind .gz: e.sgf.gz",
        "  1 of kind .txt: f.txt",
        "  1 of kind .ugf: d.ugf",
        "  1 unreadable: cut.sgf (the game is truncated or broken)",
        next(line for line in reasons if line.startswith("  3 hidden: ")),
    ]
    with pytest.raises(UserError, match=r"in.*[!/](cut|d|e|f|sub/c)\.\S+: .*strict=false"):
        read(path, strict=True)


def test_strict_names_a_member_of_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("good/a.sgf", text(draw(0)))
        archive.writestr("odd/b.sgf", "(;B[aa];W[aa])")
    with pytest.raises(UserError, match=r"in\.zip!odd/b\.sgf: illegal move: move 2"):
        read(tmp_path / "in.zip", strict=True)


def test_paths_with_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file or folder"):
        read(tmp_path / "missing.tar.xz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no file in it that ends in \.sgf"):
        read(tmp_path / "empty")
    (tmp_path / "empty/readme.txt").write_text("not a game")
    with pytest.raises(UserError, match=r"no file in it that ends in \.sgf"):
        read(tmp_path / "empty")
    for name, data in {
        "text.sgf": b"Dear Sir,",
        "binary.sgf": bytes(range(256)) * 9,
        "none.sgf": b"",
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UserError, match=rf"{name}.*unreadable"):
            read(tmp_path / name)


def test_archives_that_are_broken_or_harmful_leave_nothing_behind(tmp_path: Path, cache: Path) -> None:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:xz") as tar:
        for number in range(300):
            data = text(draw(number)).encode()
            info = tarfile.TarInfo(f"{number}.sgf")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    (tmp_path / "cut.tar.xz").write_bytes(whole.getvalue()[: len(whole.getvalue()) * 2 // 3])
    with pytest.raises(UserError, match=r"cut\.tar\.xz: broken or truncated"):
        read(tmp_path / "cut.tar.xz")
    with zipfile.ZipFile(tmp_path / "climb.zip", "w") as archive:
        archive.writestr("a.sgf", text(draw(0)))
        archive.writestr("../b.sgf", text(draw(1)))
    with pytest.raises(UserError, match=r"climb\.zip!\.\./b\.sgf: the entry climbs out"):
        read(tmp_path / "climb.zip")
    (tmp_path / "large.sgf").write_bytes(b" " * (16 * 2**20 + 1))
    with pytest.raises(UserError, match=r"large\.sgf: 16,777,217 bytes"):
        read(tmp_path / "large.sgf")
    assert not cache.exists() or not list(cache.iterdir())


def test_the_second_reading_uses_the_cache_with_any_filters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "in", *(game for game, _, _ in ODD), *(text(draw(s), "BR[6d]") for s in range(5)))
    first = read(path)

    def never(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(records, "read_sgf", never)
    second = read(path)
    assert first.summary == second.summary
    for name, column in vars(first).items():
        assert np.array_equal(column, getattr(second, name)), name
    assert len(read(path, min_moves=10, min_rank="5d", max_handicap=0).size) == 5
    with pytest.raises(UserError, match="strict"):
        read(path, strict=True)
    monkeypatch.undo()
    monkeypatch.setenv("CONVOLUTIONS_CACHE", str(tmp_path / "elsewhere"))
    assert read(path, cache=tmp_path / "cache").summary == first.summary
    assert not (tmp_path / "elsewhere").exists()


def test_all_games_may_be_without_moves(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"must hold games to use, got none \(no move on the board\)"):
        read(write(tmp_path / "in", "(;GM[1])", "(;SZ[19];B[];W[])"), min_moves=0)


@pytest.mark.data
@pytest.mark.skipif(DATA is None, reason="CONVOLUTIONS_DATA does not name the folder of real data")
@pytest.mark.parametrize("name", ["kgs", "pro"])
def test_real_games_equal_those_that_sgfmill_reads(tmp_path: Path, name: str) -> None:
    """Moves and setup equal those of sgfmill's own reader: the first game, and one in fifty of the rest."""
    small = tmp_path / "in"
    small.mkdir()
    with tarfile.open(Path(str(DATA)) / f"go/{name}.tar.xz") as tar:
        files = (entry for entry in tar if entry.name.endswith(".sgf"))
        for number, entry in enumerate(itertools.islice(files, 0, None, 50)):
            data = tar.extractfile(entry)
            assert data is not None
            (small / f"{number:04d}.sgf").write_bytes(data.read())
    games = read(small, min_moves=10)
    assert len(games.size) > 500
    cut = 0
    for g, file in enumerate(games.name):
        board, moves = get_setup_and_moves(sgfmill_sgf.Sgf_game.from_bytes((small / file).read_bytes()))
        expected = [
            2 * (361 if move is None else (18 - move[0]) * 19 + move[1]) + "bw".index(colour)
            for colour, move in moves
        ]
        setup = games.setup_of(g).tolist()
        if setup != stones(board):  # handicap stones that are written as moves
            assert stones(board) == []
            assert setup == sorted(expected[: len(setup)])
            expected = expected[len(setup) :]
        cut += len(codes(games, g)) < len(expected)
        assert codes(games, g) == expected[: len(codes(games, g))]
    assert cut <= 5  # records that end with an illegal move


def stones(board: Board) -> list[int]:
    listed = board.list_occupied_points()
    return sorted(2 * ((18 - row) * 19 + col) + "bw".index(colour) for colour, (row, col) in listed)


def test_several_paths_are_read_as_one(tmp_path: Path) -> None:
    for name, seeds in (("a", (1, 2, 3)), ("b", (3, 4))):
        (tmp_path / name).mkdir()
        for seed in seeds:
            (tmp_path / name / f"{seed}.sgf").write_text(text(draw(seed), root="AB[bb]" * (seed == 4)))
    together = read_games([str(tmp_path / "a"), str(tmp_path / "b")])
    assert "a and b: 4 games" in together.summary
    assert "records: 5 seen, 4 used, 1 skipped\n  1 duplicates: 3.sgf" in together.summary
    (tmp_path / "b" / "3.sgf").unlink()
    apart = [read_games(tmp_path / name) for name in "ab"]
    for n in range(4):
        games, g = (apart[0], n) if n < 3 else (apart[1], 0)
        for column in ("moves", "setup"):
            start = "move_start" if column == "moves" else "setup_start"
            mine = getattr(together, column)[slice(*getattr(together, start)[n : n + 2])]
            assert np.array_equal(mine, getattr(games, column)[slice(*getattr(games, start)[g : g + 2])])
    assert list(together.name) == ["1.sgf", "2.sgf", "3.sgf", "4.sgf"]
    with pytest.raises(UserError, match="an empty list"):
        read_games([])
    with pytest.raises(UserError, match="c: no such file"):
        read_games([str(tmp_path / "a"), str(tmp_path / "c")])

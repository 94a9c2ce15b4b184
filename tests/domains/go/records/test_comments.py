"""Comments in SGF files: sgfmill reads them where they belong, and everything else is as it was."""

from collections.abc import Iterator

import pytest
from sgfmill import sgf

from domains.go.records.comments import Comment, with_comments
from domains.go.records.sgf import Record, read_sgf


def on_all(record: Record) -> Iterator[Comment]:
    yield Comment(None, "game")
    for ply in range(len(record.moves)):
        yield Comment(ply, f"ply {ply}", {3: "1", 10: "2"} if ply == 1 else {}, hot=ply == 1)


def commented(data: bytes) -> tuple[bytes, sgf.Sgf_game]:
    out = with_comments(data, on_all)
    game = sgf.Sgf_game.from_bytes(out)
    assert sgf.Sgf_game.from_bytes(game.serialise()).get_root().get("C") == game.get_root().get("C")
    assert [part.moves for part in read_sgf(out)] == [part.moves for part in read_sgf(data)]  # type: ignore[union-attr]
    return out, game


def test_every_move_gets_its_own_comment_and_all_else_stays() -> None:
    data = b"(;GM[1]FF[4]SZ[9]PB[a\\]b]\n ;B[ba]BL[30] ;W[bb]\n(;B[ab]N[x];W[ee])(;B[cc]C[aside];W[dd]))\n"
    out, game = commented(data)
    for piece in (b"PB[a\\]b]\n ", b"BL[30] ;", b"\n(;B[ab]", b"N[x]", b"(;B[cc]C[aside];W[dd]))\n"):
        assert piece in out
    main = game.get_main_sequence()
    assert [node.get("C") for node in main] == ["game", "ply 0", "ply 1", "ply 2", "ply 3"]
    assert main[2].get("LB") == [((8, 3), "1"), ((7, 1), "2")]  # rows from the bottom
    assert main[2].get("HO") == 1
    assert not any(node.has_property("LB") or node.has_property("HO") for node in (*main[:2], *main[3:]))


def test_a_comment_stands_behind_the_one_that_was_there() -> None:
    out, game = commented(b"(;SZ[9]C[x \\] y\\\\];C[first]B[ba];LB[aa:A]HO[2]W[bb]C[])")
    main = game.get_main_sequence()
    assert [node.get("C") for node in main] == ["x ] y\\\n\ngame", "first\n\nply 0", "\n\nply 1"]
    assert main[2].get("LB") == [((8, 0), "A")]
    assert out.count(b"HO") == 1


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "big5", "shift_jis", "euc_kr"])
def test_the_encoding_of_a_file_is_kept(encoding: str) -> None:
    name = {"big5": "功許", "shift_jis": "ソ表", "euc_kr": "바둑"}.get(
        encoding, "圍棋"
    )  # some end in a backslash
    data = f"(;SZ[9]CA[{encoding}]PB[".encode() + name.encode(encoding) + b"];B[ba];W[bb])"
    out = with_comments(data, on_all)
    assert out.decode(encoding).count(name) == 1
    assert b"B[ba]C[ply 0];W[bb]" in out
    assert out.replace(b"C[game]", b"").startswith(data[: data.index(b";B")])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_files_in_utf_16_stay_such(encoding: str) -> None:
    data = "(;SZ[9]PB[圍棋];B[ba];W[bb])".encode(encoding)
    assert with_comments(data, on_all).decode(encoding).startswith("(;SZ[9]C[game]PB[圍棋];B[ba]C[ply 0]")


def test_handicap_stones_that_are_moves_are_no_moves_of_the_game() -> None:
    out = with_comments(b"(;SZ[9];B[aa];B[bb];W[cc];B[dd])", on_all)
    assert b"B[aa];B[bb];W[cc]C[ply 0];B[dd]" in out


def test_games_of_one_file_are_told_apart_and_broken_ones_left_alone() -> None:
    data = b"(;SZ[9];B[ba])(;GM[2];B[bb])(;SZ[9])(;SZ[9];B[cc]W[dd];B[ee])(;SZ[9];B[dd]"
    out = with_comments(data, on_all)
    assert out == (
        b"(;SZ[9]C[game];B[ba]C[ply 0])(;GM[2];B[bb])(;SZ[9]C[game])"
        b"(;SZ[9]C[game];B[cc]W[dd]LB[da:1][bb:2]HO[1]C[ply 0\nply 1];B[ee]C[ply 2])(;SZ[9];B[dd]"
    )
    assert with_comments(b"no game", on_all) == b"no game"
    assert with_comments(data, lambda record: ()) == data

"""The board of the page without a server, in JavaScript: its planes are those of the networks."""

import tarfile
from typing import Any

import numpy as np
import pytest

from domains.go.board.games import Games
from domains.go.board.planes import GROUPS, batch_planes
from domains.go.board.points import move_colour, move_point
from domains.go.records.sgf import Record, UnusableError, read_sgf
from shared.config import PROJECT
from tests.shared.app.browser import chromium

GO = PROJECT / "domains" / "go"
EVERY = 17  # th position of a game
PLANES = """([games, groups]) => games.flatMap(({ size, setup, moves }) => {
  const board = new Board(size);
  for (const [point, colour] of setup) board.play(board.points[point], colour);
  return moves.flatMap(([point, colour], ply) => {
    const { data, legal } = board.planes(groups, ply, colour);
    if (point === size * size) board.ko = null;
    else {
      board.play(board.points[point], colour);
      board.born.set(board.points[point], ply);
    }
    return ply % EVERY ? [] : [[[...data.keys()].filter((n) => data[n]), legal]];
  });
})""".replace("EVERY", str(EVERY))


def records() -> list[Record]:
    """Every sixtieth bundled game."""
    with tarfile.open(GO / "sample" / "games.tar.xz") as games:
        files = [member for member in games.getmembers() if member.name.endswith(".sgf")][::60]
        contents = [member.read() for file in files if (member := games.extractfile(file))]
    return [game for data in contents for game in read_sgf(data) if not isinstance(game, UnusableError)]


def points(codes: list[int]) -> list[list[int]]:
    return [[int(move_point(code)), 1 + int(move_colour(code))] for code in codes]


@pytest.mark.slow
def test_positions_of_real_games_have_the_same_planes_and_legal_moves() -> None:
    games, expected = list[dict[str, Any]](), list[Any]()
    for record in records():
        starts = [np.array([0, len(codes)]) for codes in (record.setup, record.moves)]
        codes = [np.array(codes, np.int16) for codes in (record.setup, record.moves)]
        game = Games(np.array([record.size], np.uint8), starts[0], codes[0], starts[1], codes[1])
        planes, legal, _ = batch_planes(game, 0, np.arange(0, len(record.moves), EVERY), 0, list(GROUPS))
        expected += [
            [np.flatnonzero(one).tolist(), own.tolist()] for one, own in zip(planes, legal, strict=True)
        ]
        games.append({"size": record.size, "setup": points(record.setup), "moves": points(record.moves)})
    with chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.add_script_tag(content=(GO / "offline.js").read_text())
        assert page.evaluate(PLANES, [games, GROUPS]) == expected
    assert len(expected) > 50

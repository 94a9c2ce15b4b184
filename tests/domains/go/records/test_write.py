"""Games as SGF files: what is written is read back."""

from domains.go.board import Game, encode_move
from domains.go.records.sgf import Record, read_sgf
from domains.go.records.write import write_sgf


def test_setup_moves_and_passes_are_read_back() -> None:
    setup = [encode_move(point, colour) for point, colour in ((0, 0), (80, 0), (10, 1))]
    moves = [encode_move(point, n % 2) for n, point in enumerate((40, 81, 8, 72))]  # 81: a pass
    data = write_sgf(Game(9, setup, moves), {"KM": 5.5, "RE": "B+3.5"})
    [record] = read_sgf(data)
    assert isinstance(record, Record)
    assert (record.size, record.komi, record.result) == (9, 5.5, "B+3.5")
    assert sorted(record.setup) == sorted(setup)
    assert record.moves == moves

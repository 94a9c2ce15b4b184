"""From the records of a path to the games that are used: filters, copies, and an account of the rest."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domains.go.board import UNKNOWN, Games
from domains.go.records.read import Records, join, read_records
from domains.go.records.sgf import rank
from shared.errors import UserError
from shared.files import Arrays, Inventory, is_archive, printable


def read_games(
    path: str | Path | Sequence[str],
    *,
    size: int = 19,
    max_handicap: int | None = None,
    min_rank: str | None = None,
    min_moves: int = 1,
    strict: bool = False,
    learn: bool = True,
    cache: Path | None = None,
) -> Games:
    """Read game records; of equal ones, turned and mirrored ones included, the first.

    A game is used up to its first illegal move (suicide and retaking a ko at once are; repeating an earlier
    position is not), and up to stones that are put on the board or taken away after its first move.

    Args:
        path: an SGF file, a folder, or an archive (zip, tar, tar.gz, tar.xz, tar.bz2); or several.
        size: games on other boards are skipped.
        max_handicap: games with more handicap stones are skipped.
        min_rank: such as "6d": only moves of players at least that strong count, and games without any are
            skipped; 9p > 1p > 9d > 1d > 1k; unknown is below all.
        min_moves: games with fewer moves are skipped.
        strict: raise for what is odd in a record, no record, or not on a board of ``size``, instead of
            counting it.
        learn: the games are to be learned from, so copies are skipped and some move must count; False: all
            are wanted.
        cache: folder for the parsed games, see ``shared.files.cache_folder``.

    Raises:
        UserError: nothing to read, a broken archive, no game left; with ``strict`` the first oddity.
    """
    paths = [Path(each) for each in ([path] if isinstance(path, str | Path) else path)]
    if not paths:
        raise UserError("path: an empty list; name the files of the games")
    least = UNKNOWN if min_rank is None else rank(min_rank)
    if min_rank is not None and least == UNKNOWN:
        raise UserError(f"min_rank {min_rank!r}: write it as 6d, 3k or 9p")
    parts = [read_records(each, cache) for each in paths]
    seen, cut = Inventory(), Inventory()
    for each, part in zip(paths, parts, strict=True):
        for g in np.flatnonzero(part.columns["size"] != size):
            side = part.columns["size"][g]
            part.seen.skip(part.columns["name"][g], "board size", f"{side}×{side}, not {size}×{size}")
        if strict:
            _refuse(each, part)
        seen.add(part.seen)
        cut.add(part.cut)
    columns = join([part.columns for part in parts])

    moves, start = columns["moves"], columns["move_start"]
    length = np.diff(start)
    game_of = np.repeat(np.arange(len(length)), length)
    counts = moves >> 1 != columns["size"][game_of].astype(np.int64) ** 2
    counts &= columns["rank"][game_of, moves & 1] >= least

    left = columns["size"] == size
    most = np.iinfo(np.int16).max if max_handicap is None else max_handicap
    for reason, good in (
        (f"handicap above {max_handicap}", columns["handicap"] <= most),
        (f"fewer than {min_moves} move{'s' * (min_moves != 1)}", length >= min_moves),
        (f"no player of {min_rank}", columns["rank"].max(1, initial=UNKNOWN) >= least),
    ):
        _skip(reason, left & ~good, columns, seen)
        left &= good
    if learn:
        copies = left & ~_first_of_equal(columns["identity"], left)
        _skip("duplicates", copies, columns, seen)
        left &= ~copies
    chosen = np.flatnonzero(left)
    for g in chosen:
        seen.use(columns["name"][g])

    picked = _take(columns | {"counts": counts}, chosen)
    named = " and ".join(printable(each.name) for each in paths)
    lines = seen.summary("records")
    if not (picked["counts"].any() if learn else len(chosen)):
        reasons = "; ".join(line.strip() for line in lines[1:]) or "no move on the board"
        raise UserError(f"{', '.join(printable(str(each)) for each in paths)}: no game to use ({reasons})")
    numbers = ((len(chosen), "game"), (int(picked["counts"].sum()), "position"))
    counted = ", ".join(f"{n:,} {noun}{'s' * (n != 1)}" for n, noun in numbers)
    lines.insert(0, f"{named}: {counted}")
    if sum(cut.skipped.values()):
        lines += ["used only up to there:", *cut.summary()[1:]]
    return Games(**picked, summary="\n".join(lines))


def _skip(reason: str, skipped: NDArray[np.bool_], columns: Arrays, seen: Inventory) -> None:
    for g in np.flatnonzero(skipped):
        seen.skip(columns["name"][g], reason)


def _first_of_equal(identity: NDArray[np.uint64], among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(G,) whether a game is the first of those with its identity among the chosen ones."""
    chosen = np.flatnonzero(among)
    first = np.zeros(len(identity), bool)
    first[chosen[np.unique(identity[chosen], return_index=True)[1]]] = True
    return first


def _refuse(path: Path, part: Records) -> None:
    """With the place of what is odd as errors call it.

    Raises:
        UserError: something was skipped or is odd.
    """
    packed = is_archive(path) and not path.is_dir()
    place = f"{path}!" if packed else f"{path if path.is_dir() else path.parent}/"
    for inventory in (part.seen, part.cut):
        try:
            inventory.refuse(strict=True)
        except UserError as error:
            raise UserError(printable(f"{place}{error}")) from error


def _take(columns: Arrays, chosen: NDArray[np.int64]) -> Arrays:
    """The chosen games of all columns."""
    taken = {}
    for flat, start in (("setup", "setup_start"), ("moves", "move_start"), ("counts", "move_start")):
        first, length = columns[start][chosen], np.diff(columns[start])[chosen]
        taken[start] = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
        place = np.arange(taken[start][-1]) + np.repeat(first - taken[start][:-1], length)
        taken[flat] = columns[flat][place]
    return taken | {name: column[chosen] for name, column in columns.items() if name not in taken}

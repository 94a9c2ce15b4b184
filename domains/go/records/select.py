"""The games to use from the records of a path: filters, duplicates, and a summary."""

import difflib
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domains.go.board import is_pass, move_colour
from domains.go.records.games import GameRecords
from domains.go.records.packed import is_packed, read_any
from domains.go.records.read import Records
from domains.go.records.sgf import UNKNOWN, rank
from shared.errors import UserError
from shared.files import Inventory, is_archive, printable


def read_games(
    path: str | Path | Sequence[str],
    *,
    size: int | Collection[int] = 19,
    max_handicap: int | None = None,
    min_rank: str | None = None,
    player: str | Sequence[str] | None = None,
    min_moves: int = 1,
    strict: bool = False,
    learn: bool = True,
    cache: Path | None = None,
) -> GameRecords:
    """Read game records; of equal games, also rotated and mirrored ones, the first.

    A game is used up to its first illegal move (suicide or an immediate retake of a ko; repeating an earlier
    position is legal), and up to setup stones after its first move.

    Args:
        path: an SGF file, a folder, an archive (zip, tar, tar.gz, tar.xz, tar.bz2), or a file of ``pack``; or
            several.
        size: of the board, or several; games on others are skipped.
        max_handicap: games with more handicap stones are skipped.
        min_rank: such as "6d": only moves of players at least that strong count, and games without any are
            skipped; 9p > 1p > 9d > 1d > 1k; unknown is below all.
        player: a name, or several: only this player's moves count, and other games are skipped; capitals do
            not matter.
        min_moves: games with fewer moves are skipped.
        strict: refuse errors in records, other files, and other board sizes, instead of skipping them.
        learn: for training: skip duplicates, and require a move that counts; False: use all games.
        cache: folder for the parsed games, see ``shared.files.cache_folder``.

    Raises:
        UserError: nothing to read, a broken archive, no game left; with ``strict`` the first error.
    """
    paths = [Path(name) for name in ([path] if isinstance(path, str | Path) else path)]
    if not paths:
        raise UserError("data.path: must name files of games, got an empty list")
    min_strength = UNKNOWN if min_rank is None else rank(min_rank)
    if min_rank is not None and min_strength == UNKNOWN:
        raise UserError(f"data.min_rank: must be a rank such as 6d, 3k or 9p, got {min_rank!r}")
    parts = [read_any(path, cache) for path in paths]
    seen, cut = Inventory(), Inventory()
    sizes = [size] if isinstance(size, int) else sorted(size)
    boards = " or ".join(f"{side}×{side}" for side in sizes)
    for path, part in zip(paths, parts, strict=True):
        for g in np.flatnonzero(~np.isin(part.columns["size"], sizes)):
            side = part.columns["size"][g]
            part.seen.skip(part.columns["name"][g], "board size", f"{side}×{side}, not {boards}")
        if strict:
            _refuse(path, part)
        seen.add(part.seen)
        cut.add(part.cut)
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns}

    length = columns["moves_length"]
    game_of = np.repeat(np.arange(len(length)), length)
    counts = ~is_pass(columns["moves"], columns["size"][game_of].astype(np.int64))
    counts &= columns["rank"][game_of, move_colour(columns["moves"])] >= min_strength

    used = np.isin(columns["size"], sizes)
    mine = np.ones((len(length), 2), bool)
    if player is not None:
        mine = _games_of([player] if isinstance(player, str) else player, columns["player"][used], used)
        counts &= mine[game_of, move_colour(columns["moves"])]

    def select(kept: NDArray[np.bool_], reason: str) -> None:
        for name in columns["name"][used & ~kept]:
            seen.skip(name, reason)
        used[:] &= kept

    select(
        columns["handicap"] <= (np.inf if max_handicap is None else max_handicap),
        f"handicap above {max_handicap}",
    )
    select(length >= min_moves, f"fewer than {min_moves} move{'s' * (min_moves != 1)}")
    select(columns["rank"].max(1, initial=UNKNOWN) >= min_strength, f"no player of {min_rank}")
    select(mine[:, 0] | mine[:, 1], f"not of {player}")
    if learn:
        chosen, first = np.flatnonzero(used), np.zeros_like(used)
        first[chosen[np.unique(columns["identity"][chosen], return_index=True)[1]]] = True
        select(first, "duplicates")
    for name in columns["name"][used]:
        seen.use(name)

    of_used = {
        "setup": np.repeat(used, columns["setup_length"]),
        "moves": used[game_of],
        "counts": used[game_of],
    }
    lengths = {"setup_start": columns.pop("setup_length"), "move_start": columns.pop("moves_length")}
    kept = {name: column[of_used.get(name, used)] for name, column in (columns | {"counts": counts}).items()}
    kept |= {name: np.insert(np.cumsum(values[used]), 0, 0) for name, values in lengths.items()}
    lines = seen.summary("records")
    if not (kept["counts"].any() if learn else used.any()):
        reasons = "; ".join(line.strip() for line in lines[1:]) or "no move on the board"
        places = ", ".join(printable(str(path)) for path in paths)
        raise UserError(f"{places}: must hold games to use, got none ({reasons})")
    numbers = ((int(used.sum()), "game"), (int(kept["counts"].sum()), "position"))
    totals = ", ".join(f"{n:,} {noun}{'s' * (n != 1)}" for n, noun in numbers)
    lines.insert(0, f"{' and '.join(printable(path.name) for path in paths)}: {totals}")
    if sum(cut.skipped.values()):
        lines += ["used up to an error:", *cut.summary()[1:]]
    return GameRecords(**kept, summary="\n".join(lines))


def _games_of(
    names: Sequence[str], players: NDArray[np.object_], used: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(G, 2) where black and white have one of the names.

    Raises:
        UserError: neither has it in any game that is used.
    """
    pairs = [pair.split("\t") for pair in players.tolist()]
    played = {name.casefold(): name for pair in pairs for name in pair if name}
    for name in names:
        if str(name).casefold() not in played:
            close = difflib.get_close_matches(str(name).casefold(), played, 3, 0.5)
            often = Counter(name for pair in pairs for name in pair if name).most_common(5)
            named = [played[name] for name in close] or [name for name, _ in often]
            kind = "nearest" if close else "most frequent"
            hint = f"{kind}: {', '.join(named)}" if named else "they name none"
            raise UserError(f"data.player: must be a player of these games, got {str(name)[:80]!r}; {hint}")
    mine, wanted = np.zeros((len(used), 2), bool), {str(name).casefold() for name in names}
    mine[used] = np.array([[name.casefold() in wanted for name in pair] for pair in pairs]).reshape(-1, 2)
    return mine


def _refuse(path: Path, part: Records) -> None:
    """Refuse skipped and cut games, with their place."""
    packed = is_packed(path) or (is_archive(path) and not path.is_dir())
    place = f"{path}!" if packed else f"{path if path.is_dir() else path.parent}/"
    for inventory in (part.seen, part.cut):
        try:
            inventory.refuse(strict=True)
        except UserError as error:
            raise UserError(printable(f"{place}{error}")) from error

"""Parsed games in one file, ``games.npz``, from which any machine trains in seconds.

It holds the columns that the cache holds, of one path or several, before any filter. They are the games of
the archives themselves: a run's fingerprint is the same, so it may be resumed with either.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, ListConfig

from domains.go.board import LARGEST, SMALLEST, first_illegal
from domains.go.records.read import COLUMNS, TEXTS, VERSION, Records, hashes, lines_of, read_records
from domains.go.records.sgf import MOVES_LIMIT
from shared.config import Console, print_line
from shared.errors import UserError, named
from shared.files import Arrays, Inventory, printable, read_arrays, write_arrays, writing

SUFFIX = ".npz"
LENGTHS = {"setup": "setup_length", "moves": "moves_length"}
KINDS: dict[str, tuple[Any, int]] = {
    **{name: (kind, 1 + (name == "rank")) for name, kind in COLUMNS.items()},
    **dict.fromkeys(LENGTHS, (np.int16, 1)),
    **dict.fromkeys(LENGTHS.values(), (np.int64, 1)),
    **dict.fromkeys((*TEXTS, "form"), (np.uint8, 1)),
}
ANEW = "if an earlier version wrote it, write it anew from the SGF files with scripts/pack.py"
CHECKED = 1000  # games whose hashes are computed anew


def is_packed(path: Path) -> bool:
    """Whether the name is that of a file of parsed games."""
    return path.suffix.lower() == SUFFIX and not path.is_dir()


def pack(config: DictConfig) -> None:
    """Write the games of ``path`` to ``output``; see ``conf/pack.yaml``.

    Raises:
        UserError: nothing to read, or ``output`` cannot be written, or is none of the sort.
    """
    paths = [Path(path) for path in _listed(config.path)]
    output = Path(str(config.output))
    if not is_packed(output):
        raise UserError(f"output: must be a file that ends in {SUFFIX}, got {output}")
    if output.exists() and not config.overwrite:
        raise UserError(f"output: must be a new file, got {output}, which is there; give overwrite=true")
    parts = [read_any(path) for path in paths]
    arrays = {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns}
    for name in TEXTS:
        arrays[name] = np.frombuffer("\n".join(arrays[name]).encode(), np.uint8)
    arrays["form"] = np.frombuffer(VERSION.encode(), np.uint8)
    try:
        with writing(output) as file:
            write_arrays(file, {name: arrays[name] for name in KINDS})
    except OSError as error:
        raise UserError(
            f"output: must be a file that can be written, got {output} ({error.strerror})"
        ) from error
    console = Console()
    for path, part in zip(paths, parts, strict=True):
        for name in part.columns["name"]:
            part.seen.use(name)
        lines = [f"{printable(path.name)}: {part.seen.used:,} games", *part.seen.summary("records")]
        if part.cut.skipped:
            lines += ["used up to an error:", *part.cut.summary()[1:]]
        console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
    data = output.read_bytes()
    console.print(
        f"sha256 {hashlib.sha256(data).hexdigest()}, {len(data):,} bytes", highlight=False, soft_wrap=True
    )
    print_line(f"games: {output}")


def _listed(path: Any) -> Sequence[str]:
    paths = list(path) if isinstance(path, ListConfig) else [path]
    if not paths or not all(isinstance(name, str) for name in paths):
        raise UserError(
            f"path: must be a file, a folder or an archive of games, or a list of such, got {path}"
        )
    return paths


def read_any(path: Path, cache: Path | None = None) -> Records:
    """The records of SGF files, or of a file of parsed games.

    Raises:
        UserError: as ``read_records`` and ``unpack``.
    """
    return unpack(path) if is_packed(path) else read_records(path, cache)


def unpack(path: Path) -> Records:
    """The games of a file of parsed games, of unknown origin.

    Raises:
        UserError: it is missing, broken, or holds what no reader of SGF makes.
    """
    with named(path):
        if not path.is_file():  # a device or a pipe may never end
            raise UserError("no such file")
    columns: Arrays = read_arrays(path, KINDS, ANEW)
    with named(path):
        form = columns.pop("form").tobytes()
        if form != VERSION.encode():
            shown = printable(form[:40].decode(errors="replace"))
            raise UserError(f"form: must be {VERSION}, got {shown!r}; {ANEW}")
        _check(columns)
    return Records(columns, Inventory(), Inventory())


def _check(columns: Arrays) -> None:
    """Refuse what compiled code could not take: it replays games without looking."""
    number = len(columns["size"])
    for name in TEXTS:
        shown = ["\t".join(map(printable, line.split("\t"))) for line in lines_of(columns[name])]
        columns[name] = np.array(shown, object)
    if any(pair.count("\t") != 1 for pair in columns["player"]):
        raise UserError("player: must be the names of black and white, with a tab between them")
    for name, column in columns.items():
        if name not in LENGTHS and len(column) != number:
            raise UserError(
                f"{name}: must have one value for each of the {number:,} games, got {len(column):,}"
            )
    if columns["rank"].shape[1:] != (2,):
        raise UserError(f"rank: must have two columns, got {columns['rank'].shape[1]}")
    for name in ("result", "date"):
        if columns[name].view(np.uint32).max(initial=0) >= 0xD800:
            raise UserError(f"{name}: must be text, got signs beyond the first 55,296")
    bounds = (("size", SMALLEST, LARGEST), ("to_play", 0, 1), ("setup_length", 0, LARGEST**2))
    for name, low, high in (*bounds, ("moves_length", 0, MOVES_LIMIT), ("handicap", 0, 2**15 - 1)):
        for value in (columns[name].min(initial=high), columns[name].max(initial=low)):
            if not low <= value <= high:
                raise UserError(f"{name}: must be numbers from {low} to {high:,}, got {value}")
    ends = {codes: columns[length].cumsum() for codes, length in LENGTHS.items()}
    for codes, length in LENGTHS.items():
        if (total := int(columns[length].sum())) != len(columns[codes]):
            raise UserError(f"{length}: must be {len(columns[codes]):,} in all, got {total:,}")
    hashed = set(np.linspace(0, number - 1, min(number, CHECKED)).astype(int).tolist())
    for g in range(number):
        setup, moves = (
            columns[codes][end[g] - columns[LENGTHS[codes]][g] : end[g]] for codes, end in ends.items()
        )
        size = int(columns["size"][g])
        if (legal := first_illegal(size, setup, moves)) != len(moves):
            what = "setup stones without liberties" if legal < 0 else f"move {legal + 1} is illegal"
            raise UserError(f"game {g + 1}: must be legal, got one of which {what}")
        if g in hashed and hashes(size, setup, moves) != [columns["identity"][g], columns["opening"][g]]:
            raise UserError(f"game {g + 1}: must have the hashes of its moves, got others")

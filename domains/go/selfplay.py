"""The bundled sample: GNU Go 3.8 (Debian package gnugo) plays itself at mixed levels.

A game depends on its number alone: opening, levels and GNU Go's own chance are drawn from it.
"""

import random
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import track
from sgfmill import sgf
from sgfmill.common import format_vertex, move_from_vertex

from shared.archive import pack

Colour = Literal["b", "w"]
Point = tuple[int, int]

SIZE = 19
MOVES_AT_MOST = 450  # a triple ko would go on for ever under GNU Go's simple ko rule
# Level 0 costs 16 s a game, level 8 almost four times that: the cheap ones are drawn most often.
LEVELS = {0: 60, 1: 22, 2: 8, 4: 6, 6: 2, 8: 2}
HANDICAP_SHARE = 0.06
# (line, line) counted from a corner: where an empty corner is taken, and what is played near a taken one.
CORNER = [(3, 3), (3, 4), (4, 3), (4, 4), (4, 4), (3, 4), (4, 3), (3, 5), (5, 3), (4, 5), (5, 4)]
NEARBY = [(3, 6), (6, 3), (4, 6), (6, 4), (3, 5), (5, 3), (4, 5), (5, 4), (3, 10), (10, 3), (4, 10), (10, 4)]


def opening(rng: random.Random) -> list[Point]:
    """Two to eight moves on opening points, corners first, no two of them touching or next to touching."""
    corners = [(top, left) for top in (False, True) for left in (False, True)]
    rng.shuffle(corners)
    empty = list(corners)
    moves: list[Point] = []
    wanted = rng.randint(2, 8)
    while len(moves) < wanted:
        takes_corner = bool(empty) and rng.random() < 0.85
        top, left = empty[-1] if takes_corner else rng.choice(corners)
        line, other = rng.choice(CORNER if takes_corner else NEARBY)
        row, col = (SIZE - line if top else line - 1), (other - 1 if left else SIZE - other)
        if all(abs(row - r) + abs(col - c) > 2 for r, c in moves):
            moves.append((row, col))
            if takes_corner:
                empty.pop()
    return moves


class GnuGo:
    """One GNU Go process, spoken to in GTP version 2."""

    def __init__(self, seed: int) -> None:
        program = shutil.which("gnugo") or "/usr/games/gnugo"
        command = [program, "--mode", "gtp", "--seed", str(seed)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603

    def __call__(self, command: str) -> str:
        """Send a command, wait for its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        lines = list(iter(self.process.stdout.readline, "\n"))
        if not lines or not lines[0].startswith("="):
            raise RuntimeError(f"GNU Go answered {command!r} with {lines}")
        return "".join(lines)[1:].strip()

    def close(self) -> None:
        """End the process."""
        self("quit")
        self.process.communicate()


def play(number: int) -> bytes:
    """Game ``number`` as an SGF file."""
    rng = random.Random(number)  # noqa: S311 - a repeatable draw, not a secret
    levels = sorted(rng.choices(list(LEVELS), list(LEVELS.values()), k=2))
    handicap = rng.randint(2, 6) if rng.random() < HANDICAP_SHARE else 0
    if not handicap:  # in handicap games white has the higher level
        rng.shuffle(levels)
    level: dict[Colour, int] = {"b": levels[0], "w": levels[1]}
    komi = 0.5 if handicap else 6.5

    game = sgf.Sgf_game(size=SIZE)
    gnugo = GnuGo(seed=number + 1)  # 0 would mean the time of day
    gnugo(f"boardsize {SIZE}")
    gnugo(f"komi {komi}")
    if handicap:
        stones = [move_from_vertex(vertex, SIZE) for vertex in gnugo(f"fixed_handicap {handicap}").split()]
        game.get_root().set_setup_stones(stones, [])
        game.get_root().set("HA", handicap)
    book = [] if handicap else opening(rng)
    colour: Colour = "w" if handicap else "b"
    passes, result = 0, "Void"
    for ply in range(MOVES_AT_MOST):
        if ply < len(book):
            vertex = format_vertex(book[ply])
            gnugo(f"play {colour} {vertex}")
        else:
            gnugo(f"level {level[colour]}")
            vertex = gnugo(f"genmove {colour}")
        other: Colour = "w" if colour == "b" else "b"
        if vertex == "resign":
            result = f"{other.upper()}+R"
            break
        game.extend_main_sequence().set_move(colour, move_from_vertex(vertex, SIZE))
        passes = passes + 1 if vertex == "PASS" else 0
        if passes == 2:
            gnugo("level 0")
            result = gnugo("final_score")
            break
        colour = other
    gnugo.close()

    root = game.get_root()
    root.set("KM", komi)
    root.set("RU", "Japanese")
    root.set("RE", result)
    root.set("PB", f"GNU Go 3.8 level {level['b']}")
    root.set("PW", f"GNU Go 3.8 level {level['w']}")
    return game.serialise()


def make_sample(games: int, jobs: int, work: Path, archive: Path) -> None:
    """Play the games that are missing in the work folder, then pack all.

    Args:
        games: games 0 … games - 1.
        jobs: games played at the same time.
        work: folder of the games played.
        archive: what is written.
    """
    work.mkdir(parents=True, exist_ok=True)
    files = [work / f"{number:04d}.sgf" for number in range(games)]

    def make(number: int) -> None:
        if not files[number].exists():
            part = files[number].with_suffix(".part")
            part.write_bytes(play(number))
            part.replace(files[number])

    with ThreadPoolExecutor(jobs) as pool:
        for _ in track(
            pool.map(make, range(games)), "GNU Go plays itself", games, console=Console(stderr=True)
        ):
            pass
    pack(((file.name, file.read_bytes()) for file in sorted(files)), archive)

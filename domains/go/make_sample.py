"""The bundled sample: GNU Go 3.8 (Debian package gnugo) plays itself at mixed levels.

A game depends on its number alone: opening, levels and GNU Go's own chance are drawn from it.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import track
from sgfmill import sgf
from sgfmill.common import format_vertex, move_from_vertex

from domains.go.match import SIZE, Client, opening
from shared.files import pack

Colour = Literal["b", "w"]

MOVES_AT_MOST = 450  # a triple ko would go on for ever under GNU Go's simple ko rule
# Level 0 costs 16 s a game, level 8 almost four times that: the cheap ones are drawn most often.
LEVELS = {0: 60, 1: 22, 2: 8, 4: 6, 6: 2, 8: 2}
HANDICAP_SHARE = 0.06


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
    gnugo = Client(f"gnugo --mode gtp --seed {number + 1}")  # 0 would mean the time of day
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

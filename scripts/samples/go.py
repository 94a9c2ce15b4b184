"""Make the bundled dataset of Go games: GNU Go 3.8 (Debian package gnugo) plays itself at mixed levels.

nice python scripts/samples/go.py --jobs 2
python scripts/samples/go.py --size 9 --games 200 --work games9 --archive games9.tar.xz

A game depends on its number and the size alone: opening, levels and GNU Go's own chance are drawn from it.
Games in the work folder are not played again.
"""

import argparse
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sgfmill import sgf
from sgfmill.common import format_vertex, move_from_vertex

from domains.go.match import Client, opening
from scripts.samples.pack import pack
from shared.config import PROJECT, progress
from shared.files import write

MAX_MOVES = 450  # under GNU Go's simple ko rule a triple ko has no end
# Level 0 costs 16 s a game, level 8 almost four times that: the cheap ones are drawn most often.
LEVELS = {0: 60, 1: 22, 2: 8, 4: 6, 6: 2, 8: 2}
HANDICAP_SHARE = 0.06


def play(number: int, size: int = 19) -> bytes:
    """Game ``number`` as an SGF file."""
    rng = random.Random(number)  # noqa: S311 - a repeatable draw, not a secret
    levels = sorted(rng.choices(list(LEVELS), list(LEVELS.values()), k=2))
    handicap = rng.randint(2, 6 if size > 9 else 4) if rng.random() < HANDICAP_SHARE else 0
    if not handicap:  # in handicap games white has the higher level
        rng.shuffle(levels)
    level = {"b": levels[0], "w": levels[1]}
    komi = 0.5 if handicap else 6.5

    game = sgf.Sgf_game(size=size)
    gnugo = Client(f"gnugo --mode gtp --seed {number + 1}")  # 0 would mean the time of day
    gnugo(f"boardsize {size}")
    gnugo(f"komi {komi}")
    if handicap:
        stones = [move_from_vertex(vertex, size) for vertex in gnugo(f"fixed_handicap {handicap}").split()]
        game.get_root().set_setup_stones(stones, [])
        game.get_root().set("HA", handicap)
    book = [] if handicap else opening(rng, size)
    colour = "w" if handicap else "b"
    passes, result = 0, "Void"
    for ply in range(MAX_MOVES):
        if ply < len(book):
            vertex = format_vertex(book[ply])
            gnugo(f"play {colour} {vertex}")
        else:
            gnugo(f"level {level[colour]}")
            vertex = gnugo(f"genmove {colour}")
        other = "w" if colour == "b" else "b"
        if vertex == "resign":
            result = f"{other.upper()}+R"
            break
        game.extend_main_sequence().set_move(colour, move_from_vertex(vertex, size))
        passes = passes + 1 if vertex == "PASS" else 0
        if passes == 2:
            gnugo("level 0")
            result = gnugo("final_score")
            break
        colour = other
    gnugo.close()

    names = {f"P{colour.upper()}": f"GNU Go 3.8 level {level[colour]}" for colour in "bw"}
    for key, value in {"KM": komi, "RU": "Japanese", "RE": result, **names}.items():
        game.get_root().set(key, value)
    return game.serialise()


def main(words: list[str] | None = None) -> None:
    """Play the games that are missing in the work folder, then pack all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--games", type=int, default=305, help="about 20 seconds of one core each")
    parser.add_argument("--size", type=int, default=19, choices=range(9, 20, 2), help="of the board")
    parser.add_argument("--jobs", type=int, default=1, help="games played at the same time")
    parser.add_argument("--work", type=Path, default=PROJECT / ".cache/go_sample", help="folder of the games")
    parser.add_argument("--archive", type=Path, default=PROJECT / "domains/go/sample/games.tar.xz")
    args = parser.parse_args(words)
    args.work.mkdir(parents=True, exist_ok=True)
    files = [args.work / f"{number:04d}.sgf" for number in range(args.games)]

    def make(number: int) -> None:
        if not files[number].exists():
            write(files[number], play(number, args.size))

    with ThreadPoolExecutor(args.jobs) as pool:
        for _ in progress(pool.map(make, range(args.games)), "GNU Go plays itself", args.games):
            pass
    pack(((file.name, file.read_bytes()) for file in files), args.archive)


if __name__ == "__main__":
    main()

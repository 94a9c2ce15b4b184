"""Many games between two programs: colours alternate, openings vary, what has been played is kept."""

import csv
import hashlib
import io
import json
import math
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

import numpy as np
from omegaconf import DictConfig
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text
from sgfmill import sgf

from domains.go.client import Client
from domains.go.contest import Rules, opening_of, play_game, record
from shared.errors import UserError
from shared.run import write, write_json
from shared.scores import Score, score

SEATS = ("a", "b")


class Outcome(NamedTuple):
    """One game, as ``games.csv`` has it: a is black in the even ones.

    Attributes:
        number: of the game, from 0.
        black: a or b.
        result: as SGF has it.
        points: 1 if a has won, 0 if b, 0.5 for a draw.
        moves: that were played, the opening's and passes included.
        reason: how it ended.
    """

    number: int
    black: str
    result: str
    points: float
    moves: int
    reason: str


class Strength(NamedTuple):
    """Of a against b.

    Attributes:
        share: of the points, with Wilson's interval.
        elo: the difference that gives this share (Elo 1978: 400 log10(p / (1 - p))), and those that give the
            interval's ends; infinite where a share is 0 or 1.
    """

    share: Score
    elo: tuple[float, float, float]


class Match:
    """A match and its folder: ``0000.sgf`` …, ``match.json`` with what was agreed on, standard error of both.

    Args:
        names: of a and b, for the records.
        commands: of a and b.
        rules: that are agreed on.
        folder: where it lies; games found there are not played again.

    Raises:
        UserError: the folder cannot be made, or holds a match of other programs or rules.
    """

    def __init__(self, names: tuple[str, str], commands: tuple[str, str], rules: Rules, folder: Path):
        self.names, self.commands, self.rules, self.folder = names, commands, rules, folder
        agreed = {"a": commands[0], "b": commands[1], **rules._asdict()}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"output={folder}: cannot be made: {error.strerror}; name another folder"
            ) from error
        settings = folder / "match.json"
        if settings.exists() and settings.read_text() != json.dumps(agreed, indent=2) + "\n":
            raise UserError(
                f"output={folder}: holds a match on other terms, see its match.json; name another"
            )
        write_json(settings, agreed)
        self._tables = threading.local()
        self._clients: list[Client] = []
        self._stopped = False
        self._changing = threading.Lock()

    def file(self, number: int) -> Path:
        """Where game ``number`` is kept."""
        return self.folder / f"{number:04d}.sgf"

    def play(self, games: int, jobs: int) -> None:
        """Play what is missing of the games 0 … games - 1, so many at a time.

        Raises:
            UserError: a program does not start or does not accept an empty board.
        """
        missing = [number for number in range(games) if not self.file(number).exists()]
        pool = ThreadPoolExecutor(jobs)
        try:
            played = as_completed([pool.submit(self._play, number) for number in missing])
            for done in track(played, "playing", len(missing), console=Console(stderr=True)):
                done.result()
        finally:
            with self._changing:
                self._stopped = True  # from here on a program that ends is ended by us: nothing more is kept
                for client in self._clients:
                    client.close()
            pool.shutdown(cancel_futures=True)

    def _play(self, number: int) -> None:
        a, b = self._seated()
        game, result = play_game((a, b) if number % 2 == 0 else (b, a), opening_of(number), self.rules)
        if self._stopped:
            return
        names = self.names if number % 2 == 0 else self.names[::-1]
        write(self.file(number), record(game, result, names, self.rules))
        if result.text[2:] in ("T", "F"):
            self._rise()

    def _seated(self) -> tuple[Client, Client]:
        """This thread's two programs; they stay from game to game."""
        if not hasattr(self._tables, "players"):
            with self._changing:
                if self._stopped:
                    raise InterruptedError
                for seat, command in zip(SEATS, self.commands, strict=True):
                    self._clients.append(Client(command, self.folder / f"{seat}.log"))
                self._tables.players = self._clients[-2:]
        a, b = self._tables.players
        return a, b

    def _rise(self) -> None:
        """End this thread's programs: one that has failed may be in any state."""
        with self._changing:
            for client in self._tables.players:
                client.close()
                self._clients.remove(client)
        del self._tables.players

    def outcomes(self, games: int) -> list[Outcome]:
        """The games that have been played of the first so many.

        Raises:
            UserError: a file is none that a match has written.
        """
        return [self._read(number) for number in range(games) if self.file(number).exists()]

    def _read(self, number: int) -> Outcome:
        try:
            game = sgf.Sgf_game.from_bytes(self.file(number).read_bytes())
            result, reason = (str(game.get_root().get(key)) for key in ("RE", "C"))
        except (ValueError, KeyError) as error:
            raise UserError(f"{self.file(number)}: not a game of a match ({error}); delete it") from error
        black = SEATS[number % 2]
        points = {"B": float(black == "a"), "W": float(black == "b"), "0": 0.5}.get(result[:1])
        if points is None:
            raise UserError(f"{self.file(number)}: RE[{result}] names no winner; delete it")
        moves = len(game.get_main_sequence()) - 1
        return Outcome(number, black, result, points, moves, reason)


def strength(name: str, points: Sequence[float]) -> Strength:
    """The share of the points and what it says of the difference in strength."""
    share = score(name, np.array(points))
    low, value, high = (_elo(each) for each in (share.low, share.value, share.high))
    return Strength(share, (low, value, high))


def _elo(share: float) -> float:
    return math.copysign(math.inf, share - 0.5) if share in (0, 1) else 400 * math.log10(share / (1 - share))


def match(config: DictConfig) -> list[Strength]:
    """Play the match that ``conf/match.yaml`` describes, print its figures and write them beside the games.

    Raises:
        UserError: a program or a folder cannot be used, or a value is none that its key takes.
    """
    for key in ("games", "jobs"):
        if not isinstance(config[key], int) or config[key] < 1:
            raise UserError(f"{key}={config[key]}: give a whole number from 1")
    for key, least in (("seconds", 0), ("komi", -1000)):
        if not isinstance(config[key], int | float) or not least < config[key] < 1e6:
            raise UserError(f"{key}={config[key]}: give a number above {least}")
    names = str(config.a), str(config.b)
    a, b = (str(config.engines.get(name, name)) for name in names)
    scorer = None if config.score is None else str(config.engines.get(config.score, config.score))
    rules = Rules(float(config.komi), float(config.seconds), scorer)
    told = hashlib.sha256(json.dumps([a, b, rules]).encode()).hexdigest()[:10]
    folder = Path(config.output or Path("runs", "match", told)).absolute()
    held = Match(names, (a, b), rules, folder)
    held.play(config.games, config.jobs)
    return _report(held, held.outcomes(config.games))


def _report(held: Match, outcomes: list[Outcome]) -> list[Strength]:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerows([Outcome._fields, *outcomes])
    write(held.folder / "games.csv", text.getvalue())
    parts = {"all games": outcomes}
    for seat, colour in zip(SEATS, ("black", "white"), strict=True):
        parts[f"a {colour}"] = [each for each in outcomes if each.black == seat]
    found = [strength(name, [each.points for each in part]) for name, part in parts.items()]
    figures = {
        each.share.name: {
            "n": each.share.n,
            "win rate": each.share.value,
            "interval": [each.share.low, each.share.high],
            "elo": [None if math.isinf(e) else e for e in each.elo],
        }
        for each in found
    }
    forfeits = sum(each.result[2:] in ("T", "F") for each in outcomes)
    write_json(held.folder / "summary.json", figures | {"by time, crash or illegal move": forfeits})
    console = Console()
    console.print(_table(held, found))
    if forfeits:
        console.print(f"{forfeits} decided by time, a crash or an illegal move: see games.csv")
    console.print(f"match: {held.folder}", soft_wrap=True, highlight=False, markup=False)
    return found


def _table(held: Match, found: list[Strength]) -> Table:
    table = Table(title=Text(f"a: {held.names[0]}, b: {held.names[1]}"))
    table.add_column("")
    for name in ("a wins %", "95 % interval", "Elo", "95 % interval", "n"):
        table.add_column(name, justify="right")
    for each in found:
        share, (low, elo, high) = each.share, each.elo
        table.add_row(
            share.name,
            f"{100 * share.value:.1f}",
            f"{100 * share.low:.1f} … {100 * share.high:.1f}",
            f"{elo:+.0f}",
            f"{low:+.0f} … {high:+.0f}",
            f"{share.n:,}",
        )
    return table

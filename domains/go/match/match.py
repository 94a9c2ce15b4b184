"""Many games between two programs: colours alternate, openings vary, what has been played is kept."""

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console
from rich.progress import track
from sgfmill import sgf

from domains.go.match.client import Client
from domains.go.match.elo import SEATS, Outcome, Strength, write_report
from domains.go.match.openings import SIZE
from domains.go.match.play_game import Rules, opening_of, play_game, record
from shared.errors import UserError
from shared.files import write, write_json


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


def match(config: DictConfig) -> list[Strength]:
    """Play the match that ``conf/match.yaml`` describes, print its figures and write them beside the games.

    Raises:
        UserError: a program or a folder cannot be used, or a value is none that its key takes.
    """
    for key in ("games", "jobs"):
        if not isinstance(config[key], int) or config[key] < 1:
            raise UserError(f"{key}={config[key]}: give a whole number from 1")
    for key, least, most in (("seconds", 0, 1e6), ("komi", -(SIZE**2), SIZE**2)):
        number = config[key]
        if isinstance(number, bool) or not isinstance(number, int | float) or not least < number < most:
            raise UserError(f"{key}: must be a number between {least} and {most:g}, got {number}")
    names = str(config.a), str(config.b)
    a, b = (str(config.engines.get(name, name)) for name in names)
    scorer = None if config.score is None else str(config.engines.get(config.score, config.score))
    rules = Rules(float(config.komi), float(config.seconds), scorer)
    told = hashlib.sha256(json.dumps([a, b, rules]).encode()).hexdigest()[:10]
    folder = Path(config.output or Path("runs", "match", told)).absolute()
    held = Match(names, (a, b), rules, folder)
    held.play(config.games, config.jobs)
    return write_report(folder, names, held.outcomes(config.games))

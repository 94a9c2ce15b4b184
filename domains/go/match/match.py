"""A match of two programs: colours alternate, openings vary, finished games are kept."""

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from omegaconf import DictConfig
from rich.progress import track
from sgfmill import sgf

from domains.go.match.client import Client
from domains.go.match.elo import SEATS, Outcome, Strength, write_report
from domains.go.match.openings import SIZE
from domains.go.match.play_game import Rules, opening_of, play_game, record
from shared.config import Console
from shared.errors import Limit, UserError, require_int, require_number
from shared.files import make_folder, write, write_json


class Match:
    """A match and its folder: ``0000.sgf`` …, ``match.json`` with the terms, standard error of both programs.

    Args:
        names: of a and b, for the records.
        commands: of a and b.
        rules: of the games.
        folder: games in it are not played again.

    Raises:
        UserError: the folder cannot be created, or holds a match of other programs or rules.
    """

    def __init__(self, names: tuple[str, str], commands: tuple[str, str], rules: Rules, folder: Path):
        self.names, self.commands, self.rules, self.folder = names, commands, rules, folder
        terms = {"a": commands[0], "b": commands[1], **rules._asdict()}
        make_folder("output", folder)
        settings = folder / "match.json"
        if settings.exists() and settings.read_text() != json.dumps(terms, indent=2) + "\n":
            raise UserError(
                f"output: must be a folder of this match, got {folder} with another match.json; name another"
            )
        write_json(settings, terms)
        self._idle: list[tuple[Client, Client]] = []  # a and b, which continue from game to game
        self._clients: list[Client] = []
        self._stopped = False
        self._lock = threading.Lock()

    def file(self, number: int) -> Path:
        """The file of game ``number``."""
        return self.folder / f"{number:04d}.sgf"

    def play(self, games: int, jobs: int) -> None:
        """Play the missing games of 0 … games - 1, ``jobs`` at a time.

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
            with self._lock:
                self._stopped = True  # no game that ends from now on is kept
                self._close(*self._clients)
            pool.shutdown(cancel_futures=True)

    def _play(self, number: int) -> None:
        with self._lock:
            if self._stopped:
                raise InterruptedError
            engines = self._idle.pop() if self._idle else self._start()
        order = 1 if number % 2 == 0 else -1
        black, white = engines[::order]
        game, result = play_game((black, white), opening_of(number), self.rules)
        with self._lock:
            if self._stopped:
                return
            if result.text[2:] in ("T", "F"):  # a failed program may be in any state
                self._close(*engines)
            else:
                self._idle.append(engines)
        first, second = self.names[::order]
        write(self.file(number), record(game, result, (first, second), self.rules))

    def _start(self) -> tuple[Client, Client]:
        for seat, command in zip(SEATS, self.commands, strict=True):
            self._clients.append(Client(command, self.folder / f"{seat}.log"))
        a, b = self._clients[-2:]
        return a, b

    def _close(self, *clients: Client) -> None:
        for client in clients:
            client.close()
            self._clients.remove(client)

    def outcome(self, number: int) -> Outcome:
        """A finished game.

        Raises:
            UserError: its file was not written by a match.
        """
        file, black = self.file(number), SEATS[number % 2]
        try:
            game = sgf.Sgf_game.from_bytes(file.read_bytes())
            result, reason = (str(game.get_root().get(key)) for key in ("RE", "C"))
            points = {"B": float(black == "a"), "W": float(black == "b"), "0": 0.5}[result[:1]]
        except (ValueError, KeyError) as error:
            raise UserError(f"{file}: must be a game of a match ({error}); delete it") from error
        return Outcome(number, black, result, points, len(game.get_main_sequence()) - 1, reason)


def match(config: DictConfig) -> list[Strength]:
    """Play the match of ``conf/match.yaml``, and print and write its results.

    Raises:
        UserError: a program, a folder or a value cannot be used.
    """
    for key in ("games", "jobs"):
        require_int(key, config[key], 1)
    Limit(0, 10**6, without="low").check("seconds", config.seconds)
    require_number("komi", config.komi, -(SIZE**2), SIZE**2)
    names = str(config.a), str(config.b)
    a, b = (str(config.engines.get(name, name)) for name in names)
    scorer = None if config.score is None else str(config.engines.get(config.score, config.score))
    rules = Rules(float(config.komi), float(config.seconds), scorer)
    digest = hashlib.sha256(json.dumps([a, b, rules]).encode()).hexdigest()[:10]
    folder = Path(config.output or Path("runs", "match", digest)).absolute()
    games = Match(names, (a, b), rules, folder)
    games.play(config.games, config.jobs)
    return write_report(folder, names, [games.outcome(number) for number in range(config.games)])

"""A match of two programs: colours alternate, openings vary, finished games are kept."""

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import combinations
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig
from rich.progress import track
from sgfmill import sgf

from domains.go.board import LARGEST, SMALLEST, fixed_handicap
from domains.go.match.client import Client
from domains.go.match.elo import SEATS, Outcome, Strength, write_report
from domains.go.match.ladder import write_ladder
from domains.go.match.play_game import Rules, opening_of, play_game, record
from domains.go.match.stones import write_handicaps
from shared.config import Console, check_value, plain
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
        even = Rules._field_defaults  # which are no terms, as before they could be others
        terms = {"a": commands[0], "b": commands[1], **rules._asdict()}
        terms = {key: value for key, value in terms.items() if key not in even or value != even[key]}
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

    def black(self, number: int) -> str:
        """Who is black in game ``number``, a or b: in turn, but b with handicap stones."""
        return "b" if self.rules.handicap else SEATS[number % 2]

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
        order = 1 if self.black(number) == "a" else -1
        black, white = engines[::order]
        game, result = play_game((black, white), opening_of(number, self.rules), self.rules)
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
        file, black = self.file(number), self.black(number)
        try:
            game = sgf.Sgf_game.from_bytes(file.read_bytes())
            result, reason = (str(game.get_root().get(key)) for key in ("RE", "C"))
            points = {"B": float(black == "a"), "W": float(black == "b"), "0": 0.5}[result[:1]]
        except (ValueError, KeyError) as error:
            raise UserError(f"{file}: must be a game of a match ({error}); delete it") from error
        return Outcome(number, black, result, points, len(game.get_main_sequence()) - 1, reason)


def match(config: DictConfig) -> list[Strength]:
    """Play the match of ``conf/match.yaml``, and print and write its results.

    Of a list of handicaps, or a ladder, each match has a folder in the one of all.

    Raises:
        UserError: a program, a folder or a value cannot be used.
    """
    for key in ("games", "jobs"):
        require_int(key, config[key], 1)
    Limit(0, 10**6, without="low").check("seconds", config.seconds)
    require_int("size", config.size, SMALLEST, LARGEST)
    handicaps = _handicaps(config.handicap, config.size)
    if config.komi is not None:
        require_number("komi", config.komi, -(LARGEST**2), LARGEST**2)
    check_value(ladder := plain(config).get("ladder"), list[str] | None, "ladder")
    if ladder is not None and (len(set(ladder)) < max(2, len(ladder)) or handicaps != [0]):
        raise UserError(
            f"ladder: must be a list of at least two programs, each once, without handicap, got {ladder}"
        )
    pairs = [(str(config.a), str(config.b))] if ladder is None else list(combinations(ladder, 2))
    commands = {name: str(config.engines.get(name, name)) for pair in pairs for name in pair}
    scorer = None if config.score is None else str(config.engines.get(config.score, config.score))

    matches: list[tuple[tuple[str, str], Rules]] = []
    for pair in pairs:
        for stones in handicaps:
            komi = config.komi if config.komi is not None else 0.5 if stones else 7.5
            rules = Rules(float(komi), float(config.seconds), scorer, config.size, stones)
            matches.append((pair, rules))
    terms = [[*(commands[name] for name in pair), rules] for pair, rules in matches]
    known = json.dumps(terms[0] if len(terms) == 1 else terms)
    digest = hashlib.sha256(known.encode()).hexdigest()[:10]
    folder = Path(config.output or Path("runs", "match", digest)).absolute()
    played: list[list[Outcome]] = []
    for number, (pair, rules) in enumerate(matches, start=1):
        place = folder if len(matches) == 1 else folder / f"{number:02d}"
        games = Match(pair, (commands[pair[0]], commands[pair[1]]), rules, place)
        games.play(config.games, config.jobs)
        played.append([games.outcome(game) for game in range(config.games)])
        strengths = write_report(place, pair, played[-1])
    if ladder is not None:
        write_ladder(folder, ladder, pairs, played)
    elif len(handicaps) > 1:
        write_handicaps(folder, pairs[0], handicaps, played)
    return strengths


def _handicaps(value: Any, size: int) -> list[int]:
    """The numbers of stones that a match is played with."""
    chosen = list(value) if isinstance(value, ListConfig) else [value]
    for stones in chosen:
        if stones != 0 and (type(stones) is not int or fixed_handicap(size, stones) is None):
            must = f"0, or 2 to 9 stones (a list: a match with each) that {size}×{size} has points for"
            raise UserError(f"handicap: must be {must}, got {value}")
    if len(set(chosen)) < len(chosen) or not chosen:
        raise UserError(f"handicap: must name each number once, got {value}")
    return chosen

"""Predictions of a trained policy for the moves in a user's own game records."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from domains.go.board import Position, batch_planes, is_pass, move_colour, plane_groups, point_name
from domains.go.drawing import game_picture, move_picture
from domains.go.module import GoPolicy
from domains.go.records import (
    FILE_LIMIT,
    SUFFIXES,
    Comment,
    GameRecords,
    Record,
    read_games,
    read_records,
    with_comments,
)
from shared.commands import Answers, Predictions, answers, best
from shared.config import progress
from shared.errors import UserError
from shared.files import members, where
from shared.results import percent
from shared.training import Classifier

DRAWN = 20  # games of which pictures and comments are made
BATCH = 512  # positions in a batch
SURPRISES = 3  # boards drawn of a whole game: the least probable moves
MARKED = 10  # of a game's least probable moves that are listed, and marked in the commented game
LABELS = 3  # first choices of the network that are labelled there


class GamePredictions(NamedTuple):
    """The predictions for N positions of one game; none before a pass, which is no class of the network."""

    name: str
    game: int
    ply: NDArray[np.int64]  # (N,) number of the move to come, from 0
    played: NDArray[np.int64]  # (N,) its point; a pass stands for the next move of a game at its end
    probabilities: NDArray[np.float64]  # (N, points); the legal moves share all
    rank: NDArray[np.int64]  # (N,) of the move played, from 1; 0 where none was
    probability: NDArray[np.float64]  # (N,) of the move played; NaN where none was
    answers: Answers  # N


def predict(
    module: Classifier, source: Path, *, top: int, unsure: float = 0.8, move: int | None = None
) -> Predictions:
    """The best moves of the policy in each position of the games, or in that before one move.

    The source is an SGF file, a folder, or an archive. A game without moves, such as a problem, has one
    position. Probabilities are those of the legal moves alone, normalised to a sum of 1. Moves are numbered
    from 1; one more than the last is the next move; None: all, and games are also written with comments. A
    row is sure where the best move is. On boards of other sizes it predicts as the engine plays there.
    """
    assert isinstance(module, GoPolicy)
    modules = module.on_boards(set(read_records(source).columns["size"].tolist()))
    games, chosen = read(source, modules, move)
    rows: list[dict[str, Any]] = []
    drawn: list[GamePredictions] = []
    for g, (name, ply) in enumerate(progress(chosen, "predicting", disable=len(chosen) == 1)):
        board = modules[int(games.size[g])]
        predictions = _predictions(board, games, g, name, ply)
        colours = move_colour(games.move_at(g, ply))
        rows += rows_of(predictions, colours, board.classes, top, unsure)
        if len(drawn) < DRAWN:
            drawn.append(predictions)
    summary = [games.summary]
    ranks = np.array([row["rank"] for row in rows if row["rank"] is not None])
    if len(ranks) > 1:
        summary.append(_agreement(ranks))
    if move is None and len(ranks):
        summary += _surprises(rows)
    if len(chosen) > DRAWN:
        summary.append(f"pictures and comments of the first {DRAWN} games")
    pictures = _pictures(drawn, games, top, whole=move is None)
    pages = _commented(source, drawn, games) if move is None else {}
    return Predictions(rows, "\n".join(summary), pictures, pages)


def read(
    source: Path, boards: Collection[int], move: int | None
) -> tuple[GameRecords, list[tuple[str, NDArray[np.int64]]]]:
    """The games with the move to come, and for each a name and the plies to predict.

    The name is the file's, numbered where the file holds several games. Other boards are skipped, and refused
    where all are such.
    """
    columns = read_records(source).columns
    sizes = columns["size"]
    if len(sizes) and not np.isin(sizes, list(boards)).any():
        raise wrong_size(where(source, columns["name"][0]), int(sizes[0]), *boards)
    games = read_games(source, size=boards, min_moves=0, learn=False).with_next()
    several, seen, chosen = Counter(games.name), Counter[str](), []
    for g, name in enumerate(games.name):
        seen[name] += 1
        label = name if several[name] == 1 else f"{name} game {seen[name]}"
        chosen.append((label, _plies(games, g, move, where(source, label))))
    return games, chosen


def wrong_size(place: str, got: int, size: int) -> UserError:
    """The error for a game on a board of another size than the network's."""
    return UserError(
        f"{place}: a board of {got}×{got}, "
        f"but the network plays on {size}×{size}; give games of that size, or another run"
    )


def _plies(games: GameRecords, g: int, move: int | None, place: str) -> NDArray[np.int64]:
    """All but passes, or that of one move; without moves, the next one."""
    moves = games.moves_of(g)
    last = len(moves) - 1  # of the moves that were played
    passes = is_pass(moves, int(games.size[g]))
    if move is None:
        return np.array([last]) if passes.all() else np.flatnonzero(~passes)
    if not isinstance(move, int) or isinstance(move, bool) or not 1 <= move <= last + 1:
        legal = f"from 1 to {last + 1}, the move after the last one"
        raise UserError(f"{place}: move: must be {legal}, got {move}")
    if passes[move - 1] and move <= last:
        raise UserError(f"{place}: move: must be a move on a point, got {move}, which is a pass")
    return np.array([move - 1])


def _predictions(
    module: Classifier, games: GameRecords, g: int, name: str, ply: NDArray[np.int64]
) -> GamePredictions:
    groups = plane_groups(module.hparams["model"]["planes"])
    played, probabilities, parts = [], [], []
    for start in range(0, len(ply), BATCH):
        part = ply[start : start + BATCH]
        symmetry = np.zeros(len(part), np.uint8)
        planes, legal, points = batch_planes(games, np.full(len(part), g), part, symmetry, groups)
        answered, shares = policy(module, planes, legal)
        parts.append(answered)
        probabilities.append(shares)
        played.append(points)
    whole, points = np.concatenate(probabilities), np.concatenate(played)
    real = points < whole.shape[1]
    probability = np.full(len(ply), np.nan)
    probability[real] = whole[real, points[real]]
    rank = np.where(real, 1 + (whole > probability[:, None]).sum(1), 0)
    return GamePredictions(name, g, ply, points, whole, rank, probability, Answers.joined(parts))


def policy(
    module: Classifier, planes: NDArray[np.int8], legal: NDArray[np.bool_]
) -> tuple[Answers, NDArray[np.float64]]:
    """The answers for N positions, and the probabilities (N, points) of the legal moves, which share all."""
    answered = answers(module, {"x": planes})
    shares = answered._replace(logits=np.where(legal, answered.logits, -np.inf)).probabilities
    return answered, np.where(legal, shares, 0)  # NaN where no move is legal


def rows_of(
    predictions: GamePredictions, colours: NDArray[np.int16], classes: list[str], top: int, unsure: float
) -> Iterator[dict[str, Any]]:
    """A row for each position; ``colours`` (N,) are to play."""
    for n, (colour, ply, played, shares, rank, probability) in enumerate(
        zip(colours, *predictions[2:-1], strict=True)
    ):
        likeliest = best(shares, classes, top)
        yield {
            "file": predictions.name,
            "move": int(ply) + 1,
            "colour": ("black", "white")[colour],
            "played": classes[played] if rank else None,
            "rank": int(rank) if rank else None,
            "probability": float(probability) if rank else None,
            **predictions.answers.trust(n, likeliest[0]["probability"], unsure),
            "best": likeliest,
        }


def _agreement(rank: NDArray[np.int64]) -> str:
    """How often the policy's choices were played."""
    first, five = (f"{(rank <= k).sum():,} ({(rank <= k).mean():.1%})" for k in (1, 5))
    return f"{len(rank):,} moves played: {first} the policy's first choice, {five} among its first five"


def _surprises(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The least probable moves that were not the policy's first choice."""
    several = len({row["file"] for row in rows}) > 1
    chosen = sorted((row for row in rows if (row["rank"] or 1) > 1), key=lambda row: row["probability"])
    if chosen:
        yield "moves that surprise the policy most:"
    for row in chosen[:MARKED]:
        best = row["best"][0]
        named = f"{row['file']}, " * several + f"move {row['move']}, {row['colour']} {row['played']}"
        choice = f"choice no. {row['rank']}, {percent(row['probability'])}"
        yield f"  {named}: {choice}; first choice {best['name']}, {percent(best['probability'])}"


def _commented(source: Path, drawn: list[GamePredictions], games: GameRecords) -> dict[str, bytes]:
    """The files of games, by new names, with comments on these games."""
    left = [predictions for predictions in drawn if predictions.rank.all()]

    def comments(record: Record) -> Iterator[Comment]:
        """The next of the games is that of the record, unless this one was skipped."""
        if left and record.size == games.size[left[0].game] and name == games.name[left[0].game]:
            moves = games.moves_of(left[0].game)[:-1]  # without the next one
            if record.moves[: len(moves)] == moves.tolist():
                yield from _comments(left.pop(0), record.size)

    pages: dict[str, bytes] = {}
    for member in members(source, SUFFIXES, member_limit=FILE_LIMIT):
        name = member.name
        if left and name == games.name[left[0].game]:
            label = re.sub(r"[^\w.-]+", "-", name.removesuffix(".sgf"), flags=re.ASCII)[-100:].strip("-.")
            label = label if f"{label}-commented.sgf" not in pages else f"{label}-{len(pages) + 1}"
            pages[f"{label}-commented.sgf"] = with_comments(member.data, comments)
    return pages


def _comments(predictions: GamePredictions, size: int) -> Iterator[Comment]:
    """On every move its rank and probability, on the most surprising ones also the first choices."""
    _, _, ply, played, shares, rank, probability, _ = predictions
    order = np.argsort(probability, kind="stable")
    hot = [int(n) for n in order if rank[n] > 1][:MARKED]
    words = ", ".join(str(number) for number in sorted(int(ply[n]) + 1 for n in hot)) or "none"
    yield Comment(None, f"Policy: {_agreement(rank)}. Most surprising moves: {words}.")
    for n in range(len(ply)):
        text = f"Policy: choice no. {rank[n]}, {percent(probability[n])}"
        first = [
            int(point) for point in np.argsort(-shares[n], kind="stable")[:LABELS] if shares[n, point] > 0
        ]
        if rank[n] > 1:
            likely = (f"{point_name(point, size)} {percent(shares[n, point])}" for point in first)
            text += f". First choices: {', '.join(likely)}"
        labels = {point: str(k) for k, point in enumerate(first, start=1) if point != played[n]}
        yield Comment(int(ply[n]), f"{text}.", labels if n in hot else {}, n in hot)


def _pictures(
    drawn: list[GamePredictions], games: GameRecords, top: int, whole: bool
) -> Iterator[tuple[str, Figure]]:
    """Of a whole game its curve, and the board before the least probable moves; else the board."""
    for predictions in drawn:
        name, g, ply, played, _, rank, probability, _ = predictions
        size, chosen = int(games.size[g]), [0]
        short = name if len(name) <= 45 else f"…{name[-44:]}"  # its end, where the file stands
        if whole and rank.all():
            chosen = sorted(np.argsort(probability, kind="stable")[:SURPRISES].tolist())
            yield (
                name,
                game_picture(
                    probability,
                    rank,
                    move_colour(games.move_at(g, ply)) == 0,
                    ply + 1,
                    points=size * size,
                    named={n: f"{ply[n] + 1}: {point_name(int(played[n]), size)}" for n in chosen},
                    title=f"{short}: the policy's probabilities of the moves played",
                    subtitle=_agreement(rank),
                ),
            )
        for n in chosen:
            yield f"{name} move {ply[n] + 1}", _draw_move(predictions, n, games, short, top)


def _draw_move(predictions: GamePredictions, n: int, games: GameRecords, name: str, top: int) -> Figure:
    _, g, ply, played, shares, rank, probability, _ = predictions
    position = Position.of(games, g, int(ply[n]))
    subtitle, point = "the move to come", int(played[n])
    if rank[n]:
        choice = f"the policy's choice no. {rank[n]}, with {percent(probability[n])}"
        subtitle = f"{point_name(point, int(games.size[g]))} was played: {choice}"
    return move_picture(
        position.stones,
        shares[n],
        played=point if rank[n] else None,
        last=position.last,
        top=top,
        title=f"{name}, move {ply[n] + 1}: {('Black', 'White')[position.colour]} to play",
        subtitle=subtitle,
    )

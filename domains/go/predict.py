"""Predictions of a trained policy for the moves in a user's own game records."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from domains.go.board import Position, batch_planes, is_pass, move_colour, plane_groups, point_name
from domains.go.drawing import game_picture, move_picture
from domains.go.records import GameRecords, read_games, read_records
from shared.commands import Answers, Predictions, answers, best
from shared.config import progress
from shared.errors import UserError
from shared.files import where
from shared.results import percent
from shared.training import Classifier

DRAWN = 20  # games of which pictures are made
BATCH = 512  # positions in a batch
SURPRISES = 3  # boards drawn of a whole game: the least probable moves


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
    from 1; one more than the last is the next move; None: all. A row is sure where the best move is.
    """
    games, chosen = read(source, int(module.hparams["extent"][0]), move)
    rows: list[dict[str, Any]] = []
    drawn: list[GamePredictions] = []
    for g, (name, ply) in enumerate(progress(chosen, "predicting", disable=len(chosen) == 1)):
        predictions = _predictions(module, games, g, name, ply)
        colours = move_colour(games.move_at(g, ply))
        rows += rows_of(predictions, colours, module.classes, top, unsure)
        if len(drawn) < DRAWN:
            drawn.append(predictions)
    summary = [games.summary]
    ranks = np.array([row["rank"] for row in rows if row["rank"] is not None])
    if len(ranks) > 1:
        summary.append(_agreement(ranks))
    if len(chosen) > DRAWN:
        summary.append(f"pictures of the first {DRAWN} games")
    return Predictions(rows, "\n".join(summary), _pictures(drawn, games, top, whole=move is None))


def read(
    source: Path, size: int, move: int | None
) -> tuple[GameRecords, list[tuple[str, NDArray[np.int64]]]]:
    """The games with the move to come, and for each a name and the plies to predict.

    The name is the file's, numbered where the file holds several games. Other boards are skipped, and refused
    where all are such.
    """
    columns = read_records(source).columns
    sizes = columns["size"]
    if len(sizes) and not (sizes == size).any():
        raise wrong_size(where(source, columns["name"][0]), int(sizes[0]), size)
    games = read_games(source, size=size, min_moves=0, learn=False).with_next()
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

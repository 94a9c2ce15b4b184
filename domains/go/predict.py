"""Predictions of a trained policy for the moves in a user's own game records."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from domains.go.board import Position, batch_planes, is_pass, move_colour, plane_groups, point_name
from domains.go.drawing import game_picture, move_picture
from domains.go.records import GameRecords, read_games, read_records
from shared.commands import Predictions, best
from shared.errors import UserError
from shared.files import where
from shared.results import percent
from shared.training import Classifier, as_tensors

DRAWN = 20  # games of which pictures are made
BATCH = 512  # positions in a batch
SURPRISES = 3  # boards drawn of a whole game: the least probable moves


class GamePredictions(NamedTuple):
    """The predictions for N positions of one game; none before a pass, which is no class of the network.

    Attributes:
        game: its number.
        ply: (N,) number of the move to come, from 0.
        played: (N,) its point; a pass stands for the next move of a game at its end.
        probabilities: (N, points); the legal moves share all.
        rank: (N,) of the move played, from 1; 0 where none was.
        probability: (N,) of the move played; NaN where none was.
    """

    game: int
    ply: NDArray[np.int64]
    played: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    rank: NDArray[np.int64]
    probability: NDArray[np.float64]


def predict(module: Classifier, source: Path, *, top: int, move: int | None = None) -> Predictions:
    """The best moves of the policy in each position of the games, or in that before one move.

    A game without moves, such as a problem, has one position. Probabilities are those of the legal
    moves alone, normalised to a sum of 1.

    Args:
        module: a trained ``GoPolicy``.
        source: an SGF file, a folder, or an archive.
        top: how many moves are listed.
        move: number of the move, from 1; one more than the last is the next move; None for all moves.

    Raises:
        UserError: no game on a board of the network's size, ``move`` is behind the next one, or a pass.
    """
    size = int(module.hparams["extent"][0])
    games = read(source, size)
    labels = labels_of(games)
    plies = [plies_of(games, g, move, where(source, labels[g])) for g in range(len(labels))]
    rows: list[dict[str, Any]] = []
    drawn: list[GamePredictions] = []
    bar = Console(stderr=True)
    for g in track(range(len(labels)), "predicting", console=bar, transient=True, disable=len(labels) == 1):
        predictions = _predictions(module, games, g, plies[g])
        rows.extend(_rows(predictions, games, labels[g], module.classes, top))
        if len(drawn) < DRAWN:
            drawn.append(predictions)
    pictures = _pictures(drawn, games, labels, top, whole=move is None)
    summary = games.summary
    ranks = np.array([row["rank"] for row in rows if row["rank"] is not None])
    if len(ranks) > 1:
        summary += f"\n{_agreement(ranks)}"
    if len(labels) > DRAWN:
        summary += f"\npictures of the first {DRAWN} games"
    return Predictions(rows, summary, pictures)


def read(source: Path, size: int) -> GameRecords:
    """The games with the move to come; other boards are skipped, and refused where all are such."""
    columns = read_records(source).columns
    sizes = columns["size"]
    if len(sizes) and not (sizes == size).any():
        raise UserError(
            f"{where(source, columns['name'][0])}: a board of {sizes[0]}×{sizes[0]}, "
            f"but the network plays on {size}×{size}; give games of that size, or another run"
        )
    return read_games(source, size=size, min_moves=0, learn=False).with_next()


def labels_of(games: GameRecords) -> list[str]:
    """A name for each game: its file's, numbered where the file holds several."""
    files = Counter(games.name)
    seen: Counter[str] = Counter()
    labels = []
    for file in games.name:
        seen[file] += 1
        labels.append(file if files[file] == 1 else f"{file} game {seen[file]}")
    return labels


def plies_of(games: GameRecords, g: int, move: int | None, label: str) -> NDArray[np.int64]:
    """The plies to predict: all but passes, or that of one move; without moves, the next one."""
    moves = games.moves_of(g)
    last = len(moves) - 1  # of the moves that were played
    passes = is_pass(moves, int(games.size[g]))
    if move is None:
        return np.array([last]) if passes.all() else np.flatnonzero(~passes)
    if not isinstance(move, int) or isinstance(move, bool) or not 1 <= move <= last + 1:
        raise UserError(
            f"{label}: move: must be from 1 to {last + 1}, the move after the last one, got {move}"
        )
    if passes[move - 1] and move <= last:
        raise UserError(f"{label}: move: must be a move on a point, got {move}, which is a pass")
    return np.array([move - 1])


def _predictions(module: Classifier, games: GameRecords, g: int, ply: NDArray[np.int64]) -> GamePredictions:
    groups = plane_groups(module.hparams["model"]["planes"])
    played, probabilities = [], []
    for start in range(0, len(ply), BATCH):
        part = ply[start : start + BATCH]
        symmetry = np.zeros(len(part), np.uint8)
        planes, legal, points = batch_planes(games, np.full(len(part), g), part, symmetry, groups)
        with torch.inference_mode():
            logits = module.logits(as_tensors({"x": planes}, module.device)).cpu().double()
        shares = logits.masked_fill(~torch.from_numpy(legal), -torch.inf).softmax(1).numpy()
        probabilities.append(np.where(legal, shares, 0))  # NaN where no move is legal
        played.append(points)
    whole, points = np.concatenate(probabilities), np.concatenate(played)
    real = points < whole.shape[1]
    probability = np.full(len(ply), np.nan)
    probability[real] = whole[real, points[real]]
    rank = np.where(real, 1 + (whole > probability[:, None]).sum(1), 0)
    return GamePredictions(g, ply, points, whole, rank, probability)


def _rows(
    predictions: GamePredictions, games: GameRecords, label: str, classes: list[str], top: int
) -> Iterator[dict[str, Any]]:
    colours = move_colour(games.move_at(predictions.game, predictions.ply))
    for n, ply in enumerate(predictions.ply):
        known = bool(predictions.rank[n])
        yield {
            "file": label,
            "move": int(ply) + 1,
            "colour": ("black", "white")[colours[n]],
            "played": classes[predictions.played[n]] if known else None,
            "rank": int(predictions.rank[n]) if known else None,
            "probability": float(predictions.probability[n]) if known else None,
            "best": best(predictions.probabilities[n], classes, top),
        }


def _agreement(rank: NDArray[np.int64]) -> str:
    """How often the policy's choices were played."""
    shares = [f"{(rank <= k).sum():,} ({(rank <= k).mean():.1%})" for k in (1, 5)]
    return (
        f"{len(rank):,} moves played: {shares[0]} the policy's first choice, {shares[1]} among its first five"
    )


def _pictures(
    drawn: list[GamePredictions], games: GameRecords, labels: list[str], top: int, whole: bool
) -> Iterator[tuple[str, Figure]]:
    for predictions in drawn:
        label = labels[predictions.game]
        if not whole or not predictions.rank.all():
            yield _draw_move(predictions, 0, games, label, top)
            continue
        surprises = np.sort(np.argsort(predictions.probability, kind="stable")[:SURPRISES])
        yield label, _draw_game(predictions, games, label, surprises)
        for n in surprises:
            yield _draw_move(predictions, int(n), games, label, top)


def _draw_move(
    predictions: GamePredictions, n: int, games: GameRecords, label: str, top: int
) -> tuple[str, Figure]:
    g, ply, played = predictions.game, int(predictions.ply[n]), int(predictions.played[n])
    size, position = int(games.size[g]), Position.of(games, g, ply)
    known = bool(predictions.rank[n])
    colour = ("Black", "White")[position.colour]
    figure = move_picture(
        position.stones,
        predictions.probabilities[n],
        played=played if known else None,
        last=position.last,
        top=top,
        title=f"{_short(label)}, move {ply + 1}: {colour} to play",
        subtitle=f"{point_name(played, size)} was played: the policy's choice no. {predictions.rank[n]}, "
        f"with {percent(predictions.probability[n])}"
        if known
        else "the move to come",
    )
    return f"{label} move {ply + 1}", figure


def _draw_game(
    predictions: GamePredictions, games: GameRecords, label: str, named: NDArray[np.int64]
) -> Figure:
    size = int(games.size[predictions.game])
    return game_picture(
        predictions.probability,
        predictions.rank,
        move_colour(games.move_at(predictions.game, predictions.ply)) == 0,
        predictions.ply + 1,
        points=size * size,
        named={
            int(n): f"{predictions.ply[n] + 1}: {point_name(int(predictions.played[n]), size)}" for n in named
        },
        title=f"{_short(label)}: the policy's probabilities of the moves played",
        subtitle=_agreement(predictions.rank),
    )


def _short(label: str) -> str:
    """What of a long name fits in a title: its end, where the file stands."""
    return label if len(label) <= 45 else f"…{label[-44:]}"

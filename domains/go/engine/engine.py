"""Chooses moves by a policy."""

import numpy as np
import torch
from numpy.typing import NDArray

from domains.go.board import Game, Position, area_score, encode_move, position_planes
from domains.go.engine.network import Policy

SENSIBLE = ("sensibleness",)  # the plane of the legal moves that fill no own true eye


class Engine:
    """Chooses the likeliest moves of a policy.

    Args:
        policy: the network; each game's board has its size, if the layers fit.
        temperature: 0: the likeliest move; else moves are drawn with probability^(1 / temperature).
        sensible: never fill an own true eye (see ``planes``); pass if no other move is left.
        superko: never repeat an earlier position (positional superko).
        seed: of the draws; None: others each time.
        resign: points, see ``resigns``; None: never.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        temperature: float,
        sensible: bool,
        superko: bool,
        seed: int | None,
        resign: float | None = None,
    ):
        self.policy, self.temperature = policy, temperature
        self.sensible, self.superko, self.resign = sensible, superko, resign
        self.random = np.random.default_rng(seed)
        self._last: tuple[object, NDArray[np.float64]] = None, np.empty(0)

    def probabilities(self, game: Game, colour: int) -> NDArray[np.float64]:
        """(points,) the policy for a colour, normalised over the allowed moves; zeros without one."""
        place = game.size, colour, self.sensible, *game.setup, None, *game.moves
        if self._last[0] != place:  # an analysis and the move after it are of one position
            self._last = place, self._predict(game, colour)
        return self._last[1].copy()

    def _predict(self, game: Game, colour: int) -> NDArray[np.float64]:
        self.policy = self.policy.on(game.size)
        position = Position.after(game, encode_move(game.pass_point, colour))
        planes, legal = position_planes([position], self.policy.groups)
        allowed = legal[0]
        if self.sensible:
            allowed = position_planes([position], SENSIBLE)[0].ravel() == 1
        if not allowed.any():
            return np.zeros(game.pass_point)
        logits = self.policy(torch.from_numpy(planes))[0].double().numpy()
        weights = np.exp(logits - logits[allowed].max()) * allowed
        return weights / weights.sum()

    def resigns(self, game: Game, colour: int, komi: float) -> bool:
        """Whether a colour gives up: more than ``resign`` points behind even with all open points its own.

        The area is counted with all stones alive, once a game has half as many moves as the board has points.
        """
        if self.resign is None or len(game.moves) < game.pass_point // 2:
            return False
        area = area_score(game.stones)
        behind = area.lead(komi) if colour else -area.lead(komi)
        return behind - area.open > self.resign

    def choose(self, game: Game, colour: int, komi: float) -> int:
        """The point to play, ``game.pass_point`` for a pass.

        It passes after the opponent's pass if the lead is above the number of open points.
        """
        if game.moves[-1:] == [encode_move(game.pass_point, 1 - colour)]:
            area = area_score(game.stones)
            if abs(area.lead(komi)) > area.open:
                return game.pass_point
        probabilities = self.probabilities(game, colour)
        while probabilities.any():
            if self.temperature == 0:
                point = int(probabilities.argmax())
            else:
                weights = (probabilities / probabilities.max()) ** (1 / self.temperature)
                point = int(self.random.choice(len(weights), p=weights / weights.sum()))
            if not (self.superko and game.repeats(encode_move(point, colour))):
                return point
            probabilities[point] = 0
        return game.pass_point


def likeliest(policy: NDArray[np.float64], limit: int) -> list[int]:
    """The likeliest points first, without those of probability zero."""
    return [int(point) for point in np.argsort(-policy, kind="stable")[:limit] if policy[point] > 0]

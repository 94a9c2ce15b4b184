"""Chooses moves by a policy."""

import numpy as np
import torch
from numpy.typing import NDArray

from domains.go.board import Game, area_score, encode_move
from domains.go.engine.network import Policy

SENSIBLE = ("sensibleness",)  # the plane of the legal moves that fill no own true eye


class Engine:
    """Chooses the likeliest moves of a policy.

    Args:
        policy: the network.
        temperature: 0: the likeliest move; else moves are drawn with probability^(1 / temperature).
        sensible: never fill an own true eye (see ``planes``); pass if no other move is left.
        superko: never repeat an earlier position (positional superko).
        seed: of the draws.
    """

    def __init__(self, policy: Policy, *, temperature: float, sensible: bool, superko: bool, seed: int):
        self.policy, self.temperature = policy, temperature
        self.sensible, self.superko = sensible, superko
        self.random = np.random.default_rng(seed)

    def probabilities(self, game: Game, colour: int) -> NDArray[np.float64]:
        """(points,) the policy, normalised over the allowed moves; zeros without an allowed move.

        Args:
            game: on a board of the policy's size.
            colour: to play, 0 black, 1 white.
        """
        planes, allowed = game.planes(colour, self.policy.groups)
        if self.sensible:
            allowed = game.planes(colour, SENSIBLE)[0].ravel() == 1
        if not allowed.any():
            return np.zeros(game.pass_point)
        logits = self.policy(torch.from_numpy(planes))[0].double().numpy()
        weights = np.exp(logits - logits[allowed].max()) * allowed
        return weights / weights.sum()

    def choose(self, game: Game, colour: int, komi: float) -> int:
        """The point to play, ``game.pass_point`` for a pass; arguments as in ``probabilities``.

        It passes after the opponent's pass if the game is decided: the lead is above the number of open
        points.
        """
        if game.moves[-1:] == [encode_move(game.pass_point, 1 - colour)]:
            area = area_score(game.board.stones)
            if abs(area.lead(komi)) > area.open:
                return game.pass_point
        probabilities = self.probabilities(game, colour)
        while probabilities.any():
            point = self._pick(probabilities)
            if not (self.superko and game.board.repeats(encode_move(point, colour))):
                return point
            probabilities[point] = 0
        return game.pass_point

    def _pick(self, probabilities: NDArray[np.float64]) -> int:
        if self.temperature == 0:
            return int(probabilities.argmax())
        weights = (probabilities / probabilities.max()) ** (1 / self.temperature)
        return int(self.random.choice(len(weights), p=weights / weights.sum()))

"""The moves that a policy plays."""

import numpy as np
import torch
from numpy.typing import NDArray

from domains.go.board import Game, area_score, encode_move
from domains.go.engine.network import Policy

SENSIBLE = ("sensibleness",)  # the plane of the legal moves that fill no own true eye


class Engine:
    """Plays what the policy thinks likeliest.

    Args:
        policy: the network.
        temperature: 0 plays the likeliest move; else moves are drawn with probability^(1 / temperature).
        sensible: never fill an own true eye (see ``planes``), and pass where nothing else is left.
        superko: never bring back an earlier position (positional superko); the opponent may.
        seed: of the draws.
    """

    def __init__(self, policy: Policy, *, temperature: float, sensible: bool, superko: bool, seed: int):
        self.policy, self.temperature = policy, temperature
        self.sensible, self.superko = sensible, superko
        self.random = np.random.default_rng(seed)

    def probabilities(self, game: Game, colour: int) -> NDArray[np.float64]:
        """(points,) the policy, shared out among the moves that may be played; zeros where there is none.

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
        """The point to play, ``game.pass_point`` for a pass; arguments as above.

        After the opponent's pass it passes as well if the board as it stands decides the game: one side is
        ahead by more points than are open.
        """
        if game.moves[-1:] == [encode_move(game.pass_point, 1 - colour)]:
            counted = area_score(game.board.stones)
            if abs(counted.lead(komi)) > counted.open:
                return game.pass_point
        likely = self.probabilities(game, colour)
        while likely.any():
            point = self._pick(likely)
            if not (self.superko and game.board.repeats(encode_move(point, colour))):
                return point
            likely[point] = 0
        return game.pass_point

    def _pick(self, likely: NDArray[np.float64]) -> int:
        if self.temperature == 0:
            return int(likely.argmax())
        weights = (likely / likely.max()) ** (1 / self.temperature)
        return int(self.random.choice(len(likely), p=weights / weights.sum()))

"""The suite from Python: trained networks by name, and trainings; and the command ``convolutions``.

import convolutions

network = convolutions.load("go/policy")
game = convolutions.sample("go/game.sgf")  # or the path of your own
network.predict(game, move=49)
network.explain(game, move=49, method="occlusion")
network = convolutions.train("domain=image", "model=image/fast")
"""

from convolutions.trained import Result, Trained, load, sample, train

__all__ = ["Result", "Trained", "load", "sample", "train"]

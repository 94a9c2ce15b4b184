"""The suite from Python: trained networks by name, and trainings; and the command ``convolutions``.

import convolutions

network = convolutions.load("go/policy")
network.predict("game.sgf", move=49)
network.explain("game.sgf", move=49, methods=["occlusion"])
network = convolutions.train("domain=image", "model=image/fast")
"""

from convolutions.trained import Result, Trained, load, train

__all__ = ["Result", "Trained", "load", "train"]

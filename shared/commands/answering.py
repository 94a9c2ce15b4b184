"""What a network answers, with calibrated probabilities, and how far each answer can be trusted."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from shared.training import Classifier, as_tensors, observe


class Answers(NamedTuple):
    """The answers for N inputs."""

    logits: NDArray[np.float64]  # (N, classes) whose softmax are calibrated probabilities
    familiar: NDArray[np.float64]  # (N,) see ``Record.familiar``
    unlike: NDArray[np.bool_]  # (N,) whether that is too little
    remarks: list[list[str]]  # of each input: what is unusual about it

    @classmethod
    def joined(cls, parts: "Sequence[Answers]") -> "Answers":
        """Those of several batches."""
        return cls(
            np.concatenate([part.logits for part in parts]),
            np.concatenate([part.familiar for part in parts]),
            np.concatenate([part.unlike for part in parts]),
            [remarks for part in parts for remarks in part.remarks],
        )

    def part(self, first: int, stop: int | None = None) -> "Answers":
        """Those from one input up to another."""
        chosen = slice(first, stop)
        return Answers(self.logits[chosen], self.familiar[chosen], self.unlike[chosen], self.remarks[chosen])

    def merged(self, runs: Sequence[tuple[int, int]]) -> "Answers":
        """One answer for each run of inputs, such as the windows of a word, from its first up to its stop.

        Its probabilities are the means over the run; it is as familiar as half of the run at least.
        """
        parts = [self.part(*run) for run in runs]
        mean = np.array([part.probabilities.mean(0) for part in parts]).reshape(-1, self.logits.shape[1])
        return Answers(
            np.log(mean.clip(min=np.finfo(float).tiny)),
            np.array([np.median(part.familiar) for part in parts]),
            np.array([part.unlike.mean() > 0.5 for part in parts], bool),
            [list(dict.fromkeys(remark for own in part.remarks for remark in own)) for part in parts],
        )

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """(N, classes)."""
        return torch.from_numpy(self.logits).softmax(1).numpy()

    def trust(self, n: int, probability: float, unsure: float, remarks: Sequence[str] = ()) -> dict[str, Any]:
        """The columns ``familiar``, ``sure`` and ``remarks`` of a row, whose answer has this probability.

        It is sure if that is at least ``unsure`` and the input is not unlike training.
        """
        familiar = float(self.familiar[n])
        return {
            "familiar": None if math.isnan(familiar) else familiar,
            "sure": "yes" if probability >= unsure and not self.unlike[n] else "no",
            "remarks": [*remarks, *self.remarks[n]],
        }


def answers(module: Classifier, batch: Mapping[str, Any]) -> Answers:
    """The network's answers for a batch as the domain's dataset has them."""
    observed = observe(module, as_tensors(batch, module.device))
    logits, record = observed.logits.double().numpy(), module.record
    if record is None:
        unknown = np.full(len(logits), np.nan)
        return Answers(logits, unknown, np.zeros(len(logits), bool), [[] for _ in logits])
    familiar = record.familiar(observed)
    return Answers(logits / record.temperature, familiar, record.unlike(familiar), record.outside(observed))


def best(probabilities: NDArray[np.floating], names: Sequence[str], top: int) -> list[dict[str, Any]]:
    """The ``top`` likeliest classes of probabilities (classes,), the likeliest first."""
    order = np.argsort(-probabilities, kind="stable")[:top]
    return [{"name": names[i], "probability": float(probabilities[i])} for i in order]

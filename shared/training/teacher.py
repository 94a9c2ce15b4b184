"""Distillation: a network learns the probabilities of a trained one (Hinton et al. 2015; temperature 1)."""

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from shared.errors import UserError

if TYPE_CHECKING:
    from shared.training.classifier import Batch, Classifier


class Teacher:
    """A trained network whose probabilities are targets beside the labels.

    It sees the batches as they are: turned and mirrored like the student's in Go, pictures before they are
    changed at random.

    Attributes:
        module: The network; it is no part of the student, and is not trained.
        share: Of the loss, from 0 to 1, that compares the student's probabilities with the teacher's.
    """

    def __init__(self, module: "Classifier", share: float):
        self.module, self.share = module.requires_grad_(False).eval(), share

    def check(self, student: "Classifier") -> None:
        """Refuse a student with other classes or inputs.

        Raises:
            UserError: It names the difference.
        """
        if student.network.over_time:
            raise UserError("training.teacher: must be null for labels over time")
        what = self.module.differs_from(student)
        if what is None and self.module.contract() != student.contract():
            what = "contract of inputs"
        if what:
            remedy = "give a run that was trained on these data"
            raise UserError(f"training.teacher: must have the {what} of this network, got others; {remedy}")

    def loss(
        self, hard: Float[Tensor, ""], logits: Float[Tensor, "n classes"], batch: "Batch"
    ) -> Float[Tensor, ""]:
        """The loss ``hard`` of the labels, mixed with the cross entropy of the teacher's probabilities."""
        if self.module.device != logits.device:
            self.module.to(logits.device)
        with torch.no_grad():
            targets = self.module.logits(batch).softmax(1)
        return (1 - self.share) * hard + self.share * F.cross_entropy(logits, targets)

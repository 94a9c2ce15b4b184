"""The sentence classifier: token numbers in, through word vectors, the probability of every class out."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from domains.text.data import TextData
from domains.text.tokens import PAD, UNKNOWN
from shared.classifier import Classifier
from shared.data import DataModule

RANGE = 0.25  # of random vectors, from minus to plus so much (Kim 2014's code)


class TextClassifier(Classifier):
    """Names the class of a sentence (Kim 2014).

    Its front end puts a vector for each token: a plane of position × embedding for each of
    ``model.channels``, tuned with the rest of the network or static.
    """

    domain = "text"

    def __init__(self, *, model: dict[str, Any], front_end: dict[str, Any], **more: Any):
        super().__init__(model=model, front_end=front_end, **more)
        tokens = len(front_end["vocabulary"])
        self.embeddings = nn.ModuleList(
            nn.Embedding(tokens, model["embedding"], padding_idx=PAD) for _ in model["channels"]
        )
        for embedding, channel in zip(self.embeddings, model["channels"], strict=True):
            embedding.requires_grad_(channel == "tuned")
        self.max_norm: float | None = model["max_norm"]

    def prepare(self, data: DataModule) -> None:
        """Start all channels alike: from the file's vectors, and at random for words that it lacks.

        These are drawn with the variance of the file's (Kim 2014, section 3.2). A token that training never
        saw has a vector of zeros: it speaks for no class.
        """
        assert isinstance(data, TextData)
        start = torch.empty_like(self.embeddings[0].weight)
        found = data.vectors
        spread = RANGE if found is None else (3 * float(found.values.var())) ** 0.5
        nn.init.uniform_(start, -spread, spread)
        if found is not None:
            start[torch.from_numpy(found.rows)] = torch.from_numpy(found.values)
        start[[PAD, UNKNOWN]] = 0.0
        for embedding in self.embeddings:
            embedding.weight.data.copy_(start)

    def front_end(
        self, x: Int[Tensor, "n positions"], lengths: Int[Tensor, " n"] | None
    ) -> tuple[Float[Tensor, "n channels positions embedding"], Int[Tensor, " n"] | None]:
        """A vector for each token, in each channel."""
        return torch.stack([embedding(x) for embedding in self.embeddings], 1), lengths

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """After each step, the weights of no class are longer than ``model.max_norm`` (Kim 2014, section 2.1)."""
        super().optimizer_step(*args, **kwargs)
        if self.max_norm is not None:
            *_, last = (each for each in self.network.children() if hasattr(each, "weight"))
            with torch.no_grad():
                last.weight.copy_(last.weight.renorm(2, 0, self.max_norm))

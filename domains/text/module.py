"""The sentence classifier: token numbers in, through word vectors, the probability of every class out."""

from typing import Any, Literal, NotRequired, TypedDict

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from domains.text.baselines import token_ratios
from domains.text.data import TextData, TextPreprocessing
from domains.text.reading import Vocabulary
from shared.config import check_known
from shared.errors import UserError
from shared.training import Batch, Classifier, DataModule


class Model(TypedDict):
    """The keys of ``model`` beside its layers."""

    tokens: Literal["words", "characters"]
    channels: list[Literal["tuned", "static"]]
    embedding: int
    spread: NotRequired[float]
    naive_bayes: NotRequired[float | None]
    max_norm: NotRequired[float | None]


class TextClassifier(Classifier):
    """Predicts the class of a sentence (Kim 2014).

    Its preprocessing looks up a vector for each token. Each of ``model.channels`` is a table of vectors,
    trained with the rest of the network or static, and gives a channel of positions × embedding.
    """

    domain = "text"
    state_type = TextPreprocessing
    preprocessing: TextPreprocessing

    def __init__(self, *, model: dict[str, Any], preprocessing: TextPreprocessing, **more: Any):
        check_known(model, Model, "model")
        if (more.get("planes"), list(more.get("extent", ()))) != (
            len(model["channels"]),
            [None, model["embedding"]],
        ):
            raise UserError(
                f"extent: must be [null, {model['embedding']}] with planes={len(model['channels'])}, got "
                f"{more.get('extent')} with planes={more.get('planes')}"
            )
        if tuple(preprocessing.vocabulary[:2]) != Vocabulary.SPECIAL or preprocessing.longest < 1:
            special = ", ".join(Vocabulary.SPECIAL)
            raise UserError(f"preprocessing: must have a vocabulary from {special} on and longest from 1")
        super().__init__(model=model, preprocessing=preprocessing, **more)
        tokens = len(preprocessing.vocabulary)
        self.embeddings = nn.ModuleList()
        for channel in model["channels"]:
            embedding = nn.Embedding(tokens, model["embedding"], padding_idx=Vocabulary.PAD)
            self.embeddings.append(embedding.requires_grad_(channel == "tuned"))
        self.settings = model

    def prepare(self, data: DataModule) -> None:
        """Start all channels alike: from the file's vectors, and at random for words that it lacks.

        These are drawn with the variance of the file's (Kim 2014, section 3.2). With ``model.naive_bayes``
        the first numbers of each vector are its word's naive Bayes weights for the classes. A token that is
        not in the training set has a vector of zeros, which favours no class.

        Raises:
            UserError: ``model.naive_bayes`` beside a file of vectors, or with fewer numbers than classes.
        """
        super().prepare(data)
        assert isinstance(data, TextData)
        start = torch.empty(len(self.preprocessing.vocabulary), data.embedding)
        pretrained = data.vectors
        spread = self.settings["spread"]
        if pretrained is not None:
            spread = (3 * float(pretrained.values.var())) ** 0.5
        nn.init.uniform_(start, -spread, spread)
        if pretrained is not None:
            start[torch.from_numpy(pretrained.rows)] = torch.from_numpy(pretrained.values)
        if self.settings["naive_bayes"] is not None:
            ratios = torch.from_numpy(token_ratios(data.train_set.ids, data.train_set.y, len(start)))
            if pretrained is not None or ratios.size(1) > start.size(1):
                raise UserError(
                    f"model.naive_bayes: it takes {ratios.size(1)} of the {start.size(1)} numbers of a "
                    "word's vector, and none of a file's: leave data.vectors out, or give "
                    "model.naive_bayes=null"
                )
            start[:, : ratios.size(1)] = self.settings["naive_bayes"] * ratios
        start[[Vocabulary.PAD, Vocabulary.UNKNOWN]] = 0.0
        for weight in self.embeddings.parameters():
            weight.data.copy_(start)

    def preprocess(
        self, batch: Batch
    ) -> tuple[Float[Tensor, "n channels positions embedding"], Int[Tensor, " n"] | None]:
        """A vector for each token, in each channel."""
        vectors = torch.stack([embedding(batch["x"]) for embedding in self.embeddings], 1)
        return vectors, batch.get("lengths")

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """A step, after which no class has weights longer than ``model.max_norm`` (Kim 2014, section 2.1)."""
        super().optimizer_step(*args, **kwargs)
        if self.settings["max_norm"] is not None:
            *_, weight = (p for p in self.network.parameters() if p.dim() > 1)  # the last layer's
            with torch.no_grad():
                weight.copy_(weight.renorm(2, 0, self.settings["max_norm"]))

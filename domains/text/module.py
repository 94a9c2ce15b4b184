"""The sentence classifier: token numbers in, through word vectors, the probability of every class out."""

from functools import cached_property
from typing import Any, Literal, NotRequired, TypedDict

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from domains.text.baselines import token_ratios
from domains.text.data import TextData, TextPreprocessing
from domains.text.reading import TOKEN_PATTERNS, Vocabulary
from shared.config import check_known
from shared.errors import UserError
from shared.training import Batch, Classifier, DataModule, made_lengths


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
        channels, size = len(model["channels"]), [None, model["embedding"]]
        if (more.get("planes"), list(more.get("extent", ()))) != (channels, size):
            raise UserError(
                f"extent: must be [null, {size[1]}] with planes={channels}, got {more.get('extent')} with "
                f"planes={more.get('planes')}"
            )
        if tuple(preprocessing.vocabulary[:2]) != Vocabulary.SPECIAL or preprocessing.longest < 1:
            special = ", ".join(Vocabulary.SPECIAL)
            raise UserError(f"preprocessing: must have a vocabulary from {special} on and longest from 1")
        super().__init__(model=model, preprocessing=preprocessing, **more)
        self.settings, tokens = model, len(preprocessing.vocabulary)
        self.embeddings = nn.ModuleList(
            nn.Embedding(tokens, model["embedding"], padding_idx=Vocabulary.PAD).requires_grad_(
                channel == "tuned"
            )
            for channel in model["channels"]
        )

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary of its preprocessing."""
        return Vocabulary(self.settings["tokens"], self.preprocessing.vocabulary)

    def prepare(self, data: DataModule) -> None:
        """Start all channels alike: from the file's vectors, and at random for words that it lacks.

        These are drawn with the variance of the file's (Kim 2014, section 3.2). With ``model.naive_bayes``,
        which needs long enough vectors and no file of them, the first numbers of each vector are its word's
        naive Bayes weights for the classes. A token that is not in the training set has a vector of zeros,
        which favours no class.
        """
        super().prepare(data)
        assert isinstance(data, TextData)
        start = torch.empty(len(self.preprocessing.vocabulary), data.embedding)
        spread, vectors = self.settings["spread"], data.vectors
        if vectors:
            spread = (3 * float(vectors.values.var())) ** 0.5
        nn.init.uniform_(start, -spread, spread)
        if vectors:
            start[torch.from_numpy(vectors.rows)] = torch.from_numpy(vectors.values)
        if self.settings["naive_bayes"] is not None:
            ratios = torch.from_numpy(token_ratios(data.train_set.ids, data.train_set.y, len(start)))
            columns, size = ratios.size(1), start.size(1)
            if vectors or columns > size:
                raise UserError(
                    f"model.naive_bayes: must be null beside data.vectors or vectors of under {columns} "
                    f"numbers, got {self.settings['naive_bayes']} and {size} numbers; leave data.vectors out "
                    "or raise model.embedding"
                )
            start[:, :columns] = self.settings["naive_bayes"] * ratios
        start[[Vocabulary.PAD, Vocabulary.UNKNOWN]] = 0.0
        for weight in self.embeddings.parameters():
            weight.data.copy_(start)

    def weights_of(self, source: Classifier) -> dict[str, dict[str, Tensor]]:
        """The source's words come first in the vocabulary; the others keep their own vectors."""
        assert isinstance(source, TextClassifier)
        tokens, theirs = self.settings["tokens"], source.settings["tokens"]
        if tokens != theirs:
            raise UserError(f"init: must be a run that reads {tokens}, as model.tokens, got one of {theirs}")
        weights = super().weights_of(source)
        own = self.embeddings.state_dict()
        for name, known in weights["embeddings"].items():
            if name in own and own[name].size(1) == known.size(1):
                weights["embeddings"][name] = torch.cat([known, own[name][len(known) :]])
        return weights

    def preprocess(
        self, batch: Batch
    ) -> tuple[Float[Tensor, "n channels positions embedding"], Int[Tensor, " n"] | None]:
        """A vector for each token, in each channel."""
        return torch.stack([embedding(batch["x"]) for embedding in self.embeddings], 1), batch.get("lengths")

    def properties(self, batch: Batch) -> dict[str, Float[Tensor, " n"]]:
        """The number of tokens, and the share of them that training did not have."""
        lengths = batch["lengths"].float()
        unknown = (batch["x"] == Vocabulary.UNKNOWN).sum(1)
        return {self.settings["tokens"]: lengths, "% unknown": 100 * unknown / lengths}

    def made_batch(self, n: int, cells: int) -> Batch:
        """Known words."""
        size, random = len(self.preprocessing.vocabulary), torch.Generator().manual_seed(n)
        x = torch.randint(Vocabulary.UNKNOWN, size, (n, cells), generator=random)
        return {"x": x, "lengths": made_lengths(n, cells)}

    def contract(self) -> dict[str, Any]:
        """How a sentence becomes numbers; the vectors are inside."""
        return {
            "x": f"numbers of a sentence's tokens, counted from 0 in the vocabulary ({Vocabulary.UNKNOWN}: "
            "not in it), from the beginning of its row; the rest is not read",
            "lengths": f"tokens of each sentence, 1 to {self.preprocessing.longest}; more are cut off",
            "tokens": "what the expression matches in the sentence, in Unicode's form NFC and lower case",
            "expression": TOKEN_PATTERNS[self.settings["tokens"]],
            "vocabulary": self.preprocessing.vocabulary,
        }

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """A step, after which no class has weights longer than ``model.max_norm`` (Kim 2014, section 2.1)."""
        super().optimizer_step(*args, **kwargs)
        if self.settings["max_norm"] is not None:
            *_, weight = (p for p in self.network.parameters() if p.dim() > 1)  # the last layer's
            with torch.no_grad():
                if weight.requires_grad:
                    weight.copy_(weight.renorm(2, 0, self.settings["max_norm"]))

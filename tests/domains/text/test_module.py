"""The classifier: word vectors, channels, padding, and the length of a class's weights."""

from pathlib import Path

import numpy as np
import pytest
import torch

from domains.text.data import TextData
from domains.text.module import TextClassifier
from shared.config.cli import compose
from shared.config.project import plain
from shared.errors import UserError
from shared.training.classifier import as_tensors
from shared.training.data import Draw
from shared.training.setup import build_data, build_module

MODELS = sorted(path.stem for path in (Path(__file__).parents[3] / "conf/model/text").glob("[!_]*.yaml"))
SENTENCES = [
    "pos fine",
    "neg dull and flat",
    "pos a film that is not at all dull , but rather fine",
    "neg so so so",
]


def made(folder: Path, *overrides: str) -> tuple[TextClassifier, TextData]:
    path = folder / "a.txt"
    path.write_text("\n".join(SENTENCES))
    words = ["domain=text", "data=text/sentences", f"data.path='{path}'", "data.fractions={val: 0, test: 0}"]
    config = compose("train", [*words, "model.embedding=12", *overrides])
    data = build_data(config)
    data.setup()
    module = build_module(config, data)
    assert isinstance(module, TextClassifier)
    assert isinstance(data, TextData)
    return module, data


@pytest.mark.parametrize("model", MODELS)
def test_padding_changes_no_prediction_and_the_shortest_sentence_has_one(model: str, tmp_path: Path) -> None:
    small = {"both": ["model.height=6", "model.stride=2"]}.get(model, [])
    module, data = made(tmp_path, f"model=text/{model}", *small)
    module.eval().double()
    batch = data.train_set[Draw(np.arange(4), None)]
    x, lengths = torch.from_numpy(batch["x"]), torch.from_numpy(batch["lengths"])

    def logits(x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return module.logits({"x": x, "lengths": lengths})

    together = logits(x, lengths)
    wider = logits(torch.cat([x, torch.full((4, 30), 7)], 1), lengths)  # filled up with another word
    alone = [logits(x[n : n + 1, : lengths[n]], lengths[n : n + 1])[0] for n in range(4)]
    torch.testing.assert_close(wider, together)
    torch.testing.assert_close(torch.stack(alone), together)
    assert together.isfinite().all()
    assert not torch.allclose(together[0], together[1])


def test_random_vectors_start_in_their_range_and_padding_at_zero(tmp_path: Path) -> None:
    module, _ = made(tmp_path)
    [embedding] = module.embeddings
    assert embedding.weight[:2].abs().sum() == 0
    assert 0.2 < embedding.weight[2:].abs().max() <= 0.25


def test_vectors_of_a_file_start_the_channels_and_only_tuned_ones_change(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text(f"fine{' 2 -2' * 6}\ndull{' -2 2' * 6}\n")
    module, data = made(tmp_path, f"data.vectors='{tmp_path / 'v.txt'}'", "model.channels=[static, tuned]")
    assert data.planes == 2
    vocabulary = data.preprocessing.vocabulary
    for embedding in module.embeddings:
        assert embedding.weight[vocabulary.index("fine")].tolist() == [2, -2] * 6
        assert (
            0 < embedding.weight[vocabulary.index("film")].abs().max() <= 2 * 3**0.5
        )  # of the same variance
    before = [embedding.weight.clone() for embedding in module.embeddings]
    optimizer = torch.optim.SGD([p for p in module.parameters() if p.requires_grad], lr=1.0)
    batch = data.train_set[Draw(np.arange(4), None)]
    module.logits(as_tensors(batch)).square().sum().backward()
    optimizer.step()
    static, tuned = module.embeddings
    assert torch.equal(static.weight, before[0])
    assert not torch.equal(tuned.weight, before[1])
    assert tuned.weight[0].abs().sum() == 0


def test_vectors_can_start_as_naive_bayes_weighs_the_words(tmp_path: Path) -> None:
    module, data = made(tmp_path, "model=text/phrases", "model.naive_bayes=0.5")
    start = module.embeddings[0].weight[:, 0]
    index = data.preprocessing.vocabulary.index
    # Of 2 + 2 sentences, "fine" is in both positive ones, "so" in one negative, "dull" in one of each class.
    shift = np.log((len(start) + 4) / (len(start) + 13))  # tokens of a class, plus one per word
    for word, ratio in (("fine", 3 / 1), ("so", 1 / 2), ("dull", 2 / 2)):
        assert start[index(word)].item() == pytest.approx(0.5 * (np.log(ratio) + shift), abs=1e-5)
    assert start[:2].tolist() == [0, 0]
    (tmp_path / "v.txt").write_text(f"fine{' 1' * 12}\n")
    with pytest.raises(
        UserError, match=r"model\.naive_bayes: must be null beside data\.vectors .*, got 0\.5 and 12"
    ):
        made(tmp_path, "model=text/phrases", f"data.vectors='{tmp_path / 'v.txt'}'")


def test_a_class_s_weights_grow_no_longer_than_max_norm(tmp_path: Path) -> None:
    words = [
        "optimizer=sgd",
        "optimizer.lr=100",
        "schedule=constant",
        "trainer.max_epochs=2",
        "model.max_norm=0.5",
    ]
    config = compose("train", ["domain=text", "trainer.accelerator=cpu", "data.epoch_size=100", *words])
    from shared.commands.train import train

    config.runs = str(tmp_path)
    train(config)
    [path] = tmp_path.glob("text/*/checkpoints/last.ckpt")
    contents = torch.load(path, weights_only=True)
    weight = contents["state_dict"]["network.dense1.weight"]
    assert weight.norm(dim=1).max() == pytest.approx(0.5, rel=1e-3)
    assert contents["hyper_parameters"]["preprocessing"]["vocabulary"][:2] == ["[PAD]", "[UNK]"]


def test_the_model_s_words_are_those_of_the_configuration(tmp_path: Path) -> None:
    module, data = made(tmp_path, "model=text/characters")
    assert data.tokens == "characters"
    assert "d" in data.preprocessing.vocabulary
    assert set(plain(compose("train", ["domain=text"]).model)) >= {
        "tokens",
        "embedding",
        "channels",
        "max_norm",
    }
    assert module.hparams["model"]["tokens"] == "characters"

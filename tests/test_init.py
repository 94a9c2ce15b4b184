"""Fine-tuning: a training starts from the weights of another run, and layers are frozen."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback

from convolutions.scripts import call
from domains.image.data import ImagePreprocessing
from domains.image.module import ImageClassifier
from shared.commands.train import train
from shared.compare.entry import Entry
from shared.compare.spec import Comparison, Design, Task
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.run import Run
from shared.runs.source import take_settings
from shared.sweep.sweep import _compose
from shared.training.setup import load_module
from shared.training.source import Source
from tests import kills
from tests.domains.image.picture_folders import make_folder

QUIET = ["trainer.accelerator=cpu", "trainer.precision=32-true", "trainer.enable_progress_bar=false"]
SMALL = [*QUIET, "trainer.max_epochs=2", "data.epoch_size=100"]
LAYERS = "[{whiten: 2},{conv: {filters: 4, kernel: 3, norm: batch}},{pool: span},flatten,"
LAYERS += "{dense: 6},{dense: classes}]"


class Begin(Callback):
    """Keeps the weights that a training begins with, or stops it there."""

    def __init__(self, stop: bool = False):
        self.stop, self.weights = stop, dict[str, torch.Tensor]()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.weights = {name: tensor.clone() for name, tensor in pl_module.state_dict().items()}
        if self.stop:
            raise RuntimeError("killed")


def start(words: list[str], **begin: bool) -> tuple[Run, dict[str, torch.Tensor]]:
    """A training's run, and the weights that it began with."""
    callback, config = Begin(**begin), compose("train", words)
    take_settings(config, words)
    return Run.open(train(config, [callback])["run"]), callback.weights


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on grey digits, of an architecture that no file has."""
    words = ["domain=image", *SMALL, f"model.layers={LAYERS}", "test=false"]
    return start([*words, f"runs={tmp_path_factory.mktemp('source')}"])[0]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("pictures"), {"cat": 20, "dog": 20, "owl": 20})


def test_what_fits_is_taken_and_frozen_layers_stay_as_they_are(
    source: Run, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["domain=image", "data=image/folder", f"data.path={pictures}", *SMALL, f"runs={tmp_path}"]
    words += [f"init={source.folder}", "freeze=[conv*,dense1]"]
    run, begun = start(words)
    theirs = load_module(source)
    assert (run.config.data.size, run.config.data.channels) == (28, 1)
    assert load_module(run).preprocessing.mean == theirs.preprocessing.mean
    ended = run.checkpoint("last")
    for name, tensor in theirs.network.state_dict().items():
        if not name.startswith("dense2"):
            assert torch.equal(begun[f"network.{name}"], tensor), name
            assert torch.equal(ended["state_dict"][f"network.{name}"], tensor), name
    assert begun["network.dense2.weight"].shape == (3, 6)
    assert not torch.equal(begun["network.dense2.bias"], ended["state_dict"]["network.dense2.bias"])
    [states] = ended["optimizer_states"]
    assert [len(group["params"]) for group in states["param_groups"]] == [2]
    printed = " ".join(capsys.readouterr().out.split())
    assert f"weights of {source.folder}: whiten1, conv1, dense1" in printed
    assert "new: dense2 (other classes)" in printed
    assert "left in the source: dense2" in printed
    assert "│ total │ │ 347 │ 21 │" in printed  # parameters, and those that are trained
    note = json.loads((run.folder / "environment.json").read_text())["init"]
    assert note["run"] == str(source.folder)
    assert (run.checkpoints / "init.ckpt").read_bytes() == (source.checkpoints / "best.ckpt").read_bytes()


def test_the_network_that_it_started_from_is_tested_on_the_same_items(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["domain=image", "data=image/folder", f"data.path={pictures}", *SMALL, f"runs={tmp_path}"]
    first, _ = start([*words, f"model.layers={LAYERS}"])
    assert "test/gain over init" not in first.metrics
    second, _ = start([*words, f"init={first.folder}", "seed=1", "optimizer.lr=0.03"])
    metrics = second.metrics
    assert metrics["baseline/init"] == first.metrics["test/acc"]
    assert metrics["test/gain over init"] == pytest.approx(metrics["test/acc"] - metrics["baseline/init"])
    low, high = metrics["test/gain over init/interval"]
    assert low <= metrics["test/gain over init"] <= high
    assert "test/gain over init" in capsys.readouterr().out


def test_a_chosen_model_takes_the_layers_that_fit(source: Run, tmp_path: Path) -> None:
    layers = LAYERS.replace("{dense: 6}", "{dense: 7}")
    words = ["domain=image", *SMALL, "test=false", f"runs={tmp_path}", f"init={source.folder}"]
    run, begun = start([*words, "model=image/lecture", f"model.layers={layers}", "trainer.max_epochs=1"])
    theirs = source.checkpoint("best")["state_dict"]
    assert torch.equal(begun["network.conv1.weight"], theirs["network.conv1.weight"])
    assert begun["network.dense1.weight"].shape == (7, 4)
    assert run.config.choices.model == "image/lecture"
    with pytest.raises(
        UserError, match=r"^init: must have layers that fit this network, got none in .*: conv1"
    ):
        start([*words, "model=image/lecture"])
    assert len(list(tmp_path.glob("image/*"))) == 1


def classifier(classes: list[str]) -> ImageClassifier:
    return ImageClassifier(
        model={"layers": ["flatten", {"dense": len(classes)}]},
        planes=1,
        extent=(4, 4),
        classes=classes,
        optimizer={},
        schedule={},
        preprocessing=ImagePreprocessing([1.0], [1.0], {"shift": 0, "flip": False, "cutout": 0}),
    )


def test_the_same_classes_in_another_order_are_matched_by_name() -> None:
    theirs, own, other = classifier(["a", "b", "c"]), classifier(["c", "a", "b"]), classifier(["a", "b", "d"])
    weight = theirs.network.dense1.weight
    named = Source("net", theirs, Path("x"), "")
    assert named.start(own) == "weights of net: dense1"
    assert torch.equal(own.network.dense1.weight, weight[[2, 0, 1]])
    with pytest.raises(UserError, match=r"got none in net: dense1 \(other classes\); "):
        named.start(other)


SENTENCES = (
    "".join(f"good the {word} was fine\nbad the {word} was awful\n" for word in ("tea", "cake", "soup")) * 9
)


def sentences(path: Path, *words: str) -> list[str]:
    lines = [f"{'good' if n % 2 else 'bad'} {words[n % len(words)]} it was number{n % 7}" for n in range(80)]
    path.write_text("\n".join(f"{line} x{n}" for n, line in enumerate(lines)))
    return [
        "domain=text",
        "data=text/sentences",
        f"data.path={path}",
        *SMALL,
        "test=false",
        "model.filters=4",
    ]


def test_words_keep_their_vectors_and_a_killed_run_needs_no_source(tmp_path: Path) -> None:
    words = [*sentences(tmp_path / "a.txt", "tea", "cake"), "model.embedding=8", f"runs={tmp_path / 'a'}"]
    source = start(words)[0]
    words = [*sentences(tmp_path / "b.txt", "cake", "soup")[:-1], f"init={source.folder}"]
    whole, begun = start([*words, f"runs={tmp_path / 'whole'}"])
    ours, theirs = load_module(whole), load_module(source)
    known = theirs.preprocessing.vocabulary
    assert ours.preprocessing.vocabulary[: len(known)] == known
    assert "soup" in ours.preprocessing.vocabulary[len(known) :]
    vectors = theirs.state_dict()["embeddings.0.weight"]
    assert torch.equal(begun["embeddings.0.weight"][: len(known)], vectors)
    assert begun["embeddings.0.weight"][len(known) :].abs().sum() > 0

    with pytest.raises(RuntimeError, match="killed"):
        start([*words, f"runs={tmp_path / 'killed'}"], stop=True)
    shutil.rmtree(source.folder)
    [killed] = (tmp_path / "killed" / "text").iterdir()
    call("train", f"resume={killed}")
    kills.equal(killed, whole.folder)


def test_a_frozen_layer_is_frozen_when_the_run_is_resumed(source: Run, tmp_path: Path) -> None:
    words = ["domain=image", *SMALL, "test=false", f"runs={tmp_path}", f"init={source.folder}"]
    with pytest.raises(
        UserError, match=r"^freeze: must be names .* got 'conv9'; the layers are whiten1, conv1, "
    ):
        start([*words, "freeze=[conv1,conv9]"])
    with pytest.raises(UserError, match="freeze: must leave a layer to train, got"):
        start([*words, "freeze=['*']"])
    run, _ = start([*words, "freeze=[conv1]"])
    config = (run.folder / "config.yaml").read_text()
    (run.folder / "config.yaml").write_text(config.replace("- conv1", "- dense1"))
    (run.folder / "metrics.json").unlink()
    with pytest.raises(UserError, match=r"freeze\[0\]: must be conv1, as the run began with, got dense1"):
        call("train", f"resume={run.folder}")


def test_searches_and_comparisons_start_from_the_source_too(source: Run, tmp_path: Path) -> None:
    own: Any = source.config.model["layers"]
    words = ["domain=image", f"init={source.folder}"]
    config = _compose([*words, "data=image/folder", "data.path=/a/${seed}.zip", "data.channels=3"])
    config.seed = 7  # what was typed stays, and refers to what it referred to
    assert (config.data.path, config.data.size, config.data.channels) == ("/a/7.zip", 28, 3)
    assert _compose(words).model["layers"] == own
    assert _compose([*words, "model=image/tiny"]).choices.model == "image/tiny"
    designs = {"tuned": Design(words[1:]), "fresh": Design()}
    task = Task(overrides=["domain=image"], designs=designs, samples=100)
    plan = Comparison(tasks={"digits": task}, seeds=[0], budgets=[1], learning_rates=[1.0])
    tuned, fresh = (Entry(plan, "digits", name, tmp_path, None)._configuration(0) for name in task.designs)
    assert tuned.model["layers"] == own != fresh.model["layers"]
    assert (tuned.init, fresh.init) == (str(source.folder), None)

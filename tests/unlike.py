"""What ``familiar`` and the temperature are worth: foreign inputs against test items of a run.

CONVOLUTIONS_DATA=FOLDER python -m tests.unlike RUN [data.path=…]

prints rows of docs/results.md: the area under the ROC curve of familiarity on each kind of foreign input, the
share of each that is called unlike training, and the calibration error of the test before and after.
"""

import io
import os
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from domains.image.predict import batches
from shared.commands.answering import Answers, answers
from shared.config import print_line
from shared.config.cli import compose
from shared.files import Inventory
from shared.runs.early import data_settings
from shared.runs.run import Run
from shared.training.classifier import Classifier
from shared.training.data import DataModule, Draw
from shared.training.familiarity import Record, _calibration_error
from shared.training.setup import build_data, load_module, trained_config
from tests import foreign

DATA = Path(os.environ.get("CONVOLUTIONS_DATA", "."))
MOST, SIZE, RESAMPLED = 2000, 250, 300

Batches = Iterator[dict[str, Any]]


def pictures(module: Classifier, kind: str) -> Batches:
    """Clothes made by code, digits, or CIFAR-10's test pictures, read as a user's files are."""
    with TemporaryDirectory() as folder:
        for number, image in enumerate(_images(kind)):
            image.save(Path(folder, f"{number:04d}.png"))
        for _, x in batches(module, Path(folder), Inventory()):
            yield {"x": x}


def _images(kind: str) -> Iterator[Image.Image]:
    if kind == "clothes":
        yield from (Image.fromarray(picture[0]) for picture in foreign.clothes(1000))
    elif kind == "digits":
        yield from (Image.fromarray((digit * 15).astype(np.uint8)) for digit in load_digits().images[:1000])
    else:
        with tarfile.open(DATA / "image/cifar10/cifar10-jpg.tar.xz") as archive:
            chosen = [member for member in archive if "test/" in member.name and member.isfile()][::10]
            for member in chosen:
                yield Image.open(io.BytesIO(archive.extractfile(member).read()))  # type: ignore[union-attr]


def sounds(module: Any) -> Batches:
    """Noise and music, each alone in its batch."""
    for x in foreign.sounds(600, module.log_mel.rate):
        yield {"x": x[None], "lengths": np.array([len(x)])}


def sentences(module: Any, texts: list[str]) -> Batches:
    """Sentences of other languages."""
    from domains.text.reading import Vocabulary

    vocabulary = Vocabulary(module.settings["tokens"], module.preprocessing.vocabulary)
    for numbers in vocabulary.ids(texts):
        yield {"x": np.array([numbers]), "lengths": np.array([len(numbers)])}


def random_positions(module: Classifier) -> Batches:
    """Twelve positions of each of 60 games of random legal moves."""
    from domains.go.board import batch_planes, plane_groups
    from domains.go.records import read_games

    with TemporaryDirectory() as folder:
        for name, text in foreign.random_games(60).items():
            Path(folder, name).write_text(text)
        games = read_games(Path(folder), size=19, min_moves=0, learn=False)
    game, ply = np.repeat(np.arange(60), 12), np.tile(np.arange(5, 120, 10), 60)
    for part in np.split(np.arange(len(game)), range(SIZE, len(game), SIZE)):
        x, _, _ = batch_planes(
            games,
            game[part],
            ply[part],
            np.zeros(len(part), np.uint8),
            plane_groups(module.hparams["model"]["planes"]),
        )
        yield {"x": x}


FOREIGN: dict[str, dict[str, Callable[[Any], Batches]]] = {
    "image": {
        kind: lambda module, kind=kind: pictures(module, kind) for kind in ("CIFAR-10", "clothes", "digits")
    },
    "speech": {"noise and music": sounds},
    "text": {"German, French, Spanish": lambda module: sentences(module, foreign.SENTENCES)},
    "go": {"random legal moves": random_positions},
}


def of_test(module: Classifier, data: DataModule) -> tuple[Answers, NDArray[np.int64], NDArray[Any]]:
    """The answers for test items, at most MOST, with their labels and groups."""
    items = np.linspace(0, len(data.test_set) - 1, min(len(data.test_set), MOST)).astype(np.int64)
    lengths = getattr(data.test_set, "lengths", None)
    if lengths is not None:
        items = items[np.argsort(lengths[items], kind="stable")]
    batches = [data.test_set[Draw(items[start : start + SIZE], None)] for start in range(0, len(items), SIZE)]
    labels = np.concatenate([batch["y"] for batch in batches])
    return Answers.joined([answers(module, batch) for batch in batches]), labels, data.groups(items)


def interval(strange: NDArray, own: NDArray, groups: NDArray) -> tuple[float, float]:
    """The 95 % interval of the area, by resampling foreign items and groups of test items."""
    random, names = np.random.default_rng(0), np.unique(groups)
    members = {name: own[groups == name] for name in names.tolist()}
    areas = [
        area(
            random.choice(strange, len(strange)),
            np.concatenate([members[name] for name in random.choice(names, len(names)).tolist()]),
        )
        for _ in range(RESAMPLED)
    ]
    low, high = np.quantile(areas, (0.025, 0.975))
    return float(low), float(high)


def area(strange: NDArray, own: NDArray) -> float:
    """Under the ROC curve, of familiarities."""
    truth = np.repeat([1, 0], [len(strange), len(own)])
    return float(roc_auc_score(truth, -np.concatenate([strange, own])))


def main(words: list[str]) -> None:
    """Print the rows of one run."""
    run = Run.open(words[0])
    module = load_module(run)
    module.record = Record.read(run, module)
    assert module.record is not None
    chosen = compose("evaluate", [f"run={run.folder}", *words[1:]]).data
    data = build_data(data_settings(trained_config(run), chosen), module.fitted)
    data.setup()
    module.views = data.views
    own, labels, groups = of_test(module, data)
    right = (own.logits.argmax(1) == labels).mean()
    print_line(f"{run.folder}: n {len(labels)}, {right:.1%} right, {own.unlike.mean():.1%} unlike training")
    y, temperature = torch.from_numpy(labels), module.record.temperature
    for name, logits in {"before": own.logits * temperature, "after": own.logits}.items():
        print_line(f"  ECE {name} {_calibration_error(torch.from_numpy(logits), y):.4f}")
    print_line(
        f"  temperature {temperature:.2f}, from validation (before, after, n) {module.record.calibration}"
    )
    own_kind = "CIFAR-10" if "airplane" in module.classes else "digits"
    for name, make in FOREIGN[module.domain].items():
        if name == own_kind:
            continue
        strange = Answers.joined([answers(module, batch) for batch in make(module)])
        n, likely = len(strange.unlike), strange.probabilities.max(1) >= 0.5
        low, high = interval(strange.familiar, own.familiar, groups)
        print_line(
            f"  {name}: n {n}, area {area(strange.familiar, own.familiar):.3f} ({low:.3f} … {high:.3f}), "
            f"unlike {strange.unlike.mean():.1%}; sure by probability {likely.mean():.1%}, "
            f"by both {(likely & ~strange.unlike).mean():.1%}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])

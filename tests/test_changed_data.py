"""A run keeps a fingerprint of its data: changes are reported and never trained on."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from PIL import Image
from pytorch_lightning.callbacks import Callback
from scipy.io import wavfile

from shared.commands.evaluate import evaluate
from shared.commands.train import train
from shared.config.cli import compose
from shared.errors import UserError
from shared.explain.command import explain_run
from shared.runs.run import Run

QUICK = ["trainer.max_epochs=2", "trainer.accelerator=cpu", "trainer.precision=32-true"]
QUICK += ["trainer.enable_progress_bar=false", "test=false"]
WORDS = "good nice fine bad sad poor film plot scene actor end start music light".split()  # noqa: SIM905


def write_sentences(path: Path, n: int = 60, *, flip: bool = False) -> None:
    rows = [f"{WORDS[i % 14]} {WORDS[i * 5 % 14]} {i % 9} {i},{'ab'[(i + flip) % 2]}" for i in range(n)]
    path.write_text("\n".join(["text,label", *rows]) + "\n")


def write_pictures(path: Path, n: int = 60, *, flip: bool = False) -> None:
    shutil.rmtree(path, ignore_errors=True)
    for i in range(n):
        folder = path / "ab"[(i + flip) % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(i).integers(255, size=(8, 8, 3), dtype=np.uint8)).save(
            folder / f"{i:03d}.png"
        )


def write_sounds(path: Path, n: int = 60, *, flip: bool = False) -> None:
    shutil.rmtree(path, ignore_errors=True)
    for i in range(n):
        folder = path / "ab"[(i + flip) % 2]
        folder.mkdir(parents=True, exist_ok=True)
        sound = np.random.default_rng(i).integers(-999, 999, size=3000, dtype=np.int16)
        wavfile.write(folder / f"{i:03d}.wav", 8000, sound)


def write_games(path: Path, n: int = 60, *, flip: bool = False) -> None:
    """Games of random moves; ``flip`` changes the moves, which are the labels."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    for i in range(n):
        points = np.random.default_rng(i + 1000 * flip).permutation(361)[:24]
        moves = "".join(
            f";{'BW'[k % 2]}[{chr(97 + p % 19)}{chr(97 + p // 19)}]" for k, p in enumerate(points)
        )
        (path / f"{i:03d}.sgf").write_text(f"(;SZ[19]{moves})")


def write_aligned(path: Path, n: int = 60, *, flip: bool = False) -> None:
    """The same sounds, with labels over time beside them."""
    write_sounds(path, n)
    for i, file in enumerate(sorted(path.glob("*/*.wav"), key=lambda file: file.name)):
        labels = "ab"[(i + flip) % 2], "ba"[(i + flip) % 2]
        file.with_suffix(".phn").write_text(f"0 1500 {labels[0]}\n1500 3000 {labels[1]}\n")


KINDS = {  # an archive may take the place of a folder
    "text": (write_sentences, "data.csv", ["data=text/sentences", "model.filters=4", "model.embedding=8"]),
    "image": (write_pictures, "images.zip", ["data=image/folder", "data.size=28", "data.channels=1"]),
    "speech": (write_sounds, "sounds.zip", ["data=speech/folder", "model.filters=4", "model.units=4"]),
    "speech over time": (
        write_aligned,
        "aligned.zip",
        ["data=speech/aligned", "model=speech/phones", "model.filters=4", "model.units=4"],
    ),
    "go": (
        write_games,
        "games.zip",
        ["data=go/sgf", "model.filters=4", "model.depth=2", "data.epoch_size=64", "data.val_size=20"],
    ),
}
NAMES = [pytest.param(name, marks=() if name in ("text", "go") else pytest.mark.slow) for name in KINDS]


class Stop(Callback):
    """Raises KeyboardInterrupt after the first epoch."""

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == 1:
            raise KeyboardInterrupt


class StoppedRuns(dict[str, Run]):
    """Runs on a user's own data, stopped one epoch before their end; each is trained when first asked for."""

    def __init__(self, folder: Path):
        super().__init__()
        self.folder = folder

    def __missing__(self, name: str) -> Run:
        make, path, words = KINDS[name]
        make(self.folder / path)
        own = self.folder / name.replace(" ", "-")
        more = [f"domain={name.split()[0]}", *words, *QUICK, f"data.path={self.folder / path}", f"runs={own}"]
        with pytest.raises(KeyboardInterrupt):
            train(compose("train", [*more, "data.fractions={val: 0.2, test: 0.2}"]), [Stop()])
        [config] = own.glob("*/*/config.yaml")
        return self.setdefault(name, Run(config.parent))


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> StoppedRuns:
    return StoppedRuns(tmp_path_factory.mktemp("stopped"))


def copied(run: Run, folder: Path) -> Run:
    shutil.copytree(run.folder, folder)
    return Run(folder)


def resume(run: Run) -> None:
    train(compose("train", [f"domain={run.config.domain.name}", f"resume={run.folder}"]))


def evaluated(run: Run, capsys: pytest.CaptureFixture, *words: str) -> str:
    """The standard error of evaluate."""
    capsys.readouterr()
    evaluate(compose("evaluate", [f"run={run.folder}", *words]))
    return capsys.readouterr().err.strip()


@pytest.mark.parametrize("name", NAMES)
def test_equal_data_have_equal_fingerprints_however_packed_and_loaded(
    name: str, stopped: StoppedRuns, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    run, make = stopped[name], KINDS[name][0]
    path = Path(run.config.data.path)
    make(path)  # written again, with other modification times
    workers = int(name == "text")  # the same code for all domains
    assert evaluated(run, capsys, "+data.batch_size=7", f"+data.workers={workers}") == ""
    resume(copied(run, tmp_path / "first"))
    if path.is_file():
        return
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(path.rglob("*.*")):
            archive.write(file, file.relative_to(path))
    shutil.rmtree(path)
    packed.rename(path)
    try:
        assert evaluated(run, capsys) == ""
        resume(copied(run, tmp_path / "second"))
    finally:
        path.unlink()
        make(path)


@pytest.mark.parametrize("name", NAMES)
def test_changed_data_are_not_trained_on_and_evaluate_reports_the_change(
    name: str, stopped: StoppedRuns, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    run, make = stopped[name], KINDS[name][0]
    path = Path(run.config.data.path)
    weights = (run.checkpoints / "last.ckpt").read_bytes()
    grown = "train: .* examples then, .* now"
    # Go's labels are moves, by which it is split; labels over time are hashed with the sounds.
    flipped = "train: .*" if name in ("go", "speech over time") else "train: other labels"
    try:
        for change, said in (({"n": 70}, grown), ({"flip": True}, flipped)):
            make(path, **change)
            with pytest.raises(UserError, match=f"data have changed since this run began .*{said}"):
                resume(run)
            assert (run.checkpoints / "last.ckpt").read_bytes() == weights
            assert evaluated(run, capsys).count("changed since it was trained") == 1
            assert evaluated(run, capsys, f"data.path={path}") == ""  # a path given by the user is no change
    finally:
        make(path)
    resume(copied(run, tmp_path / "run"))


def test_new_words_and_classes_are_named(stopped: StoppedRuns, capsys: pytest.CaptureFixture) -> None:
    run = stopped["text"]
    path = Path(run.config.data.path)
    try:
        path.write_text(path.read_text() + "".join(f"never heard {i},c\n" for i in range(30)))
        with pytest.raises(
            UserError, match=r"\(classes added: c; train: 40 examples.*; vocabulary: .* entries then"
        ):
            resume(run)
    finally:
        write_sentences(path)


def test_explain_reports_changed_data(
    stopped: StoppedRuns, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    run = stopped["image"]
    path = Path(run.config.data.path)
    try:
        write_pictures(path, 50)
        words = [
            f"run={run.folder}",
            "methods=[input_x_gradient]",
            "searched=5",
            f"output={tmp_path / 'out'}",
        ]
        explain_run(compose("explain", words))
        assert capsys.readouterr().err.count("changed since it was trained") == 1
    finally:
        write_pictures(path)


def test_a_run_without_fingerprints_is_resumed(stopped: StoppedRuns, tmp_path: Path) -> None:
    run = copied(stopped["text"], tmp_path / "old")
    (run.folder / "data.json").unlink()
    for name in ("best", "last"):
        file = run.checkpoints / f"{name}.ckpt"
        contents = torch.load(file, weights_only=True)
        assert contents.pop("fingerprint")["classes"] == ["a", "b"]
        torch.save(contents, file)
    path = Path(run.config.data.path)
    try:
        write_sentences(path, flip=True)
        resume(run)
    finally:
        write_sentences(path)
    assert json.loads((run.folder / "data.json").read_text())["splits"]["train"]["n"] > 0

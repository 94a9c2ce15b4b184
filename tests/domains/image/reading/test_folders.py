"""Folders of images: every file is used or reported, and no class is lost or invented."""

import shutil
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from domains.image.data import ImageData
from shared.commands.evaluate import data_of, evaluate
from shared.commands.train import train
from shared.config.cli import compose
from shared.errors import UserError
from shared.explain.command import explain_run
from shared.runs.run import Run
from shared.training.setup import build_data, load_module
from tests.domains.image.picture_folders import make_folder

FAST = ("trainer.max_epochs=1", "trainer.accelerator=cpu", "trainer.precision=32-true", "data.size=8")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVOLUTIONS_CACHE", str(tmp_path / "cache"))


def words(path: Path, *more: str) -> list[str]:
    return ["domain=image", "data=image/folder", f"data.path={path}", *more]


def read(path: Path, *more: str) -> ImageData:
    data = build_data(compose("train", words(path, *more)))
    assert isinstance(data, ImageData)
    data.setup()
    return data


def sizes(data: ImageData) -> list[int]:
    return [len(dataset) for dataset in (data.train_set, data.val_set, data.test_set)]


def trained(path: Path, tmp_path: Path, *more: str) -> Run:
    """A run of one epoch of the smallest network."""
    layers = "model.layers=[flatten,{dense: classes}]"
    return Run.open(
        train(compose("train", words(path, *FAST, layers, f"runs={tmp_path}/runs", *more)))["run"]
    )


def evaluated(run: Run, path: Path | None = None, **more: Any) -> str:
    """The summary of the data that a run is evaluated on."""
    settings = {"path": path and str(path), **more}
    data = data_of(run, load_module(run), OmegaConf.create(settings))
    data.setup()
    return data.summary


def archive(folder: Path) -> Path:
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as out:
        for file in sorted(folder.rglob("*")):
            out.write(file, f"top/{file.relative_to(folder)}")
    return folder.with_suffix(".zip")


def test_other_formats_are_counted_and_a_class_of_only_these_is_refused(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "p", {"cat": 20, "dog": 20})
    for number in range(20):
        jfif = Image.open(path / "cat" / f"{number:03d}.png").transpose(Image.Transpose.ROTATE_90)
        jfif.save(path / "cat" / f"{number}.jfif", "JPEG")
        (path / "dog" / f"IMG_{number}.HEIC").write_bytes(b"not read")
    (path / "labels").mkdir()
    (path / "labels" / "a.txt").write_text("1")
    for place in (path, archive(path)):
        data = read(place)
        assert sum(sizes(data)) == 60
        for part in (
            "files: 81 seen, 60 used, 21 skipped",
            "20 of kind .heic: ",
            "1 of kind .txt: ",
            "folders without a usable file: ",
        ):
            assert part in data.summary
    (path / "fox").mkdir()
    (path / "fox" / "IMG_1.HEIC").write_bytes(b"not read")
    message = r"fox: must hold usable files, got 1 of kind \.heic; convert them to JPEG or PNG"
    for place in (path, archive(path)):
        with pytest.raises(UserError, match=message):
            read(place)
    (path / "fox" / "IMG_1.HEIC").rename(path / "fox" / "IMG_1.jpg")
    with pytest.raises(UserError, match="fox: must hold usable files, got 1 unreadable"):
        read(path)


def test_hidden_folders_are_not_classes(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "p", {"cat": 20, "dog": 20, "cat/.ipynb_checkpoints": 3, ".thumbnails": 2})
    data = read(path, "data.strict=true")
    assert data.classes == ["cat", "dog"]
    assert "5 hidden: cat/.ipynb_checkpoints/000.png" in data.summary


@pytest.mark.parametrize(
    "splits", [("Training", "", "Testing"), ("train", "valid", "test"), ("TRAIN", "Dev", "eval")]
)
@pytest.mark.parametrize("above", [True, False])
def test_official_splits_by_other_names(splits: tuple[str, str, str], above: bool, tmp_path: Path) -> None:
    counts = {
        f"{split}/{name}" if above else f"{name}/{split}": count
        for split, count in zip(splits, (20, 6, 4), strict=True)
        for name in ("cat", "dog")
        if split
    }
    path = make_folder(tmp_path / "p", counts)
    for place in (path, archive(path)):
        data = read(place)
        assert data.classes == ["cat", "dog"]
        assert sizes(data)[2] == 8
        assert sum(sizes(data)[:2]) == sum(counts.values()) - 8
        if splits[1]:
            assert sizes(data)[1] == 12
        assert f"{splits[2]}/ is test" in data.summary


def test_ignored_folder_levels_are_named(tmp_path: Path) -> None:
    data = read(make_folder(tmp_path / "p", {f"site{i}/{name}": 12 for i in (1, 2) for name in "ab"}))
    assert data.classes == ["a", "b"]
    assert "folder levels that say no class, ignored: site1/, site2/" in data.summary


def test_composed_and_decomposed_names_are_one_class(tmp_path: Path) -> None:
    names = ["café", "thé"]
    forms = {form: [unicodedata.normalize(form, name) for name in names] for form in ("NFC", "NFD")}
    composed = make_folder(tmp_path / "nfc", dict.fromkeys(forms["NFC"], 20))
    decomposed = make_folder(tmp_path / "nfd", dict.fromkeys(forms["NFD"], 20))
    mixed = make_folder(tmp_path / "mixed", dict.fromkeys(forms["NFC"], 20))
    for name in forms["NFD"]:
        make_folder(mixed, {name: 20}, seed=5)
    assert read(mixed).classes == forms["NFC"]
    assert sum(sizes(read(mixed))) == len(list(mixed.rglob("*.png")))
    run = trained(composed, tmp_path)
    assert evaluated(run, decomposed) == evaluated(run)
    module = load_module(run)
    module.classes = forms["NFD"]  # like the classes of earlier versions
    data = data_of(run, module, compose("evaluate", [f"run={run.folder}"]).data)
    data.setup()
    assert data.classes == forms["NFD"]
    assert data.test_set.y.tolist() == read(composed, "data.size=8").test_set.y.tolist()


def test_other_data_are_tested_on_known_classes(tmp_path: Path) -> None:
    run = trained(make_folder(tmp_path / "p", dict.fromkeys("abc", 30)), tmp_path)
    other = make_folder(tmp_path / "other", {"a": 30, "c": 30}, seed=9)
    (other / "a" / "bad.jpg").write_text("no picture")
    summary = evaluated(run, other)
    assert "classes of the run without examples: b" in summary
    assert "1 unreadable: a/bad.jpg" in summary
    assert " of 60 images; data.fractions.test=1 tests all" in summary
    assert "tested: 60 of 60 images\n" in evaluated(run, other, fractions={"val": 0.1, "test": 1})
    scores = evaluate(compose("evaluate", [f"run={run.folder}", f"data.path={other}"]))
    assert 0 <= scores["test/acc"] <= 1
    make_folder(other, {"d": 3})
    with pytest.raises(UserError, match=r"other: must have classes of the run \(a, b, c\), got d as well"):
        evaluated(run, other)


@pytest.mark.parametrize("count", range(1, 9))
def test_very_few_images_are_split_or_refused(count: int, tmp_path: Path) -> None:
    for seed in range(6):
        path = make_folder(tmp_path / str(seed), {"a": count, "b": count}, seed)
        if count == 1:
            with pytest.raises(UserError, match=r"must have (val|test) examples, got 2 train, 0 val, 0 test"):
                read(path).require("train", "val", "test")
        else:
            data = read(path)
            assert min(sizes(data)) > 0
            assert sum(sizes(data)) == 2 * count
            assert set(data.train_set.y) == {0, 1}
    if count in (2, 5):
        run, data = trained(path, tmp_path), read(path, "data.size=8")
        assert run.metrics["test/acc"] >= 0
        assert f"tested: {len(data.test_set)} of {2 * count} images" in evaluated(run)


def test_mostly_unreadable_data_are_refused(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "p", {"a": 20, "b": 20})
    for number in range(41):
        (path / "a" / f"x{number}.jpg").write_bytes(b"")
    with pytest.raises(UserError, match=r"41 of 81 skipped: unreadable .*repair or remove such files of .*p"):
        read(path)
    (path / "a" / "x0.jpg").unlink()
    assert "40 unreadable" in read(path).summary
    for number in range(41):
        shutil.copy(path / "b" / "000.png", path / f"{number}.png")
        (path / "a" / f"x{number}.jpg").unlink(missing_ok=True)
    with pytest.raises(UserError, match=r"41 of 81 skipped: not in a class's folder .*CLASS/image\.jpg"):
        read(path)


def test_unlikely_classes_are_refused_before_training(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="30 classes for 30 examples, 30 of them with a single one"):
        read(make_folder(tmp_path / "p", {f"photo{i}": 1 for i in range(30)}))


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "p", {"a": 20, "b": 20})
    odd = (bytes(path) + b"/\xff\xe9").decode(errors="surrogateescape")
    Path(odd).mkdir()
    for number in range(20):
        Image.fromarray(np.full((9, 9), number, np.uint8)).save(f"{odd}/\udcfe{number}.png")
    data = read(path)
    assert data.classes == ["??", "a", "b"]
    data.summary.encode()


def test_explained_inputs_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = make_folder(tmp_path / "p", {"a": 20, "b": 20})
    run = trained(path, tmp_path)
    (path / "a" / "bad.jpg").write_text("no picture")
    (path / "a" / "notes.txt").write_text("notes")
    settings = [f"run={run.folder}", "methods=[saliency]", f"output={tmp_path}/out"]
    explain_run(compose("explain", [*settings, f"input={path}", "inputs=2"]))
    shown = capsys.readouterr().out
    assert "explained: the first 2 of 40 inputs; inputs=N takes N" in shown
    assert "files: 42 seen, 40 used, 2 skipped" in shown
    page = (tmp_path / "out" / "report.html").read_text()
    assert "the first 2 of 40 inputs" in page
    explain_run(compose("explain", [*settings, f"input={path}/a/000.png"]))
    assert "explained:" not in capsys.readouterr().out
    with pytest.raises(UserError, match=r"bad\.jpg: must be an image of a known format"):
        explain_run(compose("explain", [*settings, f"input={path}/a/bad.jpg"]))
    with pytest.raises(UserError, match="inputs: must be a whole number from 1, got 0"):
        explain_run(compose("explain", [*settings, f"input={path}", "inputs=0"]))

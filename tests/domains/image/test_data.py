"""Sources of pictures, and their splits."""

import gzip
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from domains.image.augment import Changes
from domains.image.data import ImageData, ImagePreprocessing
from domains.image.reading.datasets import SOURCES, idx
from shared.config.cli import compose
from shared.errors import UserError
from shared.training.data import Draw, Fitted
from shared.training.setup import build_data
from tests.domains.image.picture_folders import make_folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVOLUTIONS_CACHE", str(tmp_path / "cache"))


def read(*words: str) -> ImageData:
    data = build_data(compose("train", ["domain=image", *words]))
    assert isinstance(data, ImageData)
    data.setup()
    return data


def from_folder(path: Path, *words: str) -> ImageData:
    return read("data=image/folder", f"data.path={path}", *words)


def names(data: ImageData) -> dict[str, set[str]]:
    sets = {"train": data.train_set, "val": data.val_set, "test": data.test_set}
    return {name: set(each.name) for name, each in sets.items()}


def test_the_digits_of_the_library_are_split_the_same_for_every_seed() -> None:
    data, other = read(), read("seed=3")
    sizes = [len(split) for split in (data.train_set, data.val_set, data.test_set)]
    assert sum(sizes) == 1797
    assert sizes[1] == pytest.approx(180, abs=40)
    assert sizes[2] == pytest.approx(359, abs=50)
    assert np.array_equal(data.test_set.x, other.test_set.x)
    assert data.train_set.x.shape[1:] == (1, 28, 28)
    assert data.train_set.x.dtype == np.uint8
    assert data.train_set.x.max() == 255
    assert data.classes == list("0123456789")


def test_mean_and_deviation_are_those_of_the_training_pictures() -> None:
    data = read()
    values = data.train_set.x.astype(np.float64)
    assert data.preprocessing.mean == pytest.approx([values.mean()])
    assert data.preprocessing.std == pytest.approx([values.std()])


def test_the_preprocessing_of_a_trained_network_is_kept() -> None:
    fitted = Fitted(
        list("0123456789"), ImagePreprocessing([1.0], [2.0], Changes(shift=0, flip=False, cutout=0))
    )
    data = build_data(compose("train", ["domain=image"]), fitted)
    data.setup()
    assert data.preprocessing.mean == [1.0]


def test_batches_hold_the_drawn_items() -> None:
    data = read()
    batch = data.train_set[Draw(np.array([5, 2]), 7)]
    assert np.array_equal(batch["x"], data.train_set.x[[5, 2]])
    assert batch["y"].tolist() == data.train_set.y[[5, 2]].tolist()
    assert batch["item"].tolist() == [5, 2]


def test_folders_by_class_are_cut_by_pixels(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "p", {"cat": 60, "dog": 60})
    splits = names(from_folder(path))
    assert sum(map(len, splits.values())) == 120
    assert min(map(len, splits.values())) > 4
    make_folder(path, {"elk": 30}, seed=1)
    more = names(from_folder(path))
    for split, before in splits.items():
        assert before <= more[split]  # additional pictures move none to another split
    copy = Image.open(path / sorted(splits["test"])[0])
    copy.save(path / "cat" / "copy.png")
    assert "cat/copy.png" in names(from_folder(path))["test"]  # copies stay together


def test_official_sets_stay_official(tmp_path: Path) -> None:
    counts = {"train/a": 40, "train/b": 40, "test/a": 3, "test/b": 4}
    data = from_folder(make_folder(tmp_path / "p", counts))
    assert names(data)["test"] == {f"test/a/00{i}.png" for i in range(3)} | {
        f"test/b/00{i}.png" for i in range(4)
    }
    assert len(data.train_set) + len(data.val_set) == 80
    assert 0 < len(data.val_set) < 30
    assert data.classes == ["a", "b"]
    counts["val/a"] = counts["val/b"] = 5
    data = from_folder(make_folder(tmp_path / "q", counts))
    assert [len(split) for split in (data.train_set, data.val_set, data.test_set)] == [80, 10, 7]


def test_an_archive_reads_like_its_folder(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "p", {"train/a": 20, "train/b": 20, "test/a": 9, "test/b": 9})
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for file in sorted(path.rglob("*.png")):
            archive.write(file, f"top/{file.relative_to(path)}")
    ours, theirs = from_folder(path), from_folder(tmp_path / "p.zip")
    assert np.array_equal(ours.train_set.x, theirs.train_set.x)
    assert np.array_equal(ours.test_set.y, theirs.test_set.y)


def test_the_first_n_train_and_validation_comes_from_the_rest(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "p", {"train/a": 60, "train/b": 60, "test/a": 3, "test/b": 3})
    whole, some = from_folder(path), from_folder(path, "data.first=80")
    order = [f"train/{c}/{i:03d}.png" for c in "ab" for i in range(60)]
    assert list(some.train_set.name) == order[:80]
    assert set(some.val_set.name) == set(whole.val_set.name) & set(order[80:])
    assert names(some)["test"] == names(whole)["test"]
    all_of_them = from_folder(path, "data.first=120")
    assert names(all_of_them) == names(whole)


def test_unreadable_images_are_skipped_and_named(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "p", {"a": 30, "b": 30})
    (path / "a" / "notes.jpg").write_text("no picture at all")
    (path / "b" / "half.png").write_bytes((path / "b" / "000.png").read_bytes()[:200])
    (path / "c").mkdir()
    data = from_folder(path)
    assert data.summary.startswith("images: ")
    for part in (
        "files: 63 seen, 60 used, 3 skipped",
        "2 unreadable: a/notes.jpg (must be an image of a known format",
        "b/half.png (a broken or truncated image",
        "1 empty folder: c/",
    ):
        assert part in data.summary
    assert data.classes == ["a", "b"]
    assert from_folder(path).summary == data.summary  # from the cache too
    (path / "c").rmdir()
    with pytest.raises(UserError, match=r"notes\.jpg: unreadable: must be an image .* data\.strict=false"):
        from_folder(path, "data.strict=true")


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"a": 30}, r"must have at least two classes, got 30 examples of one, 'a'"),
        ({".": 3}, r"not in a class's folder \(the first: 000\.png\); sort the images as CLASS/image"),
        ({"train": 3, "test": 3}, r"6 of 6 skipped: not in a class's folder"),
        ({"train/a": 20, "train/b": 20, "test/a": 3, "test/c": 3}, r"of each class, got 'c' in test alone"),
        ({"train/a": 20, "train/b": 20, "test/a": 3, "c": 3}, r"c/000\.png: must be in one of test, train"),
        ({}, r"no file in it"),
    ],
)  # fmt: skip
def test_folders_that_cannot_be_used(tmp_path: Path, counts: dict[str, int], message: str) -> None:
    (tmp_path / "p").mkdir()
    with pytest.raises(UserError, match=message):
        from_folder(make_folder(tmp_path / "p", counts))


def test_a_folder_without_a_readable_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p" / "a").mkdir(parents=True)
    (tmp_path / "p" / "a" / "x.jpg").write_text("text")
    with pytest.raises(UserError, match=r"x\.jpg: must be an image"):
        from_folder(tmp_path / "p")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data.source=digit"], "data.source: must be one of digits, .*got digit"),
        (["data.path=pictures"], r"data\.path: must be null for data=image/digits, got .*pictures"),
        (["data.channels=2"], "data.channels: must be one of 1, 3, got 2"),
        (["data.size=0"], "data.size: must be a whole number from 1, got 0"),
        (["data.fractions.val=2"], "data.fractions.val: must be a number from 0 to 1, got 2"),
        (["data.fractions.test=1"], "must have training examples of at least two classes, got none"),
        (["data.first=0"], "data.first: must be a whole number from 1, got 0"),
        (["data.augment.shift=28"], "data.augment.shift: must be a whole number from 0 to 27, got 28"),
        (["data.test_views=3"], "data.test_views: must be one of 1, 2, 6, got 3"),
        (["data.test_views=true"], "data.test_views: must be a whole number, got true"),
    ],
)
def test_impossible_settings_are_refused(words: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(*words)


def packed(array: np.ndarray, magic: int) -> bytes:
    return struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()


def mnist(folder: Path, **files: bytes) -> Path:
    """The four files of a tiny MNIST; some may be replaced."""
    random = np.random.default_rng(0)
    folder.mkdir()
    for prefix, n in (("train", 50), ("t10k", 20)):
        x = random.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        y = (np.arange(n) % 10).astype(np.uint8)
        for kind, data in (("images-idx3", packed(x, 0x803)), ("labels-idx1", packed(y, 0x801))):
            stem = f"{prefix}-{kind}-ubyte"
            (folder / f"{stem}.gz").write_bytes(files.get(f"{prefix}_{kind[:6]}", gzip.compress(data)))
    return folder


def test_idx_files_are_read(tmp_path: Path) -> None:
    folder = mnist(tmp_path / "m")
    data = read("data=image/mnist", f"data.path={folder}")
    assert len(data.train_set) + len(data.val_set) == 50
    assert len(data.test_set) == 20
    raw = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())
    assert data.test_set.x.tobytes() == raw[16:]
    (folder / "t10k-images-idx3-ubyte.gz").unlink()
    (folder / "t10k-images.idx3-ubyte").write_bytes(raw)
    again = read("data=image/fashion_mnist", f"data.path={folder}", "data.size=32", "data.channels=3")
    assert again.test_set.x.shape == (20, 3, 32, 32)
    assert again.classes[9] == "ankle boot"


@pytest.mark.parametrize(
    ("file", "contents", "message"),
    [
        ("train_images", packed(np.zeros((50, 28, 28), np.uint8), 0x804), "got 0x804"),
        ("train_images", packed(np.zeros((50, 28, 28), np.uint8), 0x803)[:-1], "39,216 bytes, got 39,215"),
        ("train_images", packed(np.zeros((50, 28, 28), np.uint8), 0x803) + b"x", "got 39,217"),
        ("train_images", gzip.compress(b"\0\0\x08\x03", mtime=0)[:-5], "broken or truncated gzip"),
        ("train_labels", packed(np.zeros(49, np.uint8), 0x801), "must have a label per image"),
        ("t10k_labels", packed(np.full(20, 10, np.uint8), 0x801), "must have labels below 10, got 10"),
        ("t10k_labels", b"", "got 0x0"),
        ("t10k_labels", struct.pack(">2I", 0x801, 2**32 - 1), r"must have 8 \+ 4294967295 = "),
    ],
)  # fmt: skip
def test_broken_idx_files_are_named(tmp_path: Path, file: str, contents: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read("data=image/mnist", f"data.path={mnist(tmp_path / 'm', **{file: contents})}")
    assert str(tmp_path / "m") in str(caught.value)


def test_missing_idx_files_and_truncated_headers(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"must hold the four idx files, got no train-images-idx3-ubyte"):
        read("data=image/mnist", f"data.path={tmp_path}")
    with pytest.raises(UserError, match=r"a: must have 8 \+ 0 = 8 bytes, got 6"):
        idx(b"\0\0\x08\x01\0\0", "a")


def test_a_gzip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domains.image.reading.datasets.MEMBER_LIMIT", 1000)
    with pytest.raises(UserError, match="a: must unpack to at most 1,000 bytes"):
        idx(gzip.compress(packed(np.zeros(1000, np.uint8), 0x801)), "a")


def test_cifar_comes_through_torchvision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Official:
        classes = ("aeroplane", "car")

        def __init__(self, root: Path, *, train: bool, download: bool):
            assert not download
            n = 40 if train else 10
            self.data = np.random.default_rng(n).integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
            self.targets = [i % 2 for i in range(n)]

    monkeypatch.setattr("torchvision.datasets.CIFAR10", Official)
    data = read("data=image/cifar10", f"data.path={tmp_path}")
    assert np.array_equal(
        data.test_set.x, Official(tmp_path, train=False, download=False).data.transpose(0, 3, 1, 2)
    )
    assert data.classes == ["aeroplane", "car"]
    grey = read("data=image/cifar10", f"data.path={tmp_path}", "data.channels=1", "data.size=28")
    assert grey.test_set.x.shape == (10, 1, 28, 28)


@pytest.mark.parametrize(
    "error",
    [
        OSError("no network"),
        RuntimeError("Error downloading train-images:\nTried https://a, got:\nno network"),
        EOFError("no network"),
        zlib.error("no network"),
    ],
)
@pytest.mark.parametrize(("source", "kind"), [("mnist", "MNIST"), ("cifar10", "CIFAR10")])
def test_a_failed_download_names_the_remedy(
    source: str, kind: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(f"torchvision.datasets.{kind}", refused)
    with pytest.raises(
        UserError, match=r"cannot be downloaded to .*no network.*; fetch .*data\.path="
    ) as caught:
        read(f"data=image/{source}")
    assert "\n" not in str(caught.value)


def test_downloads_elsewhere_are_checked(tmp_path: Path) -> None:
    batches = tmp_path / "cifar-10-batches-py"
    message = (
        r"CIFAR-10: cannot be .* read there \(.*corrupted.*data\.path=the folder that holds cifar-10-bat"
    )
    with pytest.raises(UserError, match=message):
        read("data=image/cifar10", f"data.path={tmp_path}")
    batches.mkdir()
    for name in ("batches.meta", "test_batch", *(f"data_batch_{i}" for i in range(1, 6))):
        (batches / name).write_bytes(b"cposix\nsystem\n(S'touch PWNED'\ntR.")  # never unpickled
    with pytest.raises(UserError, match=message):
        read("data=image/cifar10", f"data.path={tmp_path}")
    assert not Path("PWNED").exists()


def test_every_source_has_its_file() -> None:
    folder = Path(__file__).parents[3] / "conf" / "data" / "image"
    assert {path.stem for path in folder.glob("*.yaml")} == set(SOURCES)


def test_a_channel_of_zeros_is_not_scaled(tmp_path: Path) -> None:
    path = tmp_path / "p"
    for name in "ab":
        (path / name).mkdir(parents=True)
        for number in range(20):
            Image.new("RGB", (4, 4), (number * 12, ord(name), 0)).save(path / name / f"{number}.png")
    data = from_folder(path)
    assert data.preprocessing.std[2] == 1.0
    assert torch.tensor(data.preprocessing.mean).isfinite().all()


DATA = os.environ.get("CONVOLUTIONS_DATA")


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif(DATA is None, reason="CONVOLUTIONS_DATA does not name the folder of real data")
def test_real_datasets() -> None:
    assert DATA is not None
    digits = read("data=image/mnist", f"data.path={DATA}/image/mnist", "data.first=10000")
    assert (len(digits.train_set), len(digits.test_set)) == (10_000, 10_000)
    assert 4_500 < len(digits.val_set) < 5_500
    assert np.bincount(digits.test_set.y).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009
    ]  # fmt: skip
    assert digits.test_set.y[:5].tolist() == [7, 2, 1, 0, 4]
    pictures = from_folder(Path(DATA, "image", "cifar10", "cifar10-jpg.tar.xz"))
    assert len(pictures.train_set) + len(pictures.val_set) == 50_000
    assert np.bincount(pictures.test_set.y).tolist() == [1_000] * 10
    assert pictures.classes[0] == "airplane"
    assert pictures.preprocessing.mean == pytest.approx([125.3, 123.0, 113.9], abs=1)  # as published


def test_further_datasets_train_alone(tmp_path: Path) -> None:
    words = ["data=image/mnist", f"data.path={mnist(tmp_path / 'm')}"]
    alone, both = read(*words), read(*words, "data.source=[mnist,digits]")
    for a, b in ((alone.val_set, both.val_set), (alone.test_set, both.test_set)):
        assert np.array_equal(a.x, b.x)
    added, digits = len(both.train_set) - len(alone.train_set), read()
    assert added == len(digits.train_set)
    assert f"trained on as well: {added:,} images of digits" in both.summary
    tested = {pixels.tobytes() for pixels in digits.test_set.x}  # stay unseen
    assert not tested & {pixels.tobytes() for pixels in both.train_set.x}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("[digits,folder]", r"data\.source: must name known datasets after the first, got "),
        ("[]", r"data\.source: must be "),
        ("[digits,letters]", r"data\.source: must be .*letters"),
    ],
)
def test_further_datasets_that_do_not_fit_are_refused(source: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(f"data.source={source}")


def test_further_datasets_have_the_same_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clothes = SOURCES["fashion_mnist"](mnist(tmp_path / "m"), 28, 1, "square")
    monkeypatch.setitem(SOURCES, "fashion_mnist", lambda *_: clothes)
    with pytest.raises(UserError, match=r"data\.source=fashion_mnist: must have classes of the run"):
        read("data.source=[digits,fashion_mnist]")

"""Files of word vectors of GloVe and word2vec, packed and broken ones."""

import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest

from domains.text.reading.vectors import read_vectors
from shared.errors import UserError

VOCABULARY = ["[PAD]", "[UNK]", "good", "naïve", "film", "new york"]
GLOVE = "the 0 0 0\nfilm 1 2 3\nnaïve -1 .5 1e-2\nnew york 4 5 6\n"


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("header", ["", "4 3\n"])
@pytest.mark.parametrize(("suffix", "pack"), [("", bytes), (".gz", gzip.compress), (".xz", lzma.compress)])
def test_vectors_of_the_vocabulary_are_read(tmp_path: Path, header: str, suffix: str, pack: type) -> None:
    path = put(tmp_path / f"v.txt{suffix}", pack((header + GLOVE.replace("\n", " \n")).encode()))
    rows, values, repeated, _ = read_vectors(path, VOCABULARY, 3)
    assert rows.tolist() == [4, 3, 5]
    np.testing.assert_allclose(values, [[1, 2, 3], [-1, 0.5, 0.01], [4, 5, 6]])
    assert repeated == 0


def test_the_first_of_two_vectors_of_a_word_is_used(tmp_path: Path) -> None:
    rows, values, repeated, _ = read_vectors(
        put(tmp_path / "v", b"film 1 2 3\nfilm 4 5 6\nx 1 1 1\nx 2 2 2\n"), VOCABULARY, 3
    )
    assert (rows.tolist(), values.tolist(), repeated) == ([4], [[1, 2, 3]], 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"film 1 2\n", "must have 3 numbers per line (model.embedding), got 2 in "),
        (b"film 1 2 3 4\n", "got 4 in "),
        (b"5 4\nfilm 1 2 3 4\n", "got 4 in "),
        (b"film 1 2 3\ngood 1 2", "line 2; give model.embedding=2"),
        (b"film 1 2 nan\n", "without finite numbers (the first:"),
        (b"film 1 2 x\n", "line 1, b'film 1 2 x')"),
        (b"film 1 2 1e39\n", "without finite numbers"),
        (b"the 1 2 3\n", "must have some of the 6 vocabulary words, got none"),
        (b"", "got none"),
        (b"film 1 2 3" + b" " * 2**20, "at most 1,048,576 bytes per line, got more"),
    ],
)
def test_a_broken_file_is_named_by_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UserError) as error:
        read_vectors(put(tmp_path / "v.txt", content), VOCABULARY, 3)
    assert message in str(error.value)
    assert "v.txt" in str(error.value)


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_a_truncated_packed_file_is_refused(tmp_path: Path, suffix: str, pack: type) -> None:
    random = np.random.default_rng(0).normal(size=(500, 3))
    whole = pack("".join(f"w{n} {a} {b} {c}\n" for n, (a, b, c) in enumerate(random)).encode())
    with pytest.raises(UserError, match=r"data\.vectors: must be a complete file"):
        read_vectors(put(tmp_path / f"v{suffix}", whole[:-200]), ["w1"], 3)
    with pytest.raises(UserError, match=r"data\.vectors: must be a complete file"):
        read_vectors(tmp_path / "none.txt", ["w1"], 3)


def test_unusable_lines_are_skipped_and_named(tmp_path: Path) -> None:
    lines = [b"the 1 2 3"] * 9
    path = put(
        tmp_path / "v.txt", b"\n".join([*lines, b"good 1 2", b"", b"film 1 x 2", b"naive 7", b"film 4 5 6"])
    )
    rows, _, _, seen = read_vectors(path, VOCABULARY, 3)
    assert rows.tolist() == [4]
    assert dict(seen.skipped) == {"without 3 numbers": 2, "without finite numbers": 1}
    assert "v.txt, line 10 (2)" in seen.summary()[1]
    with pytest.raises(UserError, match=r"v\.txt, line 10: without 3 numbers: 2"):
        read_vectors(path, VOCABULARY, 3, strict=True)


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_a_packed_file_of_extreme_ratio_is_refused(
    tmp_path: Path, suffix: str, pack: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path / f"v{suffix}", pack(b"film 1 2 3\n" + b"x 0.0 0.0 0.0\n" * 100_000))
    assert read_vectors(path, VOCABULARY, 3).rows.tolist() == [4]
    monkeypatch.setattr("domains.text.reading.vectors.SPARE", 2**20)
    with pytest.raises(UserError, match="must unpack to at most 10 times its size"):
        read_vectors(path, VOCABULARY, 3)

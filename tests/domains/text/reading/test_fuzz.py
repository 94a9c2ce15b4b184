"""Damaged tables, texts in any encoding, and word vectors: read, or refused in one line."""

import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from domains.text.reading.files import read_sentences
from domains.text.reading.lines import Form
from domains.text.reading.tokens import Vocabulary
from domains.text.reading.vectors import read_vectors
from shared.errors import UserError
from tests.fuzzing import fuzz

CASES = pytest.mark.parametrize(
    "cases", [40, pytest.param(2_500, marks=[pytest.mark.slow, pytest.mark.long])]
)
ROWS = [
    ("a fine film", "pos"),
    ('it\'s "not", good', "neg"),
    ("café ; naïve\tpart", "1.0"),
    ("two\nlines", "nan"),
]


def separated(mark: str, quote: bool = True) -> bytes:
    lines = [f"id{mark}text{mark}label"]
    for number, (text, label) in enumerate(ROWS * 4):
        plain = text.replace("\n", " ").replace(mark, " ")
        field = '"' + text.replace('"', '""') + '"' if quote else plain
        lines.append(f"{number}{mark}{field}{mark}{label}")
    return "\n".join(lines).encode()


JSON = b"".join(
    b'{"text": "a \\u00e9 film", "label": %s}\n' % label
    for label in (b"1", b"1.0", b'"pos"', b"null", b"NaN", b"true", b'"\\ud800"', b"[[1]]", b"1e400")
)
TABLES = {
    ".csv": [separated(","), separated(";"), separated("\t")],
    ".tsv": [separated("\t", quote=False), separated("|")],
    ".jsonl": [JSON],
}
PIECES = [
    b'"',
    b'""',
    b",",
    b";",
    b"\t",
    b"|",
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xef\xbb\xbf",
    b"text",
    b"label",
]
PIECES += [b"\\ud800", b"{", b"}", b"[" * 2000, b"null", b"NaN", b"1e999", b"9" * 5000, b"\xe9", b"\xff\xfe"]
TEXT = "pos Ça c'est bon\nneg Плохая игра ; 😀 x\n\npos ab c\nneg \u200bz\u0301\u0323\ufeff\n"
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-7", "gb18030", "utf-8"]
LATIN = ["cp1252", "cp1251", "shift_jis", "iso2022_jp", "big5", "cp037", "koi8-r"]
ENCODED = [TEXT.encode(name) for name in ENCODINGS] + [TEXT.encode(name, "replace") for name in LATIN]
ENCODED += [TEXT.replace("\n", end).encode() for end in ("\r", "\r\n", "\t", "|")]


def check_printable(*lines: str) -> None:
    """Messages are single lines that a terminal can print."""
    for line in lines:
        assert line.isprintable(), ascii(line)


def reader(path: Path, form: Form) -> Callable[[bytes], None]:
    """Reads sentences, and numbers their words as training and predict do."""

    def read(data: bytes) -> None:
        path.write_bytes(data)
        try:
            sentences = read_sentences(path, form)
        except UserError as error:
            check_printable(str(error))
            raise
        check_printable(*sentences.summary())
        assert len(sentences.texts) == len(sentences.labels) == len(sentences.split) > 0
        assert all(sentences.where(item) for item in range(len(sentences.texts)))
        assert all(text.strip() for text in sentences.texts)
        assert all(sentences.labels) or form.label is None
        "\n".join([*sentences.labels, *sentences.texts]).encode()
        for kind in ("words", "characters"):
            vocabulary = Vocabulary.learn(kind, sentences.texts, 1)
            assert all(map(len, vocabulary.ids(sentences.texts)))

    return read


@CASES
@pytest.mark.parametrize("label", ["label", None])
@pytest.mark.parametrize("suffix", TABLES)
def test_damaged_tables(suffix: str, label: str | None, cases: int, tmp_path: Path) -> None:
    read = reader(tmp_path / f"a{suffix}", Form(label=label))
    outcomes = fuzz(TABLES[suffix], read, UserError, cases=cases, seed=6, pieces=PIECES)
    assert min(outcomes["read"], outcomes["refused"]) > cases / 50


@CASES
@pytest.mark.parametrize("encoding", [None, "utf-8", "utf-16", "gb18030"])
def test_damaged_texts_in_any_encoding(encoding: str | None, cases: int, tmp_path: Path) -> None:
    read = reader(tmp_path / "a.txt", Form(encoding=encoding))
    outcomes = fuzz(ENCODED, read, UserError, cases=cases, seed=7, pieces=PIECES)
    assert min(outcomes["read"], outcomes["refused"]) > cases / 50


@CASES
def test_damaged_folders(cases: int, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in (
            *((f"train/{label}/{n}.txt", b"fine film\n") for label in ("pos", "neg") for n in range(3)),
            *((f"test/{label}/1.txt", b"good film") for label in ("pos", "neg")),
            ("README", b"read me"), ("a.csv", TABLES[".csv"][0]), ("train/pos/a.png", bytes(64)),
        ):  # fmt: skip
            archive.writestr(name, data)
    pieces = [b"train", b"test/", b"../", b"/", b".txt", b".csv", b"README", b"\\", b"pos.txt"]
    outcomes = fuzz(
        [packed.getvalue()], reader(tmp_path / "a.zip", Form()), UserError, cases=cases, seed=8, pieces=pieces
    )
    assert min(outcomes["read"], outcomes["refused"]) > cases / 50


@CASES
@pytest.mark.parametrize(
    ("suffix", "pack"), [(".txt", bytes), (".gz", gzip.compress), (".xz", lzma.compress)]
)
def test_damaged_word_vectors(
    suffix: str, pack: Callable[[bytes], bytes], cases: int, tmp_path: Path
) -> None:
    words = ["[PAD]", "[UNK]", "good", "naïve", "film", "new york"]
    lines = "".join(f"{word} 0.1 -2 3e-1\n" for word in [*words, *"abcdefgh"])
    path = tmp_path / f"v{suffix}"
    good = [lines.encode(), f"14 3\n{lines}".encode()]
    # damaged before and after packing
    both = good if suffix == ".txt" else good + [pack(data) for data in good]

    def read(data: bytes) -> None:
        is_packed = data[:2] in (b"\x1f\x8b", b"\xfd7") or suffix == ".txt"
        path.write_bytes(data if is_packed else pack(data))
        vectors = read_vectors(path, words, 3)
        assert vectors.values.shape == (len(vectors.rows), 3)

    pieces = [
        b" ",
        b"\n",
        b"\t",
        b"nan",
        b"inf",
        b"1e39",
        b"1_0",
        b"0x1",
        b"\0",
        b"\xff",
        b" " * 300,
        b"9" * 400,
    ]
    outcomes = fuzz(both, read, UserError, cases=4 * cases, seed=9, pieces=pieces)
    assert min(outcomes["read"], outcomes["refused"]) > cases / 50

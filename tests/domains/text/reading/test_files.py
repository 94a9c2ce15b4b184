"""Every format of a user's sentences, and errors about unusable ones."""

import json
import os
import zipfile
from pathlib import Path

import pytest

from domains.text.reading.files import read_sentences
from domains.text.reading.lines import Form
from shared.errors import UserError


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


PLAIN = Form()


def pairs(path: Path | str, form: Form = PLAIN) -> list[tuple[str, str]]:
    sentences = read_sentences(path, form)
    return list(zip(sentences.labels, sentences.texts, strict=True))


EXPECTED = [("neg", "dull , flat"), ("pos", "a “fine” film")]


def test_tables_with_named_columns(tmp_path: Path) -> None:
    csv = put(tmp_path / "a.csv", 'id,label,text\n1,neg,"dull , flat"\n2,pos,a “fine” film\n')
    tsv = put(tmp_path / "a.tsv", "label\ttext\nneg\tdull , flat\npos\ta “fine” film\n")
    lines = [json.dumps({"label": label, "text": text}) for label, text in EXPECTED]
    jsonl = put(tmp_path / "a.jsonl", "\n".join(lines))
    assert pairs(csv) == pairs(tsv) == pairs(jsonl) == EXPECTED
    named = put(tmp_path / "b.csv", "stars,review\n5,good\n1,bad\n")
    assert pairs(named, Form(text="review", label="stars")) == [("5", "good"), ("1", "bad")]


def test_quotes_in_a_tsv_are_literal(tmp_path: Path) -> None:
    assert pairs(put(tmp_path / "a.tsv", 'label\ttext\npos\t"so" good\nneg\t"bad\n')) == [
        ("pos", '"so" good'),
        ("neg", '"bad'),
    ]


def test_label_lines_coarse_and_fine(tmp_path: Path) -> None:
    path = put(tmp_path / "TREC.test", "NUM:dist How far : is it ?\nHUM:ind  Who ?\n")
    assert pairs(path) == [("NUM", "How far : is it ?"), ("HUM", "Who ?")]
    assert [label for label, _ in pairs(path, Form(fine=True))] == ["NUM:dist", "HUM:ind"]


def test_a_pattern_gives_one_file_per_class(tmp_path: Path) -> None:
    put(tmp_path / "rt.neg", "dull\nflat")
    put(tmp_path / "rt.pos", "fine\n")
    put(tmp_path / "other.pos", "not this\n")
    assert pairs(tmp_path / "rt.*") == [("neg", "dull"), ("neg", "flat"), ("pos", "fine")]
    with pytest.raises(UserError, match=r"must have one \*"):
        pairs(tmp_path / "*t.*")
    with pytest.raises(UserError, match="no such file: nothing in"):
        pairs(tmp_path / "rx.*")


def test_folders_and_archives_by_class(tmp_path: Path) -> None:
    put(tmp_path / "folders/neg/1.txt", "dull\n")
    put(tmp_path / "folders/pos/1.txt", "fine\nwise\n")
    put(tmp_path / "files/neg.txt", "dull\n")
    put(tmp_path / "files/pos.txt", "fine\nwise\n")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("neg.txt", "dull\n")
        packed.writestr("pos.txt", "fine\nwise\n")
    expected = [("neg", "dull"), ("pos", "fine"), ("pos", "wise")]
    assert pairs(tmp_path / "folders") == pairs(tmp_path / "files") == pairs(tmp_path / "a.zip") == expected


def test_lines_end_at_the_newline_only(tmp_path: Path) -> None:
    odd = "a\x85b\u2028c\x0bd\x0ce\rf"
    assert pairs(put(tmp_path / "a.txt", f"pos {odd}\nneg g\r\n")) == [("pos", odd), ("neg", "g")]
    assert pairs(put(tmp_path / "a.tsv", f"label\ttext\npos\t{odd[:-2]}\n")) == [("pos", odd[:-2])]


def test_empty_lines_are_skipped_and_counted(tmp_path: Path) -> None:
    sentences = read_sentences(put(tmp_path / "a.txt", "pos a\n\n  \nneg b\n\n"), Form())
    assert [sentences.place(item) for item in range(2)] == [
        (str(tmp_path / "a.txt"), line) for line in (1, 4)
    ]
    assert sentences.summary() == ["empty lines: 3"]


def test_a_line_of_a_megabyte(tmp_path: Path) -> None:
    long = "word " * 200_000
    for name, content in (("a.txt", f"pos {long}"), ("a.csv", f"label,text\npos,{long}\n")):
        [(label, text)] = pairs(put(tmp_path / name, content))
        assert (label, len(text)) == ("pos", len(long) - 1)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "", "must hold sentences, got none"),
        ("a.csv", "", "must hold sentences, got none"),
        ("a.txt", "\n \n", "empty lines: 2"),
        ("a.txt", "pos\n", "1 of 1 skipped: with one word, not `LABEL text`"),
        (
            "a.csv",
            "label,txt\npos,fine\n",
            "must name a column 'text' in the first row; did",
        ),
        ("a.csv", "good film,pos\nbad film,neg\n", "use one of: good film, pos"),
        ("a.csv", "text,label,text\nfine,pos,fine\n", "must have one column 'text', got 2"),
        ("a.csv", '"text,label\nfine,pos\n', "in the first row; the row is broken"),
        ("a.csv", "text,label\nfine\n", "fewer fields than columns (the first:"),
        ("a.csv", "text,label\nfine,pos,more\n", "line 2, 3, not 2"),
        ("a.csv", 'text,label\n"fine,pos\n', "broken (the first:"),
        ("a.jsonl", '["fine", 1]', "line 1, '[\"fine\", 1]')"),
        ("a.jsonl", "[" * 100_000, "not JSON"),
        ("a.jsonl", '{"txt": "fine", "label": 1}', "line 1, its keys are 'txt', 'label')"),
        ("a.txt", "pos fine\nneg dull\n".encode("utf-16-le"), "for UTF-16 without a byte order mark"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "must be text"),
        ("a.txt", b"\x94", "a.txt"),
        (
            "a.txt",
            "pos naïve\n".encode() + b"neg clich\xe9\n",
            "must be in one encoding, got 1 lines of UTF-8 and 1 of another, the first is line 2 (byte 0xe9",
        ),
    ],
)
def test_bad_input_is_named(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(UserError) as error:
        pairs(put(tmp_path / name, content))
    assert message in str(error.value)
    assert name in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "line", "reason"),
    [
        ("a.txt", "pos", 11, "with one word, not `LABEL text`"),
        ("a.txt", b"pos a\0b", 11, "with bytes that are not text"),
        ("a.txt", "pos né\n".encode() * 3 + b"pos caf\xe9", 14, "with bytes that are not text"),
        ("a.txt", "pos " + "word " * 250_000, 11, "longer than 1,048,576 characters"),
        ("a.csv", "fine", 12, "with fewer fields than columns"),
        ("a.csv", "fine,pos,more", 12, "with more fields than columns"),
        ("a.csv", '"fine,pos', 12, "broken"),
        ("a.csv", '"fi"ne",pos', 12, "broken"),
        ("a.csv", "f" * 2**21 + ",pos", 12, "broken"),
        ("a.csv", "label,text", 12, "with the names of the columns"),
        ("a.csv", ",fine", 12, "without a label"),
        ("a.csv", "NaN,fine", 12, "without a label"),
        ("a.csv", "pos, ", 12, "without a sentence"),
        ("a.csv", "p" * 201 + ",fine", 12, "with a label longer than 200 characters"),
        ("a.tsv", "pos", 12, "with fewer fields than columns"),
        ("a.jsonl", '{"text": "fi', 11, "not JSON"),
        ("a.jsonl", '{"text": "fine", "label": ' + "9" * 5000 + "}", 11, "not JSON"),
        ("a.jsonl", '{"text": "a", "text": "b", "label": 1}', 11, "not JSON"),
        ("a.jsonl", '{"text": "fine", "label": null}', 11, "without a label"),
        ("a.jsonl", '{"text": "fine", "label": NaN}', 11, "without a label"),
        ("a.jsonl", '{"text": "fine", "label": 1e999}', 11, "without a label"),
        ("a.jsonl", '{"text": "fine", "label": ["pos"]}', 11, "without a label"),
        ("a.jsonl", '{"text": null, "label": "pos"}', 11, "without a sentence"),
        ("a.jsonl", '{"text": "\\u0000", "label": "pos"}', 11, "with bytes that are not text"),
        ("a.jsonl", "[1]", 11, "not an object {…}"),
    ],
)
def test_one_bad_line_is_skipped_and_named(
    tmp_path: Path, name: str, content: str | bytes, line: int, reason: str
) -> None:
    good = {
        "a.txt": "pos fine\n",
        "a.csv": "label,text\n" + "pos,fine\n" * 9,
        "a.tsv": "label\ttext\n" + "pos\tfine\n" * 9,
        "a.jsonl": '{"text": "fine", "label": "pos"}\n',
    }[name]
    head = (good * 10 if name in ("a.txt", "a.jsonl") else good + good.splitlines()[-1] + "\n").encode()
    bad = content if isinstance(content, bytes) else content.encode()
    sentences = read_sentences(
        put(tmp_path / name, head + bad + b"\n" + head[-len(good.splitlines()[-1]) - 1 :]), Form()
    )
    assert {*sentences.labels} == {"pos"}
    assert len(sentences.texts) >= 11
    [skipped] = [text for text in sentences.summary() if text.startswith("  1 ")]
    assert skipped.startswith(f"  1 {reason}")
    assert f": {tmp_path / name}, line {line}" in skipped
    with pytest.raises(UserError, match=rf"{name}, line {line}: {reason.split(' {')[0]}.*data\.strict=false"):
        read_sentences(tmp_path / name, Form(strict=True))


def test_tables_with_other_separators(tmp_path: Path) -> None:
    for name, content, message in (
        ("a.csv", "text;label\ngood, but long;pos\nbad;neg\n", "a semicolon"),
        ("a.csv", 'text\tlabel\n"good, but long"\tpos\nbad\tneg\n', "a tab"),
        ("a.tsv", 'label|text\npos|"good, but long"\nneg|bad\n', "a bar"),
        ("a.txt", "pos\tgood, but long\nneg\tbad\n", "labels and sentences separated by a tab"),
        ("a.txt", "pos|good, but long\nneg|bad\n", "labels and sentences separated by a bar"),
        ("a.txt", "pos; good, but long\nneg; bad\n", "labels and sentences separated by a semicolon"),
    ):
        sentences = read_sentences(put(tmp_path / name, content), Form())
        assert list(zip(sentences.labels, sentences.texts, strict=True)) == [
            ("pos", "good, but long"),
            ("neg", "bad"),
        ]
        [note] = sentences.summary()
        assert note.startswith(f"{tmp_path / name}: ")
        assert note.endswith(f"{message}, guessed")
    path = put(tmp_path / "a.csv", "text:label\ngood, but long:pos\n")
    assert pairs(path, Form(separator=":")) == [("pos", "good, but long")]
    assert read_sentences(path, Form(separator=":")).summary() == []
    assert pairs(put(tmp_path / "a.txt", "very good\tfine film\n"), Form(separator="\\t")) == [
        ("very good", "fine film")
    ]
    for separator in ("", "ab", '"', 3):
        with pytest.raises(UserError, match=r"data\.separator: must be one character"):
            Form(separator=separator)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"data\.columns\.text: must be the name of a column, got None"):
        Form(text=None)  # type: ignore[arg-type]


def test_line_ends_byte_order_marks_and_multiline_rows(tmp_path: Path) -> None:
    expected = [("pos", "fine"), ("neg", "bad")]
    for name, content in (
        ("a.csv", "text,label\rfine,pos\rbad,neg\r"),
        ("a.csv", "text,label\r\nfine,pos\nbad,neg"),
        ("a.csv", "\ufefftext,label\nfine,pos\n\ufeffbad,neg\n"),
        ("a.csv", " text , label ,\nfine, pos,,\n,,\nbad,neg\n"),
        ("a.txt", "pos fine\rneg bad"),
        ("a.txt", "\ufeffpos fine\r\n\ufeffneg bad\r\n"),
        ("a.jsonl", '{"text":"fine","label":"pos"}\r{"text":"bad","label":"neg"}'),
    ):
        assert pairs(put(tmp_path / name, content)) == expected
    sentences = read_sentences(put(tmp_path / "b.csv", 'text,label\n"two\nlines",pos\nbad,neg\n'), Form())
    assert [sentences.place(item)[1] for item in range(2)] == [2, 4]
    assert sentences.texts[0] == "two\nlines"


def test_spellings_of_a_label_are_one_class(tmp_path: Path) -> None:
    rows = ["1", "1.0", '"1"', "true", '"TRUE"', '"cafe\u0301"', '"caf\\u00e9 "', '"\\ud83d"', '"1.10"']
    path = put(tmp_path / "a.jsonl", "\n".join(f'{{"text": "x", "label": {row}}}' for row in rows))
    assert [label for label, _ in pairs(path)] == [
        "1", "1", "1", "true", "true", "café", "café", "\ufffd", "1.10",
    ]  # fmt: skip


def test_a_lone_surrogate_is_replaced(tmp_path: Path) -> None:
    path = put(tmp_path / "a.jsonl", '{"text": "a \\ud800 b \\ud83d\\ude00", "label": "x"}')
    assert pairs(path) == [("x", "a \ufffd b \U0001f600")]
    assert pairs(put(tmp_path / "a.txt", b"pos +2AA-"), Form(encoding="utf-7")) == [("pos", "\ufffd")]


@pytest.mark.parametrize("name", [b"\xff\xe9.txt", b"\xff*.txt", b"a\nb.txt", b"x" * 300])
def test_unprintable_file_names(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    with pytest.raises(UserError) as error:
        pairs(path)
    assert str(error.value).isprintable()
    if len(name) < 255:
        path.write_bytes(b"pos fine\n" * 9 + b"neg\nneg a\r b\0\n")
        assert all(line.isprintable() for line in read_sentences(path, Form()).summary())


FOLDERS = {
    "other files beside the classes": (
        {
            "pos/1.txt": "fine",
            "neg/1.txt": "bad",
            "README": "read",
            "urls.txt": "x",
            "neg/a.png": b"\x89PNG\0\0\0\0",
        },
        [("neg", "bad", ""), ("pos", "fine", "")],
        ["1 document: README", "1 not in a class's folder: urls.txt", "1 not text, of kind .png: neg/a.png"],
    ),
    "a class of pictures": (
        {"pos/1.txt": "fine", "neg/1.txt": "bad", "odd/a.heic": bytes(64), "odd/b.heic": bytes(64)},
        [("neg", "bad", ""), ("pos", "fine", "")],
        [
            "2 not text, of kind .heic: odd/a.heic",
            "folders without a usable file: odd/ (2 not text, of kind .heic)",
        ],
    ),
    "a hidden folder": (
        {"pos/1.txt": "fine", "neg/1.txt": "bad", "neg/.ipynb_checkpoints/1.txt": "bad", ".git/x.txt": "x"},
        [("neg", "bad", ""), ("pos", "fine", "")],
        ["2 hidden: "],
    ),
    "one file per class in each split": (
        {"d/train/pos.txt": "fine", "d/train/neg.txt": "bad", "d/test/pos.txt": "good"},
        [("pos", "good", "test"), ("neg", "bad", "train"), ("pos", "fine", "train")],
        ["test/ is test, train/ is train"],
    ),
    "splits in the names": (
        {"train_pos.txt": "fine", "train_neg.txt": "bad", "test_pos.txt": "good"},
        [("pos", "good", "test"), ("neg", "bad", "train"), ("pos", "fine", "train")],
        ["test/ is test, train/ is train"],
    ),
    "files that are splits": (
        {"SST-train.txt": "pos fine", "SST-dev.txt": "neg bad", "LICENSE": "x"},
        [("neg", "bad", "val"), ("pos", "fine", "train")],
        ["dev/ is val, train/ is train", "1 document: LICENSE"],
    ),
    "tables that are splits": (
        {
            "train.csv": "text,label\nfine,pos",
            "test.csv": "text,label\nbad,neg",
            "about.txt": "About the data",
        },
        [("neg", "bad", "test"), ("pos", "fine", "train")],
        ["test/ is test, train/ is train", "1 beside tables: about.txt"],
    ),
    "a table without the column": (
        {"a.csv": "text,label\nfine,pos", "b.csv": "text,label\nbad,neg", "sub.csv": "id,label\n1,neg"},
        [("pos", "fine", ""), ("neg", "bad", "")],
        ["1 unreadable: sub.csv (must name a column 'text'"],
    ),
    "one file": (
        {"d/all.txt": "pos fine\nneg bad", "d/readme.txt": "x"},
        [("pos", "fine", ""), ("neg", "bad", "")],
        [],
    ),
    "an empty file": (
        {"pos.txt": "fine", "neg.txt": "bad", "odd.txt": "\n"},
        [("neg", "bad", ""), ("pos", "fine", "")],
        ["1 no sentence in it: odd.txt"],
    ),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("files", "expected", "messages"), FOLDERS.values(), ids=FOLDERS.keys())
def test_files_of_folders_are_used_or_reported(
    tmp_path: Path,
    files: dict[str, str | bytes],
    expected: list[tuple[str, str, str]],
    messages: list[str],
    packed: bool,
) -> None:
    for name, content in files.items():
        put(tmp_path / "data" / name, content)
    path = tmp_path / "data"
    if packed:
        path = tmp_path / "data.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in sorted(files):
                archive.write(tmp_path / "data" / name, name)
    sentences = read_sentences(path, Form())
    assert sorted(zip(sentences.labels, sentences.texts, sentences.split.tolist(), strict=True)) == sorted(
        expected
    )
    summary = "\n".join(sentences.summary())
    for message in messages:
        assert message in summary


def test_the_encoding_is_guessed_and_reported(tmp_path: Path) -> None:
    western = "neg a clich\u00e9 \u2026 and " + "plain words " * 30 + "\npos caf\u00e9\n"
    sentences = read_sentences(put(tmp_path / "a.txt", western.encode("cp1252")), Form())
    assert sentences.texts[1] == "café"
    assert "a.txt: cp1252, guessed, as in “neg a cliché …" in sentences.summary()[0]
    russian = "pos Это хороший фильм, мне очень понравилось\nneg Плохая игра актёров и скучный сюжет\n" * 3
    sentences = read_sentences(put(tmp_path / "b.txt", russian.encode("cp1251")), Form())
    assert sentences.texts[0] == "Это хороший фильм, мне очень понравилось"
    assert "cp1251, guessed" in sentences.summary()[0]
    for encoding in ("utf-8-sig", "utf-16"):
        sentences = read_sentences(put(tmp_path / "c.txt", "pos ça\nneg là\n".encode(encoding)), Form())
        assert sentences.texts == ["ça", "là"]
        assert sentences.summary() == [f"{tmp_path / 'c.txt'}: {encoding}, by its byte order mark"]
    assert read_sentences(put(tmp_path / "d.txt", "pos ça\n"), Form()).summary() == []


def test_a_given_encoding_is_used(tmp_path: Path) -> None:
    path = put(tmp_path / "a.txt", "pos dobrá\nneg špatné\n".encode("cp1250"))
    assert pairs(path, Form(encoding="cp1250")) == [("pos", "dobrá"), ("neg", "špatné")]
    with pytest.raises(UserError, match=r"2 of 2 skipped: with bytes that are not text .*a\.txt, line 1"):
        pairs(path, Form(encoding="utf-8"))
    for encoding in ("latin-ten", "hex", "a\0b", 8):
        with pytest.raises(UserError, match=r"data\.encoding: must be the name of an encoding such as"):
            pairs(path, Form(encoding=encoding))  # type: ignore[arg-type]


def test_a_million_lines_that_are_no_sentences_are_refused(tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path / f"d/{number}.txt", "pos a\n" * 400_000)
    with pytest.raises(UserError, match=r"d: must hold sentences, got over 1,000,000 lines of 6 bytes"):
        pairs(tmp_path / "d")

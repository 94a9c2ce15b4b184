"""Reading: every form that a user's sentences may come in, and what is said of bad ones."""

import json
import zipfile
from pathlib import Path

import pytest

from domains.text.read import Form, read_sentences
from shared.errors import UserError


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


PLAIN = Form()


def pairs(path: Path | str, form: Form = PLAIN) -> list[tuple[str, str]]:
    found = read_sentences(path, form)
    return list(zip(found.labels, found.texts, strict=True))


WANTED = [("neg", "dull , flat"), ("pos", "a “fine” film")]


def test_tables_by_the_names_of_their_columns(tmp_path: Path) -> None:
    csv = put(tmp_path / "a.csv", 'id,label,text\n1,neg,"dull , flat"\n2,pos,a “fine” film\n')
    tsv = put(tmp_path / "a.tsv", "label\ttext\nneg\tdull , flat\npos\ta “fine” film\n")
    lines = [json.dumps({"label": label, "text": text}) for label, text in WANTED]
    jsonl = put(tmp_path / "a.jsonl", "\n".join(lines))
    assert pairs(csv) == pairs(tsv) == pairs(jsonl) == WANTED
    named = put(tmp_path / "b.csv", "stars,review\n5,good\n1,bad\n")
    assert pairs(named, Form(text="review", label="stars")) == [("5", "good"), ("1", "bad")]


def test_a_quote_in_a_tsv_is_a_quote(tmp_path: Path) -> None:
    assert pairs(put(tmp_path / "a.tsv", 'label\ttext\npos\t"so" good\nneg\t"bad\n')) == [
        ("pos", '"so" good'),
        ("neg", '"bad'),
    ]


def test_label_lines_coarse_and_fine(tmp_path: Path) -> None:
    path = put(tmp_path / "TREC.test", "NUM:dist How far : is it ?\nHUM:ind  Who ?\n")
    assert pairs(path) == [("NUM", "How far : is it ?"), ("HUM", "Who ?")]
    assert [label for label, _ in pairs(path, Form(fine=True))] == ["NUM:dist", "HUM:ind"]


def test_a_file_a_class_by_a_pattern(tmp_path: Path) -> None:
    put(tmp_path / "rt.neg", "dull\nflat")
    put(tmp_path / "rt.pos", "fine\n")
    put(tmp_path / "other.pos", "not this\n")
    assert pairs(tmp_path / "rt.*") == [("neg", "dull"), ("neg", "flat"), ("pos", "fine")]
    with pytest.raises(UserError, match="more than one \\*"):
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
    wanted = [("neg", "dull"), ("pos", "fine"), ("pos", "wise")]
    assert pairs(tmp_path / "folders") == pairs(tmp_path / "files") == pairs(tmp_path / "a.zip") == wanted


def test_lines_end_at_the_newline_only(tmp_path: Path) -> None:
    odd = "a\x85b\u2028c\x0bd\x0ce\rf"
    assert pairs(put(tmp_path / "a.txt", f"pos {odd}\nneg g\r\n")) == [("pos", odd), ("neg", "g")]
    assert pairs(put(tmp_path / "a.tsv", f"label\ttext\npos\t{odd[:-2]}\n")) == [("pos", odd[:-2])]


def test_empty_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    found = read_sentences(put(tmp_path / "a.txt", "pos a\n\n  \nneg b\n\n"), Form())
    assert found.places == [(str(tmp_path / "a.txt"), 1), (str(tmp_path / "a.txt"), 4)]
    assert found.told() == ["left out: empty: 3"]


def test_a_line_of_a_megabyte(tmp_path: Path) -> None:
    long = "word " * 200_000
    for name, content in (("a.txt", f"pos {long}"), ("a.csv", f"label,text\npos,{long}\n")):
        [(label, text)] = pairs(put(tmp_path / name, content))
        assert (label, len(text)) == ("pos", len(long) - 1)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", "", "no sentence in it"),
        ("a.csv", "", "no sentence in it"),
        ("a.txt", "\n \n", "2 lines, all of them empty"),
        ("a.txt", "pos fine\npos\n", "a.txt, line 2: 'pos' is all"),
        ("a.csv", "label,txt\npos,fine\n", "line 2: no column 'text'; did you mean 'txt'?"),
        ("a.csv", "text,label\nfine\n", "line 2: no column 'label'"),
        ("a.csv", "text,label\nfine,pos,more\n", "line 2: more fields than the 2 columns"),
        ("a.csv", 'text,label\n"fine,pos\n', "broken table"),
        ("a.jsonl", '{"text": "fine", "label": 1}\n{"text": "fi', "a.jsonl, line 2: not JSON"),
        ("a.jsonl", '["fine", 1]', "line 1: not an object"),
        ("a.jsonl", '{"text": null, "label": 1}', "line 1: no column 'text'"),
        ("a.txt", b"pos fine\nneg a\0b\n", "a.txt, line 2: a NUL byte"),
        ("a.txt", "pos fine\nneg dull\n".encode("utf-16-le"), "a NUL byte: this is no text, or UTF-16"),
        (
            "a.txt",
            "pos naïve\n".encode() + b"neg clich\xe9\n",
            "mixed encodings: line 1 is UTF-8, and line 2 is not",
        ),
    ],
)
def test_bad_input_is_named(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    with pytest.raises(UserError) as error:
        pairs(put(tmp_path / name, content))
    assert said in str(error.value)
    assert name in str(error.value)


def test_the_encoding_is_found_and_told(tmp_path: Path) -> None:
    western = "neg a clich\u00e9 \u2026 and " + "plain words " * 30 + "\npos caf\u00e9\n"
    found = read_sentences(put(tmp_path / "a.txt", western.encode("cp1252")), Form())
    assert found.texts[1] == "café"
    assert "a.txt: cp1252, guessed, as in “neg a cliché …" in found.told()[0]
    russian = "pos Это хороший фильм, мне очень понравилось\nneg Плохая игра актёров и скучный сюжет\n" * 3
    found = read_sentences(put(tmp_path / "b.txt", russian.encode("cp1251")), Form())
    assert found.texts[0] == "Это хороший фильм, мне очень понравилось"
    assert "cp1251, guessed" in found.told()[0]
    for encoding in ("utf-8-sig", "utf-16"):
        found = read_sentences(put(tmp_path / "c.txt", "pos ça\nneg là\n".encode(encoding)), Form())
        assert found.texts == ["ça", "là"]
        assert found.told() == [f"{tmp_path / 'c.txt'}: {encoding}, by its mark"]
    assert read_sentences(put(tmp_path / "d.txt", "pos ça\n"), Form()).told() == []


def test_the_encoding_is_given(tmp_path: Path) -> None:
    path = put(tmp_path / "a.txt", "pos dobrá\nneg špatné\n".encode("cp1250"))
    assert pairs(path, Form(encoding="cp1250")) == [("pos", "dobrá"), ("neg", "špatné")]
    with pytest.raises(UserError, match=r"a.txt, line 1: byte 0xe1 at 8 is not utf-8"):
        pairs(path, Form(encoding="utf-8"))
    with pytest.raises(UserError, match=r"data\.encoding=latin-ten: no such encoding"):
        pairs(path, Form(encoding="latin-ten"))

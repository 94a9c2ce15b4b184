"""Label files of every format: their units, encodings and mistakes, and which label sounds at a moment."""

import re
import time

import numpy as np
import pytest

from domains.speech.reading import alignment as module
from domains.speech.reading.alignment import Alignment, read_alignment, suffixes_for
from domains.speech.reading.decode import UnusableError
from tests.domains.speech.sentences import long_form, short_form
from tests.fuzzing import fuzz

ROWS = [(0, 0.5, ""), (0.5, 1.25, "a"), (1.25, 2, "t")]
PHN = "0 8000 h#\n8000 20000 a\n20000 32000 t\n"
LAB = "0 5000000 h#\n5000000 12500000 a -3.25\n12500000 20000000 t\n"


def read(name: str, content: bytes | str, tier: str = "phones", seconds: float = 2.0) -> Alignment:
    data = content.encode() if isinstance(content, str) else content
    return read_alignment(name, data, tier, rate=16000, seconds=seconds)


def test_each_format_gives_the_same_labels() -> None:
    tiers = {"phones": ROWS, "words": [(0, 2, "at")]}
    for name, content in {
        "a.TextGrid": long_form(tiers), "A.TEXTGRID": short_form(tiers), "a.phn": PHN, "a.lab": LAB,
        "b.PHN": PHN.replace("\n", "\r\n"), "c.phn": PHN.replace("\n", "\r"), "d.lab": f"\n{LAB}\n\n",
    }.items():  # fmt: skip
        alignment = read(name, content)
        assert alignment.label.tolist() in (["", "a", "t"], ["h#", "a", "t"]), name
        assert alignment.start.tolist() == pytest.approx([0, 0.5, 1.25])
        assert alignment.end.tolist() == pytest.approx([0.5, 1.25, 2])
        assert alignment.timed
    assert read("a.TextGrid", long_form(tiers), "Words").label.tolist() == ["at"]
    assert read("a.wrd", "0 32000 at", "words").label.tolist() == ["at"]


def test_transcripts_have_labels_in_order() -> None:
    for name, content in {"a.txt": "h a\n t\n", "a.lab": "h\na\nt\n", "b.lab": "h a t"}.items():
        alignment = read(name, content)
        assert alignment.label.tolist() == ["h", "a", "t"]
        assert not alignment.timed
    assert read("a.lab", "1 2 3 4").label.tolist() == ["1", "2", "3", "4"]


def test_utf_8_and_utf_16_are_read_and_names_are_composed() -> None:
    text = long_form({"phones": [(0, 2, "e\u0301 a")]})
    for content in (
        text.encode(), b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16"),
        b"\xfe\xff" + text.encode("utf-16-be"),
    ):  # fmt: skip
        assert read("a.TextGrid", content).label.tolist() == ["é a"]
    with pytest.raises(UnusableError, match=r"a\.phn, line 2: must be text in UTF-8 or UTF-16"):
        read("a.phn", b"0 10 a\n10 20 \xe9\n")
    with pytest.raises(UnusableError, match="must be text in UTF-8 or UTF-16"):
        read("a.TextGrid", text.encode("utf-16")[:-1])


BROKEN = [
    ("a.phn", "0 8000 a\n8000 4000 b", "a.phn, line 2: 'b' must end after it starts, got 0.5 to 0.25 s"),
    ("a.phn", "-5 8000 a", "line 1: 'a' must end after it starts, got -0.0003125 to 0.5 s"),
    ("a.phn", "0 nan a", "line 1: must be START END LABEL, got '0 nan a'"),
    ("a.phn", "0 1e999 a", "line 1: 'a' must end after it starts, got 0 to inf s"),
    ("a.phn", "0 8000", "line 1: must be START END LABEL, got '0 8000'"),
    ("a.phn", "0 8000 a b", "line 1: must be START END LABEL"),
    ("a.phn", "a b c", "line 1: must be START END LABEL"),
    ("a.phn", "0 ٣ a", "line 1: must be START END LABEL"),
    ("a.phn", "8000 9000 a\n0 8000 b", "line 2: 'b' begins at 0 s, before the label above it (0.5 s)"),
    (
        "a.phn",
        "0 8000 a\n2000 9000 b",
        "line 2: 'b' begins at 0.125 s, before the label above it ends (0.5 s)",
    ),
    ("a.phn", "0 40000 a", "line 1: 'a' ends at 2.5 s, after the recording (2 s)"),
    ("a.lab", "0 500000 a\nx y z", "line 2: must be START END LABEL, got 'x y z'"),
    ("a.lab", "0 500000 a\n500000 900000 b\n900", "line 3: must be START END LABEL, got '900'"),
    ("a.phn", "0 1 a\n" * 201, "201 labels in 2 s, more than 100 a second"),
    ("a.txt", "a " + "b" * 101, "line 1: a label of 101 characters, at most 100; choose a tier of shorter"),
    ("a.txt", "a b\x1b[2J", r"line 1: a label with control characters, 'b\x1b[2J'"),
    ("a.TextGrid", long_form({"phones": [(0, 3, "a")]}, 3), "line 16: 'a' ends at 3 s, after the recording"),
]


@pytest.mark.parametrize(("name", "content", "said"), BROKEN)
def test_impossible_labels_are_refused_with_file_and_line(name: str, content: str, said: str) -> None:
    with pytest.raises(UnusableError, match=re.escape(said)) as error:
        read(name, content)
    assert error.value.reason == "broken labels"
    assert error.value.detail.startswith(f"{name}, ")


def test_files_without_labels_and_without_the_tier_are_refused() -> None:
    for name, content in {"a.phn": "", "a.txt": " \n", "a.TextGrid": long_form({"phones": []})}.items():
        with pytest.raises(UnusableError, match=f"no labels in the file: {name}, no label"):
            read(name, content)
    with pytest.raises(UnusableError, match=r"no labels in the file: a\.TextGrid, 1 labels, all empty"):
        read("a.TextGrid", long_form({"phones": [(0, 2, " ")]}))
    with pytest.raises(UnusableError, match=r"no such tier: a\.TextGrid, has 'phones', 'x'"):
        read("a.TextGrid", long_form({"phones": ROWS, "x": ROWS}), "syllables")
    points = short_form({}).replace("<exists>\n0", '<exists>\n1\n"TextTier" "phones" 0 2 1 1 "H"')
    with pytest.raises(UnusableError, match="'phones' has points, not intervals"):
        read("a.TextGrid", points)


def test_the_label_at_a_moment_and_between_labels() -> None:
    alignment = read("a.phn", "8000 16000 a\n16000 24000 b\n28000 30000 c\n")
    moments = np.array([0, 0.49, 0.5, 0.99, 1, 1.49, 1.5, 1.7, 1.75, 1.8, 1.9, 9])
    assert alignment.at(moments).tolist() == [-1, -1, 0, 0, 1, 1, -1, -1, 2, 2, -1, -1]


def test_words_that_share_a_phone_meet_in_its_middle_and_the_end_may_be_a_frame_late() -> None:
    alignment = read("a.wrd", "11362 16000 had\n15420 17503 your\n17503 33000 dark\n", "words")
    middle = (16000 + 15420) / 2 / 16000
    assert alignment.at(np.array([0.72, middle - 1e-4, middle + 1e-4, 1.1, 2.05])).tolist() == [0, 0, 1, 2, 2]


def test_which_files_are_read_for_a_tier() -> None:
    assert suffixes_for("phones") == (".phn", ".textgrid", ".lab", ".txt")
    assert suffixes_for("words") == (".wrd", ".textgrid", ".lab", ".txt")
    assert suffixes_for("syllables") == (".textgrid", ".lab", ".txt")


HOSTILE = {
    "quotes": b'"' * 800_000, "pairs": b'"" ' * 300_000, "open": b'"a ' * 300_000, "numbers": b"1 " * 400_000,
    "lines": b"\n" * 800_000, "word": b"x" * 800_000, "comments": b"! " * 400_000,
    "header": short_form({}).replace("\n0\n", "\n99999999\n").encode() + b'"TextTier" "a" 0 1 9 ' * 30_000,
}  # fmt: skip


@pytest.mark.parametrize("suffix", [".TextGrid", ".phn", ".lab", ".txt"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_soon(name: str, suffix: str) -> None:
    start = time.process_time()
    with pytest.raises(UnusableError):
        read(f"a{suffix}", HOSTILE[name])
    assert time.process_time() - start < 2


def test_a_file_is_refused_by_its_size_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 30)
    assert len(read("a.txt", b"a " * 15).label) == 15
    with pytest.raises(UnusableError, match=r"broken labels: a\.txt, larger than 30 bytes"):
        read("a.txt", b"\xff" * 31)


FILES = {
    ".TextGrid": [long_form({"phones": ROWS, "words": ROWS}), short_form({"phones": ROWS})],
    ".phn": [PHN], ".lab": [LAB, "h a t"], ".txt": ["h a t"],
}  # fmt: skip
PIECES = [
    b'"',
    b'""',
    b"\n",
    b" ",
    b"-1",
    b"nan",
    b"inf",
    b"1e999",
    b"<exists>",
    b"item [1]:",
    b"!",
    b"\0",
    b"9" * 400,
]


@pytest.mark.parametrize("cases", [100, pytest.param(5000, marks=pytest.mark.slow)], ids=["few", "many"])
@pytest.mark.parametrize("suffix", FILES)
def test_damaged_files_give_labels_or_a_reason(suffix: str, cases: int) -> None:
    texts = FILES[suffix]
    files = [text.encode() for text in texts]
    files += [text.encode("utf-16") for text in texts] if suffix == ".TextGrid" else []

    def use(content: bytes) -> None:
        alignment = read(f"a{suffix}", content)
        assert any(alignment.label)
        if alignment.timed:
            assert (alignment.start >= 0).all()
            assert (alignment.end >= alignment.start).all()
            assert (alignment.end <= 2.1).all()
            alignment.at(np.linspace(0, 3, 300))

    outcomes = fuzz(files, use, UnusableError, cases=cases, seed=17, pieces=PIECES)
    assert outcomes["read"]
    assert outcomes["refused"]

"""TextGrids: both forms of text as Praat writes and reads them; whatever else is refused with its line."""

import re
from itertools import pairwise

import numpy as np
import pytest
from praatio.utilities import textgrid_io

from domains.speech.reading.decode import UnusableError
from domains.speech.reading.textgrid import read_textgrid
from tests.domains.speech.sentences import long_form, short_form

ROWS = [(0, 0.5, ""), (0.5, 1, "aɪ"), (1, 2, 'say ""x""')]
FORMS = {"long": long_form, "short": short_form}


def rows_of(text: str, tier: str = "phones") -> list[tuple[float, float, str]]:
    return [segment[:3] for segment in read_textgrid(text)[tier] or []]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_both_forms_are_read_as_praatio_reads_them(form) -> None:
    random = np.random.default_rng(0)
    places = np.unique(np.round(random.uniform(0, 2, 30), 5)).tolist()
    rows = [(a, b, f"p{n}") for n, (a, b) in enumerate(pairwise(places))]
    text = form({"phones": ROWS, "words": rows, "none": []})
    reference = textgrid_io.parseTextgridStr(text, includeEmptyIntervals=True)["tiers"]
    tiers = read_textgrid(text)
    assert [*tiers] == [tier["name"] for tier in reference] == ["phones", "words", "none"]
    for tier in reference:
        expected = [(float(start), float(end), label) for start, end, label in tier["entries"]]
        assert rows_of(text, tier["name"]) == expected
    assert rows_of(text)[2][2] == 'say "x"'


def test_comments_flags_and_places_of_lines_do_not_matter() -> None:
    text = short_form({"phones": [(0, 1, "a ! b"), (1, 2, "item [2]:\nintervals [1]: xmin = 3")]})
    assert rows_of(text) == [(0, 1, "a ! b"), (1, 2, "item [2]:\nintervals [1]: xmin = 3")]
    assert rows_of(text.replace("0\n1\n", "0 ! zero 7\n1\n")) == rows_of(text)
    assert rows_of(text.replace("<exists>\n1\n", "<exists> 1 ")) == rows_of(text)
    points = '"TextTier" "tones" 0 2 2\n0.5 "H*"\n1 "L%"\n'
    both = short_form({"phones": ROWS}).replace("<exists>\n1\n", f"<exists>\n2\n{points}")
    assert read_textgrid(both)["tones"] is None
    assert rows_of(both) == rows_of(short_form({"phones": ROWS}))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_truncated_file_is_refused_wherever_it_ends(form) -> None:
    text = form({"phones": ROWS, "words": [(0, 2, "x")]}).rstrip()
    for end in range(len(text)):
        with pytest.raises(UnusableError, match=r"broken labels: line \d+: must "):
            read_textgrid(text[:end])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("0.5\n1\n", "nan\n1\n", "line 16: must have the start of an interval here, a number, got 'nan'"),
        ("0.5\n1\n", "0.5\ninf\n", "line 17: must have the end of an interval here, a number, got 'inf'"),
        ("0.5\n1\n", "0.5\n", "line 17: must have the end of an interval here, a number, got 'aɪ'"),
        ('"aɪ"', "7", "line 18: must have its text here, a text in quotes, got 7"),
        ('"aɪ"', '"aɪ', "line 18: must close each text by a quote before a space"),
        ("2.0\n3\n", "2.0\n3000000000\n", "line 12: must have the number of intervals here, got 3e+09"),
        ("2.0\n3\n", "2.0\n1.5\n", "must have the number of intervals here, got 1.5"),
        (
            "2.0\n3\n",
            "2.0\n2\n",
            "line 19: must end here, as its numbers of tiers and intervals say",
        ),
        ("2.0\n3\n", "2.0\n9\n", "line 22: must have the start of an interval here, got the end of the file"),
        ("IntervalTier", "PitchTier", "must be IntervalTier or TextTier, got 'PitchTier'"),
        ("ooTextFile", "ooBinaryFile", "must be a TextGrid that Praat saved as text"),
        ('"TextGrid"', '"Sound"', "must be a TextGrid that Praat saved as text"),
    ],
)
def test_what_praat_does_not_write_is_refused_with_its_line(old: str, new: str, said: str) -> None:
    text = short_form({"phones": ROWS})
    assert old in text
    with pytest.raises(UnusableError, match=re.escape(said)):
        read_textgrid(text.replace(old, new))


def test_a_name_is_one_tier() -> None:
    text = short_form({"phones": ROWS, "words": ROWS})
    with pytest.raises(UnusableError, match="must have one tier of a name, got 'phones' again"):
        read_textgrid(text.replace("words", "phones"))

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from shared.results import html_page


def test_values_are_escaped_unless_they_are_markup() -> None:
    page = html_page("<a> & b", "{{ name }}{{ made }}", name="<script>", made=Markup("<b>c</b>"))
    assert page.count("&lt;a&gt; &amp; b") == 2  # title and heading
    assert "&lt;script&gt;<b>c</b>" in page


def test_a_page_holds_its_pictures() -> None:
    page = html_page("t", '<img src="{{ picture|data_uri }}">', style="p > b {}", picture=b"abc")
    assert '<img src="data:image/png;base64,YWJj">' in page
    assert "p > b {}" in page


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="absent"):
        html_page("t", "{{ absent }}")

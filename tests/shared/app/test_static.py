"""The files of the page: all of it is theirs, and text never becomes HTML."""

import re

from shared.config import PROJECT

STATIC = PROJECT / "shared" / "serving" / "static"
HTML = re.compile(r"(inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.srcdoc")


def test_scripts_never_make_html_or_code_of_text() -> None:
    for file in STATIC.glob("*.js"):
        assert not HTML.search(file.read_text()), file.name


def test_everything_that_a_file_names_is_served_with_it() -> None:
    for file in STATIC.iterdir():
        text = file.read_text()
        outside = re.findall(r"https?://(?!www\.w3\.org/2000/svg)\S+", text)
        assert not outside, file.name
        for name in re.findall(r'(?:from "\./|"/static/)([\w.]+)"', text):
            assert (STATIC / name).is_file(), f"{file.name}: {name}"


def test_the_document_has_no_script_or_style_inside() -> None:
    text = (STATIC / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)

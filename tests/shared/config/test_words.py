"""Free text and paths are taken as they are typed, and printed commands can be pasted."""

import shlex
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from shared.config.words import QUOTED, as_typed, command_line, paths_of


def value_of(word: str, multirun: bool = False) -> Any:
    """What a command gets from this word: by Hydra's grammar, then OmegaConf's interpolations."""
    [read] = as_typed([word], multirun)
    assert as_typed([read], multirun) == [read]
    override = OverridesParser.create().parse_override(read)
    if override.is_sweep_override():
        return [str(getattr(value, "text", value)) for value in override.sweep_iterator()]
    return OmegaConf.to_container(OmegaConf.create({"key": override.value()}), resolve=True)["key"]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("text=it's good, isn't it?", "it's good, isn't it?"),
        ("text=Great film, loved it!", "Great film, loved it!"),
        ("text=good (but long)", "good (but long)"),
        ("text=null", "null"),
        ("text=true", "true"),
        ("text=1e3", "1e3"),
        ("text=it costs ${5}", "it costs ${5}"),
        ("text='in quotes'", "in quotes"),
        ('text="in quotes"', "in quotes"),
        ("text='tis so, 'twas so'", "'tis so, 'twas so'"),
        ("text=[a,b]", "[a,b]"),
        ("text=two\nlines", "two\nlines"),
        ("text=", ""),
        ("input=my pics (2)", "my pics (2)"),
        ("input=-", "-"),
        ("input=caf\udce9.png", "caf\udce9.png"),
        ("input='a b'", "a b"),
        ("data.path=my files/b (1)/c=d.csv", "my files/b (1)/c=d.csv"),
        ("+data.path=a (1)", "a (1)"),
        ("data.path=rt-polarity.*", "rt-polarity.*"),
        ("data.path=[a.zip,b (1).zip,'c,d']", ["a.zip", "b (1).zip", "c,d"]),
        ("data.path=[2024] pictures", "[2024] pictures"),
        ("data.cache=null", None),
        ("resume=null", None),
        ('resume=runs of "Jo"/it\'s=1', 'runs of "Jo"/it\'s=1'),
        ("a=python engine.py run=x --set {y}", "python engine.py run=x --set {y}"),
        ("engines.mine=gnugo --mode gtp", "gnugo --mode gtp"),
        (r"data.pattern=(?P<label>[^/]+)/(?P<speaker>\w{2})", r"(?P<label>[^/]+)/(?P<speaker>\w{2})"),
        ("data.test_speaker=[ab]", "[ab]"),
        ("seed=3", 3),
        ("model.filters=[6,12]", [6, 12]),
    ],
)
def test_a_value_is_what_was_typed(word: str, value: Any) -> None:
    assert value_of(word) == value


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("data.path=a (1).csv,b.csv", ["a (1).csv", "b.csv"]),
        ("data.path='a,b'", "a,b"),
        ("data.path='a,b',c d", ["a,b", "c d"]),
        ("data.path=one file", "one file"),
        ("data.test_speaker=f.*,m.*", ["f.*", "m.*"]),
        ("data.path=choice(a,b)", ["a", "b"]),
        ("text=well, well", "well, well"),
        ("seed=0,1", ["0", "1"]),
    ],
)
def test_in_a_grid_an_unquoted_comma_separates_paths(word: str, values: Any) -> None:
    assert value_of(word, multirun=True) == values


@given(st.text(st.sampled_from(list("ab '\"\\${}[](),=\n:")) | st.characters(), max_size=12))
def test_any_value_can_be_typed_and_any_printed_command_pasted(value: str) -> None:
    if not QUOTED.fullmatch(value):
        assert value_of(f"text={value}") == value
    printed = command_line("predict", text=value, input=value, **{"data.path": value})
    python, script, *words = shlex.split(printed)
    assert python == "python"
    assert script.endswith("scripts/predict.py")
    assert [value_of(word) for word in words] == [value, value, value]


def test_overrides_are_printed_without_hydra_s_quotes_where_they_are_not_needed() -> None:
    words = as_typed(["data.path=it's (1).csv", "seed=1", "text='null'", "data.cache='null'"])
    assert shlex.split(command_line("train", "-m", *words))[2:] == [
        "-m", "data.path=it's (1).csv", "seed=1", "text=null", "data.cache='null'"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "paths"),
    [
        ("run=null", []),
        ("run=runs/a, b", ["runs/a, b"]),
        ("run=[runs/a,runs/b c]", ["runs/a", "runs/b c"]),
        ("run=['a, b', c]", ["a, b", "c"]),
        ("run=[]", []),
    ],
)
def test_a_key_takes_one_path_or_several(word: str, paths: list[str]) -> None:
    assert paths_of(value_of(word)) == paths

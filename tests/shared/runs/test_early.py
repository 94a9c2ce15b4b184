"""Which data a run is tested on: its own, with the keys that are typed."""

import re
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.early import check_page, data_settings


@pytest.mark.parametrize(
    ("word", "key", "value"),
    [
        ("++data.min_rank=null", "min_rank", None),
        ("++data.min_rank=20k", "min_rank", "20k"),
        ("data.path=null", "path", "/games.zip"),
        ("data.path=/other.zip", "path", "/other.zip"),
    ],
)
def test_a_typed_null_counts_and_a_path_of_null_is_the_run_s_own(
    word: str, key: str, value: str | None, tmp_path: Path
) -> None:
    for command in ("evaluate", "explain"):
        own = {"_target_": "x", "path": "/games.zip", "min_rank": "6d"}
        chosen = compose(command, [f"run={tmp_path}", word]).data
        assert data_settings(OmegaConf.create({"data": own}), chosen).data == own | {key: value}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["host=0.0.0.0"], "host: must be one of 127.0.0.1, localhost, ::1 without public=true, got 0.0.0.0"),
        (["port=70000"], "port: must be a whole number from 0 to 65,535, got 70000"),
        (["open=perhaps"], "open: must be true or false, got 'perhaps'"),
        (["run=[text/opinions,/nothing/here]"], "/nothing/here: no run here"),
    ],
)
def test_the_page_is_refused_before_torch_is_imported(words: list[str], message: str) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(message)}"):
        check_page(compose("app", words))


def test_the_page_opens_on_this_machine_and_elsewhere_where_it_is_wanted() -> None:
    for words in ([], ["host=::1"], ["host=0.0.0.0", "public=true"], ["run=[text/opinions,go/policy]"]):
        check_page(compose("app", words))

"""Which data a run is tested on: its own, with the keys that are typed."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from shared.config.cli import compose
from shared.runs.early import data_settings


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

"""Each seed trains on items of its own, drawn at random."""

import numpy as np
import pytest

from shared.config.cli import compose
from shared.errors import UserError
from shared.training import build_data
from shared.training.data import DataModule
from shared.training.draws import Draw


def data_with(*words: str) -> DataModule:
    data = build_data(compose("train", ["domain=image", "data.workers=0", *words]))
    data.setup()
    return data


def drawn(data: DataModule) -> set[int]:
    return {int(item) for batch in data.train_dataloader() for item in batch["item"]}


def test_a_seed_trains_on_so_many_items_of_its_own() -> None:
    one, other = (data_with("data.redraw=100", f"seed={seed}") for seed in (0, 1))
    assert len(drawn(one)) == len(drawn(other)) == 100
    assert drawn(one) != drawn(other)
    assert drawn(one) == drawn(data_with("data.redraw=100", "seed=0", "data.batch_size=7"))
    assert len(one.val_set) == len(data_with().val_set)
    y = one.drawn_set.y  # type: ignore[attr-defined]
    batch = one.drawn_set[Draw(np.arange(100), None)]
    assert np.array_equal(batch["y"], y)


def test_without_it_all_items_train() -> None:
    data = data_with()
    assert data.drawn_set is data.train_set


def test_more_than_there_are_is_refused() -> None:
    with pytest.raises(UserError, match=r"data\.redraw: must be at most .*, the number of examples"):
        drawn(data_with("data.redraw=99999"))
    with pytest.raises(UserError, match=r"data\.redraw: must be a whole number from 1, got 0"):
        data_with("data.redraw=0")

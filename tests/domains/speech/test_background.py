"""Made clips without a word, and silence around words."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from domains.speech.augment import Augment
from domains.speech.background import background
from shared.errors import UserError
from tests.domains.speech.sounds import ready, write_words
from tests.domains.speech.test_augment import OFF

FOLDER = ["data=speech/folder", "data.sizes.rate=8000", "data.sizes.high_hz=4000"]


def test_clips_have_their_lengths_differ_and_are_the_same_for_a_seed() -> None:
    lengths = [200, 4000, 1, 3000, 800, 2500, 900, 1200]
    made, again = (background("quiet", lengths, 8000, np.random.default_rng(3)) for _ in range(2))
    assert [len(samples) for samples in made.samples] == lengths
    assert made.label.tolist() == ["quiet"] * 8
    assert len(set(made.identity.tolist())) == 8
    assert made.identity.tolist() == again.identity.tolist()
    assert all(samples.dtype == np.int16 and samples.any() for samples in made.samples)


def test_a_class_without_a_word_trains_and_validates_and_the_test_stays(tmp_path: Path) -> None:
    path = write_words(tmp_path / "in")
    plain, data = (ready(*FOLDER, f"data.path={path}", *more) for more in ([], ["data.background=silence"]))
    assert data.classes == ["high", "low", "middle", "silence"]
    number = data.classes.index("silence")
    for before, after in ((plain.train_set, data.train_set), (plain.val_set, data.val_set)):
        assert (after.y == number).sum() == -(-len(before) // 3)
        assert len(after) == len(before) + (after.y == number).sum()
    assert data.test_set.held.tolist() == plain.test_set.held.tolist()
    assert "silence: made clips without a word" in data.summary
    with pytest.raises(UserError, match=r"data\.background: must be the name of a class or null, got ' '"):
        ready(*FOLDER, f"data.path={path}", "data.background=' '")


def test_half_of_the_clips_get_silence_on_either_side() -> None:
    torch.manual_seed(0)
    settings: dict[str, Any] = OFF | {"pad_ms": 50}
    x, lengths = torch.ones(400, 300), torch.full((400,), 300)
    x[:100, 200:], lengths[:100] = 0, 200
    padded, longer = Augment(**settings).pad(x, lengths, hop=80)
    assert padded.sum(1).tolist() == lengths.tolist()
    starts = padded.argmax(1)
    assert starts.max() in range(390, 401)
    assert (starts == 0).double().mean() == pytest.approx(0.5, abs=0.07)
    assert (longer == starts + lengths).double().mean() == pytest.approx(0.5, abs=0.07)
    same, unchanged = Augment(**OFF).pad(x, lengths, hop=80)
    assert same is x
    assert unchanged is lengths

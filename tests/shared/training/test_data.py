"""The draws: every item once a pass, the same for the same seed, shared out among processes."""

from itertools import pairwise

import numpy as np
import pytest

from shared.config.cli import compose
from shared.errors import UserError
from shared.training.draws import BoundedDraws, Draws
from shared.training.setup import build_data


def epoch(draws: Draws, number: int) -> np.ndarray:
    draws.set_epoch(number)
    return np.concatenate([draw.items for draw in draws])


def test_without_a_seed_the_items_come_in_order_and_nothing_is_random() -> None:
    draws = list(Draws(10, 4))
    assert [draw.items.tolist() for draw in draws] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert {draw.seed for draw in draws} == {None}


def test_an_epoch_is_a_permutation_and_another_epoch_another_one() -> None:
    draws = Draws(100, 7, seed=0)
    first, second = epoch(draws, 0), epoch(draws, 1)
    assert sorted(first) == sorted(second) == list(range(100))
    assert first.tolist() != second.tolist()


def test_seed_zero_is_a_seed_and_the_same_seed_gives_the_same_draws() -> None:
    def drawn(seed: int) -> list:
        return [(draw.items.tolist(), draw.seed) for draw in Draws(50, 8, seed=seed)]

    assert drawn(0) == drawn(0) != drawn(1)
    seeds = [seed for _, seed in drawn(0)]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize("epoch_size", [3, 10, 25])
def test_short_and_long_epochs_go_through_all_items_before_any_comes_again(epoch_size: int) -> None:
    draws = Draws(10, 4, seed=3, epoch_size=epoch_size)
    stream = np.concatenate([epoch(draws, number) for number in range(20)])
    for start, end in pairwise(range(0, len(stream) + 1, 10)):
        assert sorted(stream[start:end]) == list(range(10))


@pytest.mark.parametrize(
    ("items", "epoch_size", "size", "world"), [(100, 100, 7, 2), (100, 101, 50, 2), (11, 11, 1, 3)]
)
def test_processes_share_an_epoch_out_and_take_as_many_steps(
    items: int, epoch_size: int, size: int, world: int
) -> None:
    shares = [
        [draw.items for draw in Draws(items, size, seed=1, epoch_size=epoch_size, rank=rank, world=world)]
        for rank in range(world)
    ]
    assert len({len(share) for share in shares}) == 1
    together = np.concatenate([np.concatenate(share) for share in shares])
    whole = np.concatenate([draw.items for draw in Draws(items, size, seed=1, epoch_size=epoch_size)])
    assert len(together) == epoch_size // world * world
    assert np.array_equal(np.sort(together), np.sort(whole[: len(together)]))
    step = np.concatenate([share[0] for share in shares])
    assert set(step) == set(whole[: size * world])


def test_processes_share_validation_out_to_the_last_item() -> None:
    shares = [np.concatenate([draw.items for draw in Draws(11, 4, rank=r, world=2)]) for r in range(2)]
    assert np.array_equal(np.sort(np.concatenate(shares)), np.arange(11))


def test_like_lengths_come_in_one_batch_and_every_item_once() -> None:
    lengths = np.random.default_rng(0).integers(1, 40, 1003)
    draws = Draws(1003, 8, seed=2, lengths=lengths)
    batches = [draw.items for draw in draws]
    assert sorted(np.concatenate(batches)) == list(range(1003))
    assert [len(items) for items in batches] == [8] * 125 + [3]
    assert np.mean([np.ptp(lengths[items]) for items in batches]) < 2
    means = np.array([lengths[items].mean() for items in batches])
    assert abs(np.corrcoef(means[1:], means[:-1])[0, 1]) < 0.3  # batches come in any order
    assert epoch(draws, 0).tolist() == np.concatenate(batches).tolist() != epoch(draws, 1).tolist()


def test_like_lengths_are_shared_out_among_processes_and_sorted_where_nothing_is_random() -> None:
    lengths = np.random.default_rng(0).integers(1, 40, 50)
    parts = [Draws(50, 4, seed=5, rank=rank, world=2, lengths=lengths) for rank in range(2)]
    items = [np.concatenate([draw.items for draw in part]) for part in parts]
    assert sorted(np.concatenate(items)) == list(range(50))
    assert [len(list(part)) for part in parts] == [len(part) for part in parts]
    in_order = epoch(Draws(50, 4, lengths=lengths), 0)
    assert (np.diff(lengths[in_order]) >= 0).all()
    assert sorted(in_order) == list(range(50))


LONG = np.append(np.random.default_rng(0).integers(1, 40, 299), 500)  # one is longer than a batch may be


def fits(items: np.ndarray, most: float = 100) -> bool:
    """Whether a batch has at most 8 items, each once, and at most ``most`` cells, or one item alone."""
    once = len(set(items.tolist())) == len(items) <= 8
    return once and (len(items) == 1 or len(items) * LONG[items].max() <= most)


@pytest.mark.parametrize("seed", [None, 2])
@pytest.mark.parametrize("passes", [1, 3])
def test_long_items_come_in_smaller_batches(seed: int | None, passes: int) -> None:
    draws = BoundedDraws(300, 8, seed=seed, epoch_size=300 * passes, lengths=LONG, cells=100)
    for number in range(2):
        draws.set_epoch(number)
        batches = [draw.items for draw in draws]
        assert all(map(fits, batches))
        assert len(batches) == len(draws)
        assert max(map(len, batches)) == 8
        counts = np.bincount(np.concatenate(batches), minlength=300)
        assert (counts == (1 if seed is None else passes)).all()
    if seed is not None:
        assert epoch(draws, 0).tolist() == epoch(draws, 0).tolist() != epoch(draws, 1).tolist()


@pytest.mark.parametrize("epoch_size", [70, 450])
def test_each_epoch_has_as_many_bounded_batches(epoch_size: int) -> None:
    draws = BoundedDraws(300, 8, seed=1, epoch_size=epoch_size, lengths=LONG, cells=100)
    for number in range(6):
        draws.set_epoch(number)
        batches = [draw.items for draw in draws]
        assert len(batches) == len(draws)
        assert sum(map(len, batches)) == epoch_size
        cells = [len(items) * LONG[items].max() for items in batches]
        assert sum(np.array(cells) > 200) <= 2  # with the one of 500


def test_rare_long_items_that_are_drawn_more_often_come_in_small_batches_as_well() -> None:
    weights = np.where(LONG > 35, 10.0, 1.0)
    weights /= weights.sum()
    draws = BoundedDraws(300, 8, seed=1, lengths=LONG, cells=100, weights=weights)
    cells = [len(draw.items) * LONG[draw.items].max() for draw in draws if LONG[draw.items].max() < 500]
    assert np.mean(np.array(cells) > 130) < 0.05


def test_processes_take_as_many_bounded_batches_of_like_lengths() -> None:
    def parts(**settings: int) -> list[list[np.ndarray]]:
        return [
            [
                draw.items
                for draw in BoundedDraws(300, 8, lengths=LONG, cells=100, rank=r, world=2, **settings)
            ]
            for r in range(2)
        ]

    first, second = parts(seed=3)
    assert len(first) == len(second)
    assert sorted(np.concatenate([*first, *second])) == list(range(300))
    steps = zip(first, second, strict=True)
    assert all(len(a) == len(b) and abs(LONG[a].mean() - LONG[b].mean()) < 4 for a, b in steps if len(a) > 1)
    assert sorted(np.concatenate([np.concatenate(part) for part in parts()])) == list(range(300))


def test_weighted_draws_follow_the_weights_and_are_shared_out_among_processes() -> None:
    weights = np.repeat([0.5 / 900, 0.5 / 100], [900, 100])
    draws = Draws(1000, 8, seed=4, weights=weights)
    first, second = epoch(draws, 0), epoch(draws, 1)
    assert len(first) == 1000
    assert 0.45 < (first >= 900).mean() < 0.55
    assert first.tolist() != second.tolist()
    assert epoch(Draws(1000, 8, seed=4, weights=weights), 1).tolist() == second.tolist()
    lengths = np.arange(1000) % 30
    for more in ({}, {"lengths": lengths}):
        parts = [Draws(1000, 4, seed=4, rank=r, world=2, weights=weights, **more) for r in range(2)]
        together = np.concatenate([epoch(part, 0) for part in parts])
        assert sorted(together) == sorted(first)


@pytest.mark.parametrize(
    ("seed", "shown"), [("-1", "-1"), ("1.5", "1.5"), ("zero", "'zero'"), ("True", "true")]
)
def test_a_seed_that_is_none_is_refused(seed: str, shown: str) -> None:
    with pytest.raises(UserError, match=rf"seed: must be a whole number from 0, got {shown}"):
        build_data(compose("train", ["domain=image", f"seed={seed}"]))

"""The draws: every item once a pass, the same for the same seed, shared out among processes."""

from itertools import pairwise

import numpy as np
import pytest

from shared.data import Draws


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


def test_processes_share_an_epoch_without_overlap() -> None:
    parts = [Draws(11, 2, seed=5, rank=rank, world=3) for rank in range(3)]
    items = [np.concatenate([draw.items for draw in part]) for part in parts]
    assert sorted(np.concatenate(items)) == list(range(11))
    assert [len(list(part)) for part in parts] == [len(part) for part in parts]


def test_batches_are_of_items_of_like_length_and_still_an_epoch() -> None:
    lengths = np.random.default_rng(0).permutation(200)
    draws = Draws(200, 8, seed=1, lengths=lengths)
    batches = [draw.items for draw in draws]
    assert sorted(np.concatenate(batches)) == list(range(200))
    assert {len(batch) for batch in batches} == {8}
    assert np.mean([np.ptp(lengths[batch]) for batch in batches]) < 30
    first = [lengths[batch].mean() for batch in batches[:16]]
    assert first != sorted(first)  # short ones do not always come before long ones
    assert [draw.items.tolist() for draw in draws] == [batch.tolist() for batch in batches]
    draws.set_epoch(1)
    assert [draw.items.tolist() for draw in draws] != [batch.tolist() for batch in batches]


def test_without_a_seed_items_with_lengths_come_from_short_to_long() -> None:
    lengths = np.array([5, 1, 4, 1, 3])
    assert [draw.items.tolist() for draw in Draws(5, 2, lengths=lengths)] == [[1, 3], [4, 2], [0]]


def test_the_last_batch_alone_may_be_short_where_lengths_are_alike() -> None:
    draws = Draws(21, 4, seed=0, epoch_size=50, lengths=np.arange(21))
    assert [len(draw.items) for draw in draws] == [4] * 12 + [2]

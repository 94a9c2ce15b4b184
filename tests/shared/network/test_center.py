"""The layer that takes the mean of each row away."""

import pytest
import torch

from shared.errors import UserError
from shared.network import build_network

LAYERS = ["center", {"pool": {"kernel": [1, "span"], "type": "max"}}, "flatten", {"dense": "classes"}]


def test_what_is_added_to_a_row_of_an_example_changes_nothing() -> None:
    x, added = torch.randn(3, 1, 4, 9), torch.randn(3, 1, 4, 1)
    lengths = torch.tensor([9, 4, 6])
    network = build_network(LAYERS, 1, (4, None), 2).eval()
    torch.testing.assert_close(network(x, lengths), network(x + added, lengths))
    fixed = build_network(LAYERS, 1, (4, 9), 2).eval()
    torch.testing.assert_close(fixed(x), fixed(x + added))
    bare = build_network(LAYERS[1:], 1, (4, 9), 2).eval()
    assert not torch.allclose(bare(x), bare(x + added))
    assert len(build_network([{"center": "none"}, *LAYERS[1:]], 1, (4, 9), 2)) == len(bare)


def test_each_cell_sees_the_whole_row() -> None:
    center = build_network(LAYERS, 1, (4, 9), 2).get_submodule("center1")
    assert center.shape.sees((1, 5), (4, 9)) == (range(1, 2), range(9))  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("layers", "size"),
    [([{"windows": {"size": 3, "hop": 1}}, *LAYERS], (4, 9)), (LAYERS, (None, 9))],
)
def test_it_refuses_windows_and_rows_that_vary(layers: list, size: tuple) -> None:
    with pytest.raises(UserError, match="center: it"):
        build_network(layers, 1, size, 2)

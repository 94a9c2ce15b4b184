"""The table of layers: receptive fields against gradients, arithmetic against formulas."""

import pytest
import torch
from rich.console import Console

from shared.network.build import build_network
from shared.network.table import layer_table, render


def conv(kernel: object, filters: int = 3, **settings: object) -> dict:
    return {"conv": {"filters": filters, "kernel": kernel, "activation": "none", **settings}}


def pool(kernel: object, **settings: object) -> dict:
    return {"pool": {"kernel": kernel, "type": "avg", **settings}}  # each cell of the window counts


HEAD = ["flatten", {"dense": "classes"}]
NETWORKS = {
    "valid": [conv(3), conv([2, 5]), *HEAD],
    "strides": [conv(3, stride=2), conv(3, stride=[1, 2]), *HEAD],
    "padding": [conv(5, pad="zeros"), conv([3, 1], pad="zeros", stride=2), conv(3, pad="zeros"), *HEAD],
    "pooling": [conv(3), pool(2), conv(3), pool([2, 1]), *HEAD],
    "overlapping pooling": [pool(3, stride=2), pool(2, stride=1), *HEAD],
    "span": [conv([3, "span"]), pool([4, 1]), *HEAD],
    "global pooling": [conv(2, stride=2), pool("span"), *HEAD],
    "global bias": [conv(3), conv(3, bias="global"), *HEAD],
    "repeat": [{"repeat": {"times": 3, "layers": [conv(3, pad="zeros")]}}, *HEAD],
    "side by side": [
        {"side_by_side": [[conv(3, pad="zeros")], [conv([7, 1], pad="zeros"), conv([1, 5], pad="zeros")]]},
        conv(2),
        *HEAD,
    ],
    "residual": [
        {"residual": [conv(3, pad="zeros", stride=2), conv(3, pad="zeros")]},
        {"residual": [conv(3, pad="zeros")]},
        *HEAD,
    ],
    "windows": [
        {"windows": {"size": 5, "hop": 2}},
        conv([3, 2]),
        pool([2, 1]),
        "flatten",
        {"dense": {"units": 4, "activation": "none"}},
        {"lstm": 6},
        {"dense": "classes"},
    ],
}
SIZE = (11, 10)


@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS.keys())
def test_receptive_fields_are_where_the_gradient_is(layers: list) -> None:
    torch.manual_seed(0)
    network = build_network(layers, 2, SIZE, 3).double().eval()
    for name, parameter in network.named_parameters():
        if name.endswith("pooled"):
            torch.nn.init.normal_(parameter)  # zeros see nothing
    table, outputs = layer_table(network), {}
    for name, module in network.named_modules():
        module.register_forward_hook(lambda _, __, output, name=name: outputs.update({name: output}))
    x = torch.randn(1, 2, *SIZE, dtype=torch.float64, requires_grad=True)
    network(x)
    for row in table:
        output = outputs[row.name]
        if row.shape.flat:
            output = output.sum(1)[:, None, None, None]  # a vector's features together
        for window in range(len(output)):
            for i in range(output.size(2)):
                for j in range(output.size(3)):
                    (gradient,) = torch.autograd.grad(
                        output[window, :, i, j].sum(), x, retain_graph=True, allow_unused=True
                    )
                    seen = gradient[0].abs().sum(0) > 0
                    rows, columns = row.shape.sees((i, j), SIZE, window)
                    box = torch.zeros(SIZE, dtype=torch.bool)
                    box[rows.start : rows.stop, columns.start : columns.stop] = True
                    assert torch.equal(seen, box), (row.name, window, i, j)


def test_the_receptive_field_of_branches_is_the_smallest_box_around_theirs() -> None:
    layers = [{"side_by_side": [[conv([3, 5], pad="zeros")], [conv([7, 1], pad="zeros")]]}, *HEAD]
    shape = layer_table(build_network(layers, 2, SIZE, 3))[2].shape
    assert shape.sees((5, 5), SIZE) == (range(2, 9), range(3, 8))


def test_rows_of_the_digit_network() -> None:
    layers = [
        {"conv": {"filters": 25, "kernel": 3}},
        {"pool": {"kernel": 2}},
        {"conv": {"filters": 50, "kernel": 3}},
        {"pool": {"kernel": 2}},
        "flatten",
        {"dense": 100},
        {"dense": "classes"},
    ]
    table = layer_table(build_network(layers, 1, (28, 28), 10))
    assert [row.output for row in table] == [
        (25, 26, 26),
        (25, 13, 13),
        (50, 11, 11),
        (50, 5, 5),
        (1250,),
        (100,),
        (10,),
    ]
    assert [row.params for row in table] == [250, 0, 11_300, 0, 0, 125_100, 1_010]
    assert [row.flops for row in table] == [
        2 * 26 * 26 * 25 * 9,
        0,
        2 * 11 * 11 * 50 * 225,
        0,
        0,
        2 * 1250 * 100,
        2 * 100 * 10,
    ]
    # The last pooling drops a row and a column: the network ignores 2 of a digit's 28 rows and columns.
    assert [row.field for row in table] == [(3, 3), (4, 4), (8, 8), (10, 10), (26, 26), (26, 26), (26, 26)]
    assert [row.shape.axes[0].stride for row in table[:4]] == [1, 2, 2, 4]


@pytest.mark.parametrize("size", [(8, 20), (8, None)])
def test_recurrent_arithmetic_is_counted(size: tuple) -> None:
    layers = [{"windows": {"size": 4, "hop": 2}}, "flatten", {"lstm": 6}, {"dense": "classes"}]
    rows = {row.name: row for row in layer_table(build_network(layers, 1, size, 3), length=20)}
    assert rows["lstm1"].flops == 2 * 9 * 4 * 6 * (32 + 6)
    assert rows["lstm1"].params == 4 * 6 * (32 + 6 + 2)
    assert rows["lstm1"].field == (None, None)
    assert rows["flatten1"].field == (None, 4)


def test_the_table_does_not_change_the_network_and_adds_up() -> None:
    layers = [
        conv(3, norm="batch", pad="zeros"),
        {"residual": [conv(3, 5, pad="zeros", norm="batch")]},
        *HEAD,
    ]
    network = build_network(layers, 2, SIZE, 3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    table = layer_table(network)
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert sum(row.params for row in table) == sum(p.numel() for p in network.parameters())
    names = [row.name for row in table]
    assert names.index("residual1") > names.index("residual1.projection") > names.index("conv1")
    console = Console(record=True, width=120)
    console.print(render(table))
    text = console.export_text()
    assert "residual1.body.conv1" in text
    assert f"{sum(row.flops for row in table):,}" in text

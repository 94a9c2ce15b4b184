"""Networks with an answer for each window: labels, sequences, errors, and what padding may not change."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from shared.config import compose
from shared.errors import UserError
from shared.network import Axis, build_network
from shared.training import UNLABELLED, Classifier, Preprocessing, Windows, build_data, check_network
from shared.training.over_time import likeliest, match, match_boundaries

LAYERS = [
    {"windows": {"size": 5, "hop": 2, "pad": "zeros"}},
    {"conv": {"filters": 8, "kernel": [2, "span"], "norm": "batch"}},
    "flatten",
    {"lstm": {"units": 6, "bidirectional": True, "every": True}},
    {"dense": "classes"},
]


def classifier(loss: str = "cross_entropy", classes: tuple[str, ...] = ("a", "b", "silence")) -> Classifier:
    class Letters(Classifier):
        domain = "letters"
        between = "silence"

    torch.manual_seed(0)
    names = [*classes, *(["blank"] if loss == "ctc" else [])]
    return Letters(
        model={"layers": LAYERS}, planes=1, extent=(4, None), classes=names, preprocessing=Preprocessing(),
        optimizer={"_target_": "torch.optim.AdamW", "lr": 0.01}, schedule={}, loss=loss,
    )  # fmt: skip


def batch(lengths: list[int], seed: int = 0) -> dict[str, torch.Tensor]:
    """Maps whose row is the label of a cell (silence is none), in runs of 7 cells."""
    random = np.random.default_rng(seed)
    x, y, labels = [], [], []
    for length in lengths:
        runs = random.permutation(np.arange(-(-length // 7)) % 3)
        label = torch.from_numpy(runs.repeat(7)[:length])
        x.append(torch.stack([(label == row).float() for row in (0, 1, 0, 1)], 1))
        y.append(label)
        kept = [int(run) for n, run in enumerate(runs) if run != 2 and (n == 0 or run != runs[n - 1])]
        labels.append(torch.tensor(kept, dtype=torch.int64))
    return {
        "x": pad_sequence(x, batch_first=True).mT[:, None],
        "lengths": torch.tensor(lengths),
        "y": pad_sequence(y, batch_first=True, padding_value=UNLABELLED),
        "labels": pad_sequence(labels, batch_first=True, padding_value=UNLABELLED),
        "item": torch.arange(len(lengths)),
    }


def test_a_window_each_second_cell() -> None:
    network = build_network(LAYERS, 1, (4, None), 3)
    assert network.over_time
    x = torch.randn(2, 1, 4, 9)
    counts = network.windows(x, torch.tensor([9, 4]))
    assert counts.tolist() == [5, 2]  # cells 0, 2, 4, 6, 8 and 0, 2
    assert network(x, torch.tensor([9, 4])).shape == (7, 3)
    fixed = build_network(LAYERS, 1, (4, 9), 3)
    assert fixed.windows(x, None).tolist() == [5, 5]
    assert fixed(x).shape == (10, 3)


def test_the_label_of_a_window_is_that_of_the_cell_in_its_middle() -> None:
    network = build_network(LAYERS, 1, (4, None), 3)
    windows = Windows(torch.zeros(7, 3), torch.tensor([5, 2]))
    y = torch.tensor([[0, 1, 2, 3, 4, 5, 6, 7, 8], [9, 8, 7, 6, -1, -1, -1, -1, -1]])
    axis = network.shape.windows
    assert axis is not None
    assert windows.labels(y, axis).tolist() == [0, 2, 4, 6, 8, 9, 7]
    unpadded = build_network([{"windows": {"size": 5, "hop": 2}}, *LAYERS[1:]], 1, (4, None), 3).shape.windows
    assert unpadded is not None
    assert Windows(torch.zeros(3, 3), torch.tensor([3])).labels(y[:1], unpadded).tolist() == [2, 4, 6]


@pytest.mark.parametrize("training", [False, True])
def test_padding_changes_no_answer(training: bool) -> None:
    module = classifier().train(training)
    lengths, whole = [23, 9, 1, 40], batch([23, 9, 1, 40])
    if training:
        module.network.get_submodule("conv1").norm.eval()  # type: ignore[union-attr]  # the batch's own by design
    whole["x"] = torch.where(torch.arange(40) < whole["lengths"][:, None, None, None], whole["x"], torch.nan)
    together = module.windows(whole)
    first = 0
    for n, length in enumerate(lengths):
        alone = module.windows(
            {"x": whole["x"][n : n + 1, ..., :length], "lengths": torch.tensor([length])}
        ).logits
        torch.testing.assert_close(alone, together.logits[first : first + len(alone)])
        first += len(alone)
    assert first == len(together.logits)


def test_sequences_leave_out_what_lies_between_labels() -> None:
    module = classifier()
    answers = torch.tensor([2, 0, 0, 2, 0, 1, 1, 2, 1, 1])
    windows = Windows(torch.eye(3)[answers], torch.tensor([8, 2]))
    assert module.sequences(windows) == [[(0, 1, 3), (0, 4, 5), (1, 5, 7)], [(1, 0, 2)]]
    assert [one.middle for one in module.sequences(windows)[0]] == [1, 4, 5]


def test_ctc_separates_equal_labels_by_the_blank() -> None:
    module = classifier("ctc")
    answers = torch.tensor([0, 0, 3, 0, 1, 3, 3])
    windows = Windows(torch.eye(4)[answers], torch.tensor([7]))
    assert [one.answer for one in module.sequences(windows)[0]] == [0, 0, 1]


def test_edits_and_windows_of_labels() -> None:
    answers = torch.tensor([0, 0, 2, 1, 1, 2, 2, 0, 2])  # a b a
    windows = Windows(torch.eye(3)[answers], torch.tensor([9]))
    between = frozenset([2])
    for labels, edits in [([0, 1, 0], 0), ([0, 1], 1), ([0, 0, 0], 1), ([1, 0, 1, 0], 1), ([], 3)]:
        matched = match(windows, torch.tensor([labels], dtype=torch.int64).reshape(1, -1), between)
        assert (matched.edits, matched.sizes) == ([edits], [len(labels)])
        assert len(matched.windows) == len(labels)
    missing = match(windows, torch.tensor([[0, 1, 1, 0]]), between)
    assert missing.edits == [1]
    assert {0, 3, 7} <= set(missing.windows)  # the window of the missing one lies between


def test_a_flicker_is_no_label_where_changes_cost() -> None:
    logits = torch.tensor([[3.0, 0], [3, 0], [1, 2], [3, 0], [0, 3], [0, 3]])
    for change, answers in [(0, [0, 0, 1, 0, 1, 1]), (0.4, [0, 0, 1, 0, 1, 1]), (0.6, [0, 0, 0, 0, 1, 1])]:
        windows = Windows(torch.cat([logits, logits[:2]]), torch.tensor([6, 2]), change)
        assert [row.tolist() for row in windows.answers()] == [answers, [0, 0]]
    assert Windows(logits, torch.tensor([6]), 10.0).answers()[0].tolist() == [0] * 6


def test_the_likeliest_sequence_is_that_of_all_sequences() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        logits, change = random.normal(size=(6, 3)), random.uniform(0, 2)
        paths = np.array(list(product(range(3), repeat=6)))
        sums = logits[np.arange(6), paths].sum(1) - change * (paths[:, 1:] != paths[:, :-1]).sum(1)
        assert likeliest(logits, change).tolist() == paths[sums.argmax()].tolist()


def test_boundaries_within_the_tolerance() -> None:
    y = torch.tensor(
        [[0] * 10 + [1] * 10 + [-1] * 5 + [2] * 10]
    )  # changes at 9.5; those to no label do not count
    axis = replace(Axis(None), stride=2)
    late = torch.tensor([0] * 6 + [1] * 7 + [2] * 5)  # changes between cells 10 and 12
    windows = Windows(torch.eye(3)[late], torch.tensor([18]))
    assert match_boundaries(windows, y, axis, 2.0) == ([1], [2])
    assert match_boundaries(windows, y, axis, 1.0) == ([0], [2])


def test_unlabelled_cells_do_not_count() -> None:
    module, one = classifier(), batch([30])
    whole = module.outputs(one)
    assert len(whole.y) == 15
    one["y"][:, :10] = UNLABELLED
    part = module.outputs(one)
    assert part.y.tolist() == whole.y.tolist()[5:]
    torch.testing.assert_close(part.logits, whole.logits[5:])
    one["y"][:] = UNLABELLED
    assert module.objective(module.outputs(one), one).item() == 0


@pytest.mark.parametrize("loss", ["cross_entropy", "ctc"])
def test_learns(loss: str) -> None:
    module = classifier(loss).train()
    optimizer = torch.optim.Adam(module.parameters(), 0.02)
    for step in range(120):
        train = batch([35, 28, 49, 42] * 4, seed=step)
        optimizer.zero_grad()
        outputs = module.outputs(train)
        module.objective(outputs, train).backward()
        optimizer.step()
    module.eval()
    test = batch([35, 21, 49, 14], seed=10_000)
    outputs = module.outputs(test)
    assert (outputs.logits.argmax(1) == outputs.y).float().mean() > 0.95
    windows = outputs.windows
    assert windows is not None
    matched = match(windows, test["labels"], module.between_classes)
    assert sum(matched.edits) <= 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model=speech/phones"], "model.layers: must end in one prediction for these data"),
        (["training.loss=ctc"], "training.loss: must be cross_entropy for data with one label"),
    ],
)
def test_data_with_one_label_need_one_prediction(words: list[str], message: str) -> None:
    config = compose("train", ["domain=speech", *words])
    with pytest.raises(UserError) as error:
        check_network(config, build_data(config))
    assert message in str(error.value)

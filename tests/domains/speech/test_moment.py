"""Explaining a moment of a recording: which window, what lies around it, and all methods on its answer."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch
from matplotlib.figure import Figure

from domains.speech.explain import Cut, SpeechDomain
from domains.speech.running import Grid, hear
from shared.errors import UserError
from shared.explain.checks.base import Subject
from shared.explain.method import explain, methods_of
from shared.explain.units import Target
from shared.training.data import DataModule, Draw
from tests.domains.speech.listener import RATE, batch, listener, spoken

MADE = ("adversarial", "dream", "fool", "actmax")  # methods of made inputs


class Sentences:
    """A dataset of sentences."""

    def __init__(self, seed: int):
        random = np.random.default_rng(seed)
        self.items = [spoken(random) for _ in range(6)]
        samples = [np.round(x * 2**15).astype(np.int16) for x, _ in self.items]
        self.clips = SimpleNamespace(name=[f"{n}.wav" for n in range(6)], samples=samples)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, draw: Draw) -> dict:
        clips = batch(80, [self.items[n] for n in draw.items], listener().classes)
        return clips | {"item": torch.as_tensor(draw.items)}


class SentenceData(DataModule):
    over_time = True

    def setup(self, stage: str | None = None) -> None:
        self.train_set, self.val_set = Sentences(1), Sentences(2)


@pytest.fixture(scope="module")
def adapter() -> SpeechDomain:
    return SpeechDomain(listener(), SentenceData(seed=0, batch_size=4))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("moment") / "said.wav"
    soundfile.write(path, spoken(np.random.default_rng(3), 120)[0], RATE)
    return path


@pytest.mark.parametrize("moment", [0, 41.7])
def test_a_moment_has_the_answer_that_predict_has_there(
    adapter: SpeechDomain, recording: Path, moment: float
) -> None:
    heard, grid = hear(listener(), recording), Grid.of(listener())
    (example,) = adapter.read(recording, moment=moment)
    assert example.window is not None
    at = grid.seconds(example.window) + example.source.first
    assert at == pytest.approx(moment, abs=0.013)
    assert example.name == f"said.wav at {at:.2f} s"
    assert 0.5 < example.x.size(2) / 100 < 2.1
    expected = heard.answers.probabilities[grid.window(moment)]
    adapter.turn_to(example)
    np.testing.assert_allclose(adapter.probabilities(example.x[None])[0], expected, atol=0.05)
    assert adapter.answer(example) == expected.argmax()


def test_without_a_moment_it_is_the_middle_of_the_longest_label(
    adapter: SpeechDomain, recording: Path
) -> None:
    (example,) = adapter.read(recording)
    labels = hear(listener(), recording).labels
    longest = max(labels, key=lambda label: round(label.end - label.start, 3))
    at = example.source.first + Grid.of(listener()).seconds(example.window or 0)
    assert at == pytest.approx((longest.start + longest.end) / 2, abs=0.02)
    assert listener().classes[adapter.answer(example)] == longest.name
    assert adapter.remarks[0] == (
        f"said.wav: explained is the middle of the longest label, {longest.name}; moment= names another, in "
        "seconds"
    )


@pytest.mark.parametrize("moment", [-0.1, 1e9, float("nan"), "soon", True])
def test_a_moment_outside_of_the_recording(adapter: SpeechDomain, recording: Path, moment: object) -> None:
    with pytest.raises(UserError, match=r"^moment \(seconds\): must be (from 0 to|a number)"):
        adapter.read(recording, moment=moment)  # type: ignore[arg-type]


def test_a_silent_recording_is_explained_in_its_middle(adapter: SpeechDomain, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "none.wav", np.zeros(RATE), RATE)
    (example,) = adapter.read(tmp_path / "none.wav")
    assert example.name == "none.wav at 0.49 s"


@pytest.mark.parametrize(
    "method",
    [
        *("occlusion", "integrated_gradients", "input_x_gradient", "grad_cam", "saliency", "filters"),
        *("top_patches", *(pytest.param(name, marks=pytest.mark.slow) for name in MADE)),
    ],
)
def test_each_method_works(adapter: SpeechDomain, method: str) -> None:
    (record,) = [one for one in methods_of() if one.name == method]
    example = adapter.explained(adapter.data.val_set, 0) if record.kind in ("map", "input") else None
    layer = None if record.kind in ("map", "input", "weights") else "conv1"
    target = Target(adapter.answer(example) if example else 1, layer)
    one = explain(adapter, example, method, target)
    assert one.map.isfinite().all()
    if record.kind == "map":
        assert example is not None
        assert one.map.shape == example.x.shape
        seen = one.map[0].abs().sum(0)
        near = abs(torch.arange(len(seen)) - 2 * (example.window or 0)) <= 40
        if method != "grad_cam":  # whose maps are weighted by their mean over all windows
            assert seen[near].sum() > 0.8 * seen.sum()  # what lies around the moment decides
    if one.shown:
        adapter.grid_figure(one.shown, 2).draw_without_rendering()


def test_an_item_is_explained_where_its_longest_label_is(adapter: SpeechDomain) -> None:
    dataset = adapter.data.val_set
    example = adapter.explained(dataset, 1)
    name, start, end = max(dataset.items[1][1], key=lambda word: word[2] - word[1])  # type: ignore[attr-defined]
    assert listener().classes[example.label or 0] == name
    at = example.source.first + Grid.of(listener()).seconds(example.window or 0)
    assert at == pytest.approx((start + end) / 2, abs=0.03)
    assert adapter.example(dataset, 1).window is None
    axes = Figure().add_subplot()
    adapter.show(axes, example)
    assert [line.get_xdata()[0] for line in axes.lines] == pytest.approx([at])
    assert isinstance(adapter.make(example.x, "made", of=example).source, Cut)


def test_checks_take_items_on_which_the_answer_is_right(adapter: SpeechDomain) -> None:
    subject = Subject(adapter, 3, 0)
    assert [adapter.answer(example) for example in subject.examples] == [
        one.label for one in subject.examples
    ]

"""Checks of explanations: methods can pass, and maps and networks that know nothing cannot."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from shared.explain.adapter import InputAdapter
from shared.explain.checks import made_inputs
from shared.explain.checks.base import (
    Measure,
    Subject,
    failed_checks,
    rows_of,
    run_checks,
    share_of,
    share_of_attainable,
)
from shared.explain.checks.made_inputs import actmax, adversarial, dream, fool, style
from shared.explain.checks.planted_evidence import planted
from shared.explain.checks.relevance_maps import deletion_and_insertion, gradients, randomised_weights
from shared.explain.methods import actmax as maximising
from shared.explain.methods import fool as fooling
from shared.explain.methods import style as styling

N = 6


@pytest.fixture(scope="module")
def subject(adapters: dict[str, InputAdapter]) -> Subject:
    return Subject(adapters["image"], N, 0)


@pytest.mark.parametrize(
    ("check", "passed"),
    [
        (gradients, {"saliency"}),
        pytest.param(deletion_and_insertion, {"occlusion"}, marks=pytest.mark.slow),
        pytest.param(randomised_weights, {"input_x_gradient"}, marks=pytest.mark.slow),
        (fool, {"fool"}),
        (adversarial, set()),
        pytest.param(planted, set(), marks=pytest.mark.slow),
        pytest.param(dream, set(), marks=pytest.mark.slow),
        pytest.param(style, set(), marks=pytest.mark.slow),
        pytest.param(actmax, set(), marks=pytest.mark.slow),
    ],
)
def test_a_check_refuses_what_knows_nothing_of_the_network(
    subject: Subject, check: Callable, passed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, steps in ((maximising, 60), (fooling, 60), (styling, 100)):
        monkeypatch.setattr(module, "STEPS", steps)
    monkeypatch.setattr(subject, "random", np.random.default_rng(0))
    measures = list(check(subject))
    controls = {one.of for one in measures if one.control}
    if check in (deletion_and_insertion, randomised_weights, planted):
        assert {"edges of the input", "distance from the blank input", "noise", "zeros"} < controls
    assert any("randomised network" in name for name in controls)
    assert not [one for one in measures if one.control and one.passes]
    assert passed <= {one.of for one in measures if one.passes}
    if check is planted:
        assert {f"{name} of a network that learned nothing" for name in subject.methods} < controls


def test_a_control_that_passes_voids_its_check(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    sure, none = share_of([1.0] * 40), share_of_attainable([0.0, 0.1, -0.1], [0.0, 0.0, 0.0])
    rows = [
        Measure("good", "saliency", sure),
        Measure("good", "noise", none, control=True),
        Measure("void", "saliency", sure),
        Measure("void", "noise", sure, control=True),
    ]
    monkeypatch.setattr("shared.explain.checks.base.CHECKS", [lambda subject: iter(rows)])
    measures = run_checks(subject)
    assert [row["holds"] for row in measures.values()] == [True, True, False, False]
    assert [row[-1] for row in rows_of(measures)[1:]] == [
        "holds", "control: refused", "does not hold", "control: NOT refused",
    ]  # fmt: skip
    assert failed_checks(measures) == "2 of 4 do not hold (1 controls were not refused)"
    assert failed_checks({"good: saliency": measures["good: saliency"]}) == ""
    assert measures["good: noise"]["value"] is None


def test_the_share_of_what_is_attainable_has_fieller_s_interval() -> None:
    random = np.random.default_rng(0)
    inside = 0
    for _ in range(400):
        attainable = random.normal(1.0, 0.5, 20)
        share = share_of_attainable(0.6 * attainable + random.normal(0, 0.3, 20), attainable)
        inside += share.low <= 0.6 <= share.high
    assert 0.92 <= inside / 400 <= 0.98
    assert np.isnan(share_of_attainable([0.1, -0.1, 0.0], [0.1, -0.2, 0.1]).value)


def test_evidence_and_decoys_are_alike_but_for_their_pattern(adapters: dict[str, InputAdapter]) -> None:
    adapter, random = adapters["image"], np.random.default_rng(0)
    levels: list[tuple[float, float]] = []
    for _ in range(200):
        example, without, evidence, label = adapter.plant(random)
        assert example.label == label
        assert torch.equal(example.x[:, ~evidence], without.x[:, ~evidence])
        assert not torch.equal(example.x[:, evidence], without.x[:, evidence])
        levels.append(tuple(float(x[:, evidence].abs().mean()) for x in (example.x, without.x)))
    mine, decoys = np.mean(levels, 0)
    assert mine == pytest.approx(decoys, rel=0.05)


def test_classes_are_drawn_at_random(adapters: dict[str, InputAdapter]) -> None:
    go, text = (Subject.__new__(Subject) for _ in range(2))
    for subject, name in ((go, "go"), (text, "text")):
        subject.adapter, subject.random = adapters[name], np.random.default_rng(0)
    assert max(go.classes(made_inputs.MADE)) > 2 * made_inputs.MADE
    assert sorted(text.classes(4)) == [0, 0, 1, 1]

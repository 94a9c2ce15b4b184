"""Inputs that methods make stay in their range and reach their goal."""

import pytest
import torch

from domains.image.explain import ImageDomain
from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example
from shared.explain.method import METHODS, explain
from shared.explain.methods import actmax, dream, fool, style
from shared.explain.methods.actmax import maximise
from shared.explain.methods.adversarial import attack
from shared.explain.methods.ascent import distance, variation
from shared.explain.units import Target, activations, find_layer, first_filters

Adapters = dict[str, InputAdapter]
DOMAINS = ("image", "go", "speech", "text")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few steps, but enough to show the effect of each method."""
    for module, steps in ((actmax, 60), (fool, 60), (style, 100), (dream, 20)):
        monkeypatch.setattr(module, "STEPS", steps)


def within(x: torch.Tensor, domain: InputAdapter) -> bool:
    low, high = domain.bounds
    return bool((x >= low - 1e-5).all() and (x <= high + 1e-5).all())


def example_of(domain: InputAdapter) -> Example:
    return domain.example(domain.data.val_set, 3)


@pytest.mark.parametrize("name", DOMAINS)
def test_activation_maximisation_exceeds_every_real_input(adapters: Adapters, name: str) -> None:
    domain = adapters[name]
    explanation = explain(domain, None, "actmax", Target(0))
    assert explanation.value > explanation.baseline
    assert explanation.value == pytest.approx(
        float(domain.logits(explanation.map[None])[0, 0]), rel=1e-3, abs=1e-4
    )
    assert within(explanation.map, domain)
    exists = domain.nearest(explanation.map)
    assert (exists is not None) == (name in ("go", "text"))
    assert len(explanation.shown) == (3 if exists else 2)


def test_the_best_real_input_is_the_best_of_all_searched(adapters: Adapters) -> None:
    domain = adapters["text"]
    name = "side_by_side1.branch2.conv1"
    best = domain.search(name)
    data = domain.data.train_set
    peaks, totals = [], []
    [(items, *_)] = domain.batches(data, 60)
    for item in items:
        activation = activations(domain.network, name, domain.example(data, int(item)).x[None])
        peaks.append(activation.peak()[0][0])
        totals.append(activation.total[0])
    torch.testing.assert_close(best.value, torch.stack(peaks).sort(0, descending=True).values[:9])
    torch.testing.assert_close(best.total, torch.stack(totals).amax(0))


@pytest.mark.parametrize("name", DOMAINS)
def test_a_patch_is_all_that_its_unit_sees(adapters: Adapters, name: str) -> None:
    domain = adapters[name]
    layer = next(iter(first_filters(domain.network)))
    explanation = explain(domain, None, "top_patches", Target(1, layer))
    assert len(explanation.shown) == 9
    assert explanation.map.tolist() == sorted(explanation.map.tolist(), reverse=True)
    patch = explanation.shown[0]
    assert patch.example is not None
    assert patch.box is not None
    rows, columns = patch.box
    inside = torch.zeros(patch.example.x.shape[1:], dtype=torch.bool)
    inside[rows.start : rows.stop, columns.start : columns.stop] = True
    changed = torch.where(inside, patch.example.x, torch.randn_like(patch.example.x))
    values = activations(domain.network, layer, changed[None]).values[0, 1]
    assert bool(((values - explanation.value).abs() < 1e-4).any())
    if not inside.all():
        other = torch.where(inside, torch.randn_like(patch.example.x), patch.example.x)
        assert not torch.allclose(activations(domain.network, layer, other[None]).values[0, 1], values)


def test_a_dead_unit_is_reported(adapters: Adapters) -> None:
    domain = adapters["image"]
    bias = find_layer(domain.network, "conv1").bias
    alive = bias.detach().clone()
    with torch.no_grad():
        bias[4] = -1000.0
    try:
        fresh = ImageDomain(domain.module, domain.data)
        fresh.searched = 20
        explanation = explain(fresh, None, "actmax", Target(4, "conv1"))
        assert explanation.meta["dead"]
        assert explanation.shown == ()
        assert explain(fresh, None, "top_patches", Target(4, "conv1")).meta["dead"]
    finally:
        with torch.no_grad():
            bias.copy_(alive)


def test_penalties_make_inputs_smaller_and_smoother(adapters: Adapters) -> None:
    domain = adapters["image"]
    like = example_of(domain).x[None]

    def made(start: str = "noise", l1: float = 0.0, smooth: float = 0.0) -> torch.Tensor:
        return maximise(domain, [Target(5)], like, start, l1, smooth, 0)[0].x[None]

    plain = made()
    assert float(distance(made(l1=5.0), domain)) < 0.7 * float(distance(plain, domain))
    assert float(variation(made(smooth=8.0), domain)) < 0.5 * float(variation(plain, domain))
    assert not torch.equal(made("zeros"), plain)
    assert not torch.equal(made("real"), plain)


@pytest.mark.parametrize("name", DOMAINS)
def test_fooling_inputs_have_a_high_score_and_stay_in_range(adapters: Adapters, name: str) -> None:
    domain = adapters[name]
    target = Target(len(domain.module.classes) - 1)
    explanation = explain(domain, example_of(domain), "fool", target)
    # The networks of Go and speech are hardly trained.
    assert explanation.value > (0.8 if name in ("image", "text") else 1.05 * explanation.baseline)
    assert within(explanation.map, domain)


@pytest.mark.parametrize("kind", ["FGSM", "PGD", "random"])
def test_attacks_stay_within_epsilon_and_range(adapters: Adapters, kind: str) -> None:
    domain = adapters["image"]
    data = domain.data.val_set
    [(_, x, _, y)] = domain.batches(data, 30)
    step = 0.2 * domain.step(example_of(domain))
    made = attack(domain.network, x, y, kind, step, domain.bounds, 0)
    assert float(((made - x).abs() - step).max()) < 1e-5
    assert within(made, domain)
    right = domain.network(x).argmax(1) == y
    turned = (domain.network(made).argmax(1) != y)[right].float().mean()
    assert turned >= 0.9 if kind == "PGD" else turned <= 0.3 if kind == "random" else turned >= 0.5


def test_a_dream_raises_its_layer_and_style_lowers_its_loss(adapters: Adapters) -> None:
    domain = adapters["image"]
    data = domain.data.val_set
    one, other = domain.example(data, 0), domain.example(data, 1)
    for layer in ("conv1", "conv2", "dense1"):
        explanation = explain(domain, one, "dream", Target(0), layer=layer)
        assert explanation.value >= 1.5 * explanation.baseline
        assert within(explanation.map, domain)
    explanation = explain(domain, one, "style", Target(0), style=other)
    assert explanation.value <= explanation.baseline / 5
    assert within(explanation.map, domain)
    for name in ("go", "text"):
        domain = adapters[name]
        with pytest.raises(UserError, match="works on pictures and spectrograms"):
            explain(domain, example_of(domain), "dream", Target(0))


def test_filters_are_the_weights_that_read_the_input(adapters: Adapters) -> None:
    domain = adapters["text"]
    shapes = [tuple(weight.shape) for weight in first_filters(domain.network).values()]
    assert shapes == [
        (8, 1, 3, 12),
        (8, 1, 4, 12),
        (8, 1, 5, 12),
    ]
    domain = adapters["image"]
    with pytest.raises(UserError, match="got conv2, whose filters read other layers' maps"):
        first_filters(domain.network, "conv2")
    weight = explain(domain, None, "filters", Target(0)).map
    assert torch.equal(weight, find_layer(domain.network, "conv1").weight)


def test_explaining_does_not_change_the_network(adapters: Adapters) -> None:
    domain = adapters["image"]
    find_layer(domain.network, "conv1").requires_grad_()
    before = {name: value.clone() for name, value in domain.module.state_dict().items()}
    flags = [parameter.requires_grad for parameter in domain.module.parameters()]
    for method in ("saliency", "fool", "dream"):
        explain(domain, example_of(domain), method, Target(0))
    assert all(torch.equal(value, before[name]) for name, value in domain.module.state_dict().items())
    assert [parameter.requires_grad for parameter in domain.module.parameters()] == flags
    domain.module.requires_grad_(False)
    message = "start: must be one of noise, zeros, real, got noize; did you mean 'noise'"
    with pytest.raises(UserError, match=message):
        explain(domain, None, "actmax", Target(0), start="noize")
    with pytest.raises(UserError, match=r"methods: must be one of .*, got salency; did you mean 'saliency'"):
        explain(domain, example_of(domain), "salency", Target(0))
    options = dict.fromkeys(("start", "l1", "smooth", "seed"), False)
    assert METHODS["actmax"].options == options

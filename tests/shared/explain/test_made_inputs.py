"""Inputs that methods make: they stay in their range and do what they are made for."""

import pytest
import torch

from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.explain import explain
from shared.explain.explanation import Example
from shared.explain.method import METHODS
from shared.explain.methods import actmax, dream, fool, style
from shared.explain.methods.actmax import maximise
from shared.explain.methods.adversarial import attack
from shared.explain.methods.ascent import distance, variation
from shared.explain.methods.filters import first_filters
from shared.explain.training_inputs import Reals
from shared.explain.units import Target, activations, find_layer
from shared.training.classifier import Classifier

Networks = dict[str, tuple[Classifier, InputAdapter]]
DOMAINS = ("image", "go", "speech", "text")


@pytest.fixture(scope="module")
def reals(networks: Networks) -> dict[str, Reals]:
    return {name: Reals(model, domain, 60) for name, (model, domain) in networks.items()}


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """As few steps as still show what a method does."""
    for module, steps in ((actmax, 60), (fool, 60), (style, 100), (dream, 20)):
        monkeypatch.setattr(module, "STEPS", steps)


def within(x: torch.Tensor, domain: InputAdapter) -> bool:
    low, high = domain.bounds
    return bool((x >= low - 1e-5).all() and (x <= high + 1e-5).all())


def sample_of(domain: InputAdapter) -> Example:
    return domain.example(domain.data.val_set, 3)


@pytest.mark.parametrize("name", DOMAINS)
def test_what_is_made_excites_a_class_more_than_any_real_input(
    networks: Networks, reals: dict[str, Reals], name: str
) -> None:
    model, domain = networks[name]
    found = explain(model, None, "actmax", Target(0), domain, reals=reals[name])
    assert found.value > found.baseline
    assert found.value == pytest.approx(float(model.network(found.map[None])[0, 0]), rel=1e-3, abs=1e-4)
    assert within(found.map, domain)
    exists = domain.nearest(found.map)
    assert (exists is not None) == (name in ("go", "text"))
    assert len(found.shown) == (3 if exists else 2)


def test_the_best_real_input_is_the_best_of_all_searched(networks: Networks, reals: dict[str, Reals]) -> None:
    model, domain = networks["text"]
    name = "side_by_side1.branch2.conv1"
    found = reals["text"].search(name)
    data = domain.data.train_set
    peaks, totals = [], []
    for item in domain.items(data, 60):
        each = activations(model.network, name, domain.example(data, int(item)).x[None])
        peaks.append(each.peak()[0][0])
        totals.append(each.total[0])
    torch.testing.assert_close(found.value, torch.stack(peaks).sort(0, descending=True).values[:9])
    torch.testing.assert_close(found.total, torch.stack(totals).amax(0))


@pytest.mark.parametrize("name", DOMAINS)
def test_a_patch_is_all_that_its_unit_sees(networks: Networks, reals: dict[str, Reals], name: str) -> None:
    model, domain = networks[name]
    layer = next(each for each, _ in first_filters(model.network))
    found = explain(model, None, "top_patches", Target(1, layer), domain, reals=reals[name])
    assert len(found.shown) == 9
    assert found.map.tolist() == sorted(found.map.tolist(), reverse=True)
    each = found.shown[0]
    assert each.example is not None
    assert each.box is not None
    rows, columns = each.box
    inside = torch.zeros(each.example.x.shape[1:], dtype=torch.bool)
    inside[rows.start : rows.stop, columns.start : columns.stop] = True
    changed = torch.where(inside, each.example.x, torch.randn_like(each.example.x))
    values = activations(model.network, layer, changed[None]).values[0, 1]
    assert bool(((values - found.value).abs() < 1e-4).any())
    if not inside.all():
        other = torch.where(inside, torch.randn_like(each.example.x), each.example.x)
        assert not torch.allclose(activations(model.network, layer, other[None]).values[0, 1], values)


def test_a_dead_unit_is_called_dead(networks: Networks) -> None:
    model, domain = networks["image"]
    bias = find_layer(model.network, "conv1").bias
    alive = bias.detach().clone()
    with torch.no_grad():
        bias[4] = -1000.0
    try:
        fresh = Reals(model, domain, 20)
        found = explain(model, None, "actmax", Target(4, "conv1"), domain, reals=fresh)
        assert found.meta["dead"]
        assert found.shown == ()
        assert explain(model, None, "top_patches", Target(4, "conv1"), domain, reals=fresh).meta["dead"]
    finally:
        with torch.no_grad():
            bias.copy_(alive)


def test_penalties_make_inputs_smaller_and_smoother(networks: Networks, reals: dict[str, Reals]) -> None:
    model, domain = networks["image"]
    like = sample_of(domain).x[None]

    def made(start: str = "noise", l1: float = 0.0, smooth: float = 0.0) -> torch.Tensor:
        return maximise(model, [Target(5)], domain, reals["image"], like, start, l1, smooth, 0)[0].x[None]

    plain = made()
    assert float(distance(made(l1=5.0), domain)) < 0.7 * float(distance(plain, domain))
    assert float(variation(made(smooth=8.0), domain)) < 0.5 * float(variation(plain, domain))
    assert not torch.equal(made("zeros"), plain)
    assert not torch.equal(made("real"), plain)


@pytest.mark.parametrize("name", DOMAINS)
def test_fooling_inputs_are_sure_and_in_range(networks: Networks, name: str) -> None:
    model, domain = networks[name]
    target = Target(len(model.classes) - 1)
    found = explain(model, sample_of(domain), "fool", target, domain)
    assert found.value > (0.8 if name in ("image", "text") else 1.05 * found.baseline)  # two know nothing yet
    assert within(found.map, domain)


@pytest.mark.parametrize("kind", ["FGSM", "PGD", "random"])
def test_attacks_stay_within_epsilon_and_range(networks: Networks, kind: str) -> None:
    model, domain = networks["image"]
    data = domain.data.val_set
    x, _, y = domain.batch(data, domain.items(data, 30))
    step = 0.2 * domain.step(sample_of(domain))
    made = attack(model.network, x, y, kind, step, domain.bounds, 0)
    assert float(((made - x).abs() - step).max()) < 1e-5
    assert within(made, domain)
    right = model.network(x).argmax(1) == y
    turned = (model.network(made).argmax(1) != y)[right].float().mean()
    assert turned >= 0.9 if kind == "PGD" else turned <= 0.3 if kind == "random" else turned >= 0.5


def test_a_dream_raises_its_layer_and_style_lowers_its_loss(networks: Networks) -> None:
    model, domain = networks["image"]
    data = domain.data.val_set
    one, other = domain.example(data, 0), domain.example(data, 1)
    for layer in ("conv1", "conv2", "dense1"):
        found = explain(model, one, "dream", Target(0), domain, layer=layer)
        assert found.value >= 1.5 * found.baseline
        assert within(found.map, domain)
    found = explain(model, one, "style", Target(0), domain, style=other)
    assert found.value <= found.baseline / 5
    assert within(found.map, domain)
    for name in ("go", "text"):
        model, domain = networks[name]
        with pytest.raises(UserError, match="works on pictures and spectrograms"):
            explain(model, sample_of(domain), "dream", Target(0), domain)


def test_filters_are_the_weights_that_read_the_input(networks: Networks) -> None:
    model, domain = networks["text"]
    found = first_filters(model.network)
    assert [tuple(each.weight.shape) for each in found] == [(8, 1, 3, 12), (8, 1, 4, 12), (8, 1, 5, 12)]
    model, domain = networks["image"]
    with pytest.raises(UserError, match="layer=conv2: its filters read other layers' maps"):
        first_filters(model.network, "conv2")
    weight = explain(model, None, "filters", Target(0), domain).map
    assert torch.equal(weight, find_layer(model.network, "conv1").weight)


def test_explaining_leaves_the_network_as_it_was(networks: Networks) -> None:
    model, domain = networks["image"]
    find_layer(model.network, "conv1").requires_grad_()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    flags = [each.requires_grad for each in model.parameters()]
    for method in ("saliency", "fool", "dream"):
        explain(model, sample_of(domain), method, Target(0), domain)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert [each.requires_grad for each in model.parameters()] == flags
    model.requires_grad_(False)
    with pytest.raises(UserError, match="start=noize: did you mean 'noise'"):
        explain(model, None, "actmax", Target(0), domain, reals=Reals(model, domain, 9), start="noize")
    with pytest.raises(
        UserError, match="methods: must be names of methods, got 'salency'; did you mean 'saliency'"
    ):
        explain(model, sample_of(domain), "salency", Target(0), domain)
    options = dict.fromkeys(("start", "l1", "smooth", "seed"), False)
    assert METHODS["actmax"].options == {"reals": True} | options

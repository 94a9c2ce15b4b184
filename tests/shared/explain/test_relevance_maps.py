"""Maps of relevance equal Captum's, and agree with the network's own outputs."""

import numpy as np
import pytest
import torch
from captum.attr import (
    InputXGradient,
    IntegratedGradients,
    LayerGradCam,
    Occlusion,
    Saliency,
)
from scipy.stats import spearmanr

from domains.image.augment import Changes
from domains.image.data import ImagePreprocessing
from domains.image.explain import ImageDomain
from domains.image.module import ImageClassifier
from shared.errors import UserError
from shared.explain.adapter import InputAdapter, boxes
from shared.explain.checks.controls import randomised
from shared.explain.checks.relevance_maps import area, curves, foreground, nearest_places, rank_correlation
from shared.explain.explanation import Example
from shared.explain.method import explain
from shared.explain.methods.grad_cam import class_map, spread
from shared.explain.methods.saliency import STEPS, gradient, path_attribution
from shared.explain.units import Target, activations, last_maps, watched
from shared.network.build import build_network

Adapters = dict[str, InputAdapter]
DOMAINS = ("image", "go", "speech", "text")


def first(adapters: Adapters, name: str) -> tuple[InputAdapter, Example, Target]:
    domain = adapters[name]
    example = domain.example(domain.data.val_set, 40)
    return domain, example, Target(domain.answer(example))


@pytest.mark.parametrize("name", DOMAINS)
def test_gradient_maps_are_captum_s(adapters: Adapters, name: str) -> None:
    domain, example, target = first(adapters, name)
    x, blank = example.x[None].clone().requires_grad_(), domain.blank(example)[None]
    theirs = {
        "saliency": Saliency(domain.network).attribute(x, target.unit),
        "input_x_gradient": InputXGradient(domain.network).attribute(x, target.unit),
        "integrated_gradients": IntegratedGradients(domain.network).attribute(
            x, blank, target.unit, n_steps=STEPS
        ),
    }
    for method, their in theirs.items():
        ours = explain(domain, example, method, target)
        relevance = their[0].detach()
        strongest = relevance.abs().amax(domain.collapse, keepdim=True)
        wanted = strongest if method == "saliency" else domain.signed(relevance)
        torch.testing.assert_close(ours.map, wanted, rtol=1e-3, atol=1e-5)
        scores = domain.network(torch.cat([x, blank]).detach())[:, target.unit].tolist()
        assert [ours.value, ours.baseline] == pytest.approx(scores, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("name", ["image", "go", "text"])
def test_grad_cam_is_captum_s(adapters: Adapters, name: str) -> None:
    domain, example, target = first(adapters, name)
    for layer in last_maps(domain.network):
        module = domain.network.get_submodule(layer)
        wanted = LayerGradCam(domain.network, module).attribute(
            example.x[None].clone().requires_grad_(), target.unit, relu_attributions=True
        )
        with watched(domain.network, [layer]) as seen:
            score = domain.network(example.x[None].clone().requires_grad_())[0, target.unit]
        slope = torch.autograd.grad(score, seen[layer].output)[0]
        torch.testing.assert_close(class_map(seen[layer], slope), wanted[0].detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("size", "stride"), [((5, 4), (3, 3)), ((6, 6), (6, 6)), ((1, 28), (1, 28))])
def test_occlusion_is_captum_s(
    adapters: Adapters, size: tuple[int, int], stride: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    domain, example, target = first(adapters, "image")
    monkeypatch.setattr(domain, "regions", lambda each: {"boxes": boxes((28, 28), size, stride)})
    wanted = Occlusion(domain.network).attribute(
        example.x[None], (1, *size), (1, *stride), domain.blank(example)[None], target.unit
    )
    ours = explain(domain, example, "occlusion", target).map
    torch.testing.assert_close(ours, wanted[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", DOMAINS)
def test_gradients_are_central_differences(adapters: Adapters, name: str) -> None:
    domain, example, target = first(adapters, name)
    random = torch.Generator().manual_seed(0)
    x = example.x.double()
    x = x + 0.1 * torch.randn(x.shape, generator=random, dtype=x.dtype)  # without ties in max-pooling
    network = domain.network.double()
    try:
        slope = gradient(network, target, x[None])[0].flatten()
        for place in torch.randperm(x.numel(), generator=random)[:20].tolist():
            step = torch.zeros(x.numel(), dtype=x.dtype)
            step[place] = 1e-7
            up, down = (float(target.score(network, (x + sign * step.view_as(x))[None])) for sign in (1, -1))
            assert float(slope[place]) == pytest.approx((up - down) / 2e-7, abs=1e-6)
    finally:
        network.float()


def test_occlusion_covers_every_region_once_in_batches_of_bounded_size(
    adapters: Adapters, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain, example, target = first(adapters, "image")
    sizes: list[int] = []
    kept = domain.keep
    monkeypatch.setattr(domain, "keep", lambda given, masks: sizes.append(len(masks)) or kept(given, masks))
    explanation = explain(domain, example, "occlusion", target)
    assert sum(sizes) == int(str(explanation.meta["regions"]).split()[0]) == 169
    assert max(sizes) <= 64
    assert "grey" in explanation.meta["filled in"]
    message = "regions: must be one of boxes, got boxen; did you mean 'boxes'"
    with pytest.raises(UserError, match=message):
        explain(domain, example, "occlusion", target, regions="boxen")


def test_a_unit_is_explained_like_a_class(adapters: Adapters) -> None:
    domain, example, _ = first(adapters, "image")
    target = Target(int(activations(domain.network, "conv1", example.x[None]).total.argmax()), "conv1")
    fall = explain(domain, example, "occlusion", target)
    assert fall.value == pytest.approx(float(target.score(domain.network, example.x[None])))
    assert float(fall.map.abs().max()) > 0
    with pytest.raises(UserError, match=r"layer: must come before conv1 unit \d+, got conv2"):
        explain(domain, example, "grad_cam", target, layer="conv2")


@pytest.mark.parametrize(
    ("collapse", "size"), [((0,), (1, 28, 28)), ((0, 2), (1, 28, 1)), ((0, 1), (1, 1, 28))]
)
def test_grad_cam_keeps_the_axes_that_carry_a_place(
    adapters: Adapters, collapse: tuple[int, ...], size: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    domain, example, target = first(adapters, "image")
    monkeypatch.setattr(type(domain), "collapse", collapse)
    relevance = explain(domain, example, "grad_cam", target).map
    assert relevance.shape == size
    assert float(relevance.std()) > 0


def test_maps_are_interpolated_between_the_centres_of_receptive_fields() -> None:
    layers = [{"conv": {"filters": 1, "kernel": 3, "stride": 2}}, "flatten", {"dense": "classes"}]
    network = build_network(layers, 1, (7, 7), 2)
    with watched(network, ["conv1"]) as seen:
        network(torch.zeros(1, 1, 7, 7))
    cells = torch.arange(9.0).view(1, 3, 3)
    placed = spread(seen["conv1"], cells, (7, 7))
    assert placed[1::2, 1::2].tolist() == cells[0].tolist()  # the centres are 1, 3 and 5
    assert placed[2, 1] == 1.5
    assert placed[0, 0] == 0.0


def test_the_path_adds_up_to_the_difference_of_the_scores(adapters: Adapters) -> None:
    domain, example, target = first(adapters, "go")
    blank = domain.blank(example)
    whole = path_attribution(domain.network, target, example.x, blank)
    scores = target.score(domain.network, torch.stack([example.x, blank]))
    assert float(whole.sum()) == pytest.approx(float(scores[0] - scores[1]), rel=0.02)


def test_the_true_order_has_the_best_curves_in_a_network_without_maps(adapters: Adapters) -> None:
    domain = adapters["image"]
    random = torch.Generator().manual_seed(0)
    weight = torch.randn(28, 28, generator=random)
    model = ImageClassifier(
        model={"layers": ["flatten", {"dense": "classes"}]}, planes=1, extent=(28, 28),
        classes=["sum", "zero"], optimizer={}, schedule={},
        preprocessing=ImagePreprocessing([0.0], [1.0], Changes(shift=0, flip=False, cutout=0)),
    ).requires_grad_(False)  # fmt: skip
    dense = model.network.get_submodule("dense1")
    dense.weight.copy_(torch.stack([weight.flatten() / 20, torch.zeros(784)]))
    dense.bias.zero_()
    adapter, example = ImageDomain(model, domain.data), Example(torch.ones(1, 28, 28), "ones")
    with pytest.raises(UserError, match="grad_cam: no layer with weights gives a map"):
        explain(adapter, example, "grad_cam", Target(0))
    areas = {
        name: [area(curve) for curve in curves(adapter, example, 0, order)]
        for name, order in {
            "true": weight,
            "false": -weight,
            "none": torch.rand(28, 28, generator=random),
        }.items()
    }
    deleted, inserted = ({name: area[i] for name, area in areas.items()} for i in (0, 1))
    assert deleted["true"] < deleted["none"] < deleted["false"]
    assert inserted["true"] > inserted["none"] > inserted["false"]


def test_maps_of_randomised_weights_are_others(adapters: Adapters) -> None:
    domain, example, target = first(adapters, "image")
    places = foreground(domain, example)
    assert 30 < int(places.sum()) < 600  # the digit without its black background
    other = randomised(domain.network, 0)
    for mine, theirs in zip(domain.network.parameters(), other.parameters(), strict=True):
        assert not torch.equal(mine, theirs)
    before = explain(domain, example, "input_x_gradient", target).map[0][places]
    trained, domain.module.network = domain.network, other
    try:
        after = explain(domain, example, "input_x_gradient", target).map[0][places]
    finally:
        domain.module.network = trained
    assert abs(rank_correlation(before, after)) <= 0.4  # for one picture; the check averages many
    a, b = np.random.default_rng(0).integers(0, 5, (2, 40)).astype(float)
    ours = rank_correlation(torch.from_numpy(a), torch.from_numpy(b))
    assert ours == pytest.approx(spearmanr(a, b).statistic)
    assert rank_correlation(torch.zeros(4), torch.arange(4.0)) == 0.0
    one = torch.ones(4, 1, dtype=torch.bool)
    assert nearest_places(one, torch.ones(2, 1, dtype=torch.bool)).tolist() == [0, 0, 1, 1]

"""Random changes of training pictures."""

import math

import numpy as np
import pytest
import torch

from domains.image.augment import Changes, change, check, cut_out, move, thicken, views, warp
from shared.commands.evaluate import test as evaluate_test
from shared.config.cli import compose
from shared.errors import UserError
from shared.training.data import Draw
from shared.training.setup import build_data, build_module, build_trainer


def ramp(n: int, side: int = 8) -> torch.Tensor:
    """Pictures in which every pixel has a value of its own."""
    return torch.arange(side * side, dtype=torch.uint8).view(1, 1, side, side).repeat(n, 3, 1, 1)


def test_every_shift_and_both_mirrors_come_up_and_no_other() -> None:
    torch.manual_seed(0)
    x = ramp(2000)
    seen = {tuple(picture[0].flatten().tolist()) for picture in move(x, 1, True)}
    places = torch.arange(10) - 1
    rows = places.abs().minimum(14 - places)  # mirrored at the edge: 1 0 1 … 7 6
    expected = set()
    for down in range(3):
        for right in range(3):
            shifted = x[0, 0][rows[down : down + 8]][:, rows[right : right + 8]]
            expected |= {tuple(shifted.flatten().tolist()), tuple(shifted.flip(1).flatten().tolist())}
    assert len(expected) == 18
    assert seen == expected


def test_all_channels_move_alike_and_nothing_moves_by_default() -> None:
    torch.manual_seed(1)
    moved = move(ramp(50), 3, True)
    assert moved.dtype == torch.uint8
    assert torch.equal(moved[:, 0], moved[:, 1])
    assert torch.equal(moved[:, 0], moved[:, 2])
    assert torch.equal(move(ramp(50), 0, False), ramp(50))


def test_half_are_mirrored() -> None:
    torch.manual_seed(2)
    mirrored = (move(ramp(4000), 0, True)[:, 0, 0, 0] == 7).double().mean()
    assert mirrored == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("side", [1, 4, 5, 8])
def test_a_square_is_hidden(side: int) -> None:
    torch.manual_seed(3)
    hidden = cut_out(torch.ones(500, 2, 8, 8), side) == 0
    assert torch.equal(hidden[:, 0], hidden[:, 1])
    sides = {(int(mask.any(1).sum()), int(mask.any(0).sum())) for mask in hidden[:, 0]}
    assert max(sides) == (side, side)
    assert all(int(mask.sum()) == int(mask.any(1).sum() * mask.any(0).sum()) for mask in hidden[:, 0])
    assert hidden[:, 0].any(0).all()  # every place is hidden sometimes
    if side > 1:
        assert min(sides) < (side, side)  # it may stand half outside


def line(width: int, n: int = 1) -> torch.Tensor:
    """Pictures of a bright vertical line."""
    x = torch.zeros(n, 1, 16, 16, dtype=torch.uint8)
    x[..., 8 - width // 2 : 8 + (width + 1) // 2] = 200
    return x


def test_lines_become_wider_and_narrower_by_the_pixels_of_the_setting() -> None:
    torch.manual_seed(0)
    for wider, width in ((1, 5), (2, 7), (-1, 1)):
        assert torch.equal(thicken(line(3), wider, wider), line(width))
    half = thicken(line(3), 0.5, 0.5)[0, 0, 0].tolist()
    assert half == [0] * 6 + [100, 200, 200, 200, 100] + [0] * 5
    widths = thicken(line(5, 400), -1, 1.5)[:, 0, 0].float().sum(1) / 200
    assert widths.min() == pytest.approx(3, abs=0.1)
    assert widths.max() == pytest.approx(8, abs=0.1)


def test_a_picture_is_rotated_slanted_and_scaled_within_the_limits() -> None:
    torch.manual_seed(0)
    bar = line(2, 300)
    assert torch.equal(warp(bar, 0, 0, 0), bar)
    turned = warp(bar, 90, 0, 0)
    level = turned[:, 0, 7:9].float().mean((1, 2))  # a line at 90 degrees lies in the two middle rows
    assert level.max() > 190
    across = warp(bar, 0, 0.5, 0)[:, 0, 8].float().sum(1) / 200
    assert across.min() == pytest.approx(1, abs=0.1)
    assert across.max() == pytest.approx(3, abs=0.1)
    slanted = warp(bar, 0, 0, 40)[:, 0].float()
    places = (slanted * torch.arange(16)).sum(2) / slanted.sum(2)
    lean = (places[:, 2] - places[:, 13]) / 11
    assert lean.abs().max() == pytest.approx(math.tan(math.radians(40)), abs=0.05)
    assert lean.min() < -0.7
    assert lean.max() > 0.7
    torch.testing.assert_close(places[:, 7:9].mean(1), torch.full((300,), 7.5))


def test_half_of_the_pictures_are_negatives() -> None:
    torch.manual_seed(0)
    settings = Changes(shift=0, flip=False, cutout=0, invert=True)
    x = line(2, 1000)
    changed = change(x, settings)
    negatives = changed[:, 0, 0, 0] == 255
    assert negatives.double().mean() == pytest.approx(0.5, abs=0.05)
    assert torch.equal(changed[~negatives], x[~negatives])
    assert torch.equal(changed[negatives], 255 - x[negatives])


def test_what_is_switched_off_draws_no_random_number() -> None:
    off = Changes(shift=0, flip=False, cutout=0, invert=False, stroke=None, rotate=0, scale=0, slant=0)
    x, before = ramp(3), torch.get_rng_state()
    assert change(x, off) is x
    assert torch.equal(torch.get_rng_state(), before)
    older = Changes(shift=2, flip=True, cutout=0)
    torch.manual_seed(5)
    changed = change(x, older)
    torch.manual_seed(5)
    assert torch.equal(changed, move(x, 2, True))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("invert", 1), ("rotate", 181), ("rotate", -1), ("scale", 1), ("slant", 90),
        ("stroke", [1, 0]), ("stroke", [1]), ("stroke", 1), ("stroke", [-99, 0]),
    ],
)  # fmt: skip
def test_impossible_drawings_are_refused(key: str, value: object) -> None:
    settings = {"shift": 2, "flip": False, "cutout": 0}
    with pytest.raises(UserError, match=rf"data\.augment\.{key}: must be .*, got "):
        check(settings | {key: value}, 28)


@pytest.mark.parametrize(
    ("key", "value"),
    [("shift", -1), ("shift", 28), ("shift", 1.5), ("shift", True), ("cutout", 29), ("flip", 1)],
)
def test_impossible_changes_are_refused(key: str, value: object) -> None:
    settings = {"shift": 2, "flip": False, "cutout": 0}
    check(settings, 28)
    with pytest.raises(UserError, match=rf"(?i)data\.augment\.{key}: must be .*, got {value}"):
        check(settings | {key: value}, 28)


def test_views_of_a_picture() -> None:
    x = ramp(1, 4)
    ((weight, same),) = views(x, 1)
    assert weight == 1
    assert same is x
    (_, plain), (_, mirrored) = views(x, 2)
    assert torch.equal(plain, x)
    assert torch.equal(mirrored, x.flip(3))
    six = views(x, 6)
    assert [weight for weight, _ in six] == [0.25, 0.25, 0.125, 0.125, 0.125, 0.125]
    down_right, up_left = six[2][1], six[4][1]
    assert torch.equal(down_right[:, :, 1:, 1:], x[:, :, :3, :3])
    assert torch.equal(down_right[:, :, 0, 1:], x[:, :, 1, :3])  # the edge, mirrored
    assert torch.equal(up_left[:, :, :3, :3], x[:, :, 1:, 1:])
    assert torch.equal(six[5][1], up_left.flip(3))


@pytest.mark.parametrize("number", [1, 2, 6])
def test_testing_takes_the_mean_over_the_views_of_the_setting(number: int) -> None:
    exact = "trainer.precision=32-true"
    config = compose("train", ["domain=image", "model=image/tiny", f"data.test_views={number}", exact])
    data = build_data(config)
    data.setup()
    module = build_module(config, data).eval()
    columns = evaluate_test(build_trainer(config, None, []), module, data, None).columns
    x = torch.from_numpy(data.test_set[Draw(np.arange(len(columns["item"])), None)]["x"])
    module.views = 1
    with torch.inference_mode():
        weighted = torch.stack([weight * module.logits({"x": view}) for weight, view in views(x, number)])
    confidence = weighted.sum(0).softmax(1).amax(1).numpy()
    assert columns["confidence"] == pytest.approx(confidence, rel=1e-4)
    if number > 1:
        alone = module.logits({"x": x}).softmax(1).amax(1).detach().numpy()
        assert np.abs(columns["confidence"] - alone).max() > 1e-3

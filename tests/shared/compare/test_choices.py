"""What a design is, in what two differ, and claims that have more than one cause."""

import json
from typing import Any

import pytest
import torch

from shared.compare.choices import CHOICES, cause, check_one_cause, describe, differences
from shared.compare.spec import Part
from shared.config.cli import compose
from shared.config.project import plain
from shared.errors import UserError
from shared.network.build import build_network

SHAPES = {"image": (1, (28, 28)), "go": (48, (19, 19)), "speech": (1, (40, None)), "text": (1, (None, 128))}


def described(*overrides: str, channels: int | None = None) -> dict[str, Any]:
    config = compose("train", list(overrides))
    own, size = SHAPES[config.domain.name]
    classes = 361 if config.domain.name == "go" else 10
    with torch.device("meta"):
        network = build_network(plain(config.model)["layers"], channels or own, size, classes)
    return describe(network)


def of(*layers: Any, size: tuple = (12, 12), channels: int = 2) -> dict[str, Any]:
    flat = [] if "flatten" in layers else ["flatten"]
    with torch.device("meta"):
        return describe(build_network([*layers, *flat, {"dense": "classes"}], channels, size, 3))


def conv(filters: int = 8, kernel: object = 3, pad: str = "zeros", **more: object) -> dict:
    return {"conv": {"filters": filters, "kernel": kernel, "pad": pad, **more}}


PLAIN = [conv(), conv()]
POOLED = [conv(), {"pool": 2}, conv()]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (PLAIN, [conv(4), conv(4)], {}),  # widths are no choice
        (PLAIN, [conv(8), conv(9)], {}),
        (PLAIN, [conv(4), conv(16)], {"filter order": "constant against growing"}),
        ([conv(4), conv(16)], [conv(16), conv(4)], {"filter order": "growing against shrinking"}),
        (PLAIN, [conv(4), conv(9), conv(4)], {"filter order", "layers"}),
        (PLAIN, [conv(pad="reflect"), conv(pad="reflect")], {"padding": "zeros against reflect"}),
        (PLAIN, [conv(pad="none"), conv(pad="none")], {"padding", "map size"}),
        (
            PLAIN,
            [conv(pad="none"), conv(pad="none"), {"pad": 12}],
            {"padding": "zeros against none, padded to 12×12"},
        ),
        (PLAIN, POOLED, {"pooling": "none against max 2×2 after 1", "map size": "12×12 against 6×6"}),
        (
            PLAIN,
            [conv(), {"pool": 2}, {"upsample": 2}, conv()],
            {"pooling": "none against max 2×2 after 1, enlarged to 12×12 after 1"},
        ),
        (
            PLAIN,
            [conv(), {"pool": {"kernel": 3, "stride": 1, "pad": True}}, conv()],
            {"pooling": "none against max 3×3 at stride 1×1 padded after 1"},
        ),
        (POOLED, [conv(), {"pool": {"kernel": 2, "type": "avg"}}, conv()], {"pooling"}),
        (POOLED, [conv(), conv(), {"pool": 2}], {"pooling"}),
        (PLAIN, [conv(kernel=5), conv()], {"kernel": "3×3 (2 times) against 5×5, 3×3"}),
        (PLAIN, [conv(kernel=[3, 1]), conv()], {"kernel"}),
        (PLAIN, [conv(stride=2), conv()], {"kernel", "map size"}),
        (PLAIN, [conv(), conv(), conv()], {"layers": "conv (2 times) against conv (3 times)"}),
        (PLAIN, [{"residual": PLAIN}], {"layers", "activation"}),
        (PLAIN, [conv(norm="batch"), conv()], {"norm"}),
        (PLAIN, [conv(activation="gelu"), conv(activation="gelu")], {"activation"}),
        (PLAIN, [conv(bias="position"), conv()], {"bias"}),
        (PLAIN, [{"halve": [1, 2]}, *PLAIN], {"input": "12×12 against 12×12, halve axes [1, 2]"}),
        ([{"permute": {"axis": 1}}, *PLAIN], [{"permute": {"axis": 1, "seed": 1}}, *PLAIN], {"input"}),
        (PLAIN, [*PLAIN, {"dropout": 0.2}], {"dropout": "none against 0.2"}),
        (PLAIN, [*PLAIN, "flatten", {"dense": 9}], {"head"}),
        (PLAIN, ["flatten", {"dense": 9}, {"dense": 9}], {"slides along": "both axes against nothing"}),
        (POOLED, ["flatten", {"dense": 9}], {"slides along"}),
        (PLAIN, [{"halve": 1}, "flatten", {"dense": 9}], {"slides along", "input"}),
        (PLAIN, ["flatten", {"dense": {"units": 9, "norm": "batch"}}], {"slides along", "norm"}),
    ],
)
def test_two_designs_differ_in(a: list, b: list, expected: dict[str, str] | set[str]) -> None:
    differing = differences(of(*a), of(*b))
    assert (differing if isinstance(expected, dict) else set(differing)) == expected
    assert set(differences(of(*b), of(*a))) == set(differing)


@pytest.mark.parametrize(
    ("domain", "other", "expected"),
    [
        ("image", ["model=image/dense"], {"slides along"}),
        ("image", ["model.pool=none"], {"pooling", "map size"}),
        ("image", ["model.pad=zeros", "model.filters=[6,50]"], {"padding", "map size"}),
        ("go", ["model=go/dense"], {"slides along"}),
        ("go", ["model.depth=4"], {"layers"}),
        ("speech", ["model=speech/time"], {"slides along"}),
        ("speech", ["model=speech/dense"], {"slides along"}),
        ("speech", ["model=speech/pooled"], {"sequence"}),
        ("speech", ["model=speech/both"], {"slides along", "pooling", "map size"}),  # it pools 4, the other 3
        ("text", ["model=text/both"], {"slides along"}),
        ("text", ["model=text/dense"], {"slides along"}),
        ("text", ["model=text/phrases"], {"pooling", "kernel", "dropout"}),
    ],
)
def test_designs_of_the_domains_differ_in(domain: str, other: list[str], expected: set[str]) -> None:
    a, b = described(f"domain={domain}"), described(f"domain={domain}", *other)
    assert set(differences(a, b)) == expected


def test_padding_of_filters_that_see_one_cell_is_none() -> None:
    def ended(pad: str) -> dict[str, Any]:
        last = {"conv": {"filters": 1, "kernel": 1, "pad": pad, "bias": "position"}}
        with torch.device("meta"):
            return describe(build_network([conv(pad=pad), last, "flatten"], 2, (3, 3), 9))

    assert set(differences(ended("zeros"), ended("circular"))) == {"padding"}


def test_planes_are_the_channels_of_the_input() -> None:
    few, many = described("domain=go", channels=4), described("domain=go")
    assert differences(few, many) == {"planes": "4 against 48"}


def test_a_description_is_plain_json_with_the_size_of_each_layer() -> None:
    image = described("domain=image")
    assert json.loads(json.dumps(image)) == image
    assert (image["params"], image["flops"]) == (137_660, 3_278_700)
    assert image["size"] == [28, 28]
    first, pool, *_, last = image["layers"]
    assert (first["kind"], first["kernel"], first["channels"], first["map"]) == ("conv", [3, 3], 25, [26, 26])
    assert (first["params"], first["flops"]) == (250, 304_200)
    assert (pool["pooling"], pool["stride"]) == ("max", [2, 2])
    assert last["logits"]
    assert last["map"] is None
    assert sum(layer["params"] for layer in image["layers"]) == image["params"]


def part(differs: str | None, **more: Any) -> Part:
    return Part(better="plain", than="other", tasks=["digits"], differs=differs, **more)


def check(differs: str | None, *other: Any, beside: dict[str, str] | None = None, **more: Any) -> None:
    check_one_cause(part(differs, **more), "claims[0], digits", of(*PLAIN), of(*other), beside or {})


def test_a_claim_names_the_one_choice_that_differs() -> None:
    reflect = [conv(pad="reflect"), conv(pad="reflect")]
    check("padding", *reflect)
    check("optimizer.lr", *PLAIN, beside={"optimizer.lr": "1 against 2"})
    check("planes", *PLAIN, beside={"model.planes": "a against b"})
    check("pooling and map size", *POOLED, equal=[])
    place = "claims[0], digits, plain and other: "
    for differs, other, beside, message in (
        ("pooling", reflect, {}, "got pooling; they differ in padding (zeros against reflect)"),
        (None, reflect, {}, "got none; they differ in padding"),
        ("padding", PLAIN, {}, "got padding; they differ in nothing"),
        (
            "pooling",
            POOLED,
            {},
            "got pooling; they differ in pooling (none against max 2×2 after 1); map size",
        ),
        ("map size and pooling", POOLED, {}, "got map size and pooling"),
        (
            "padding",
            reflect,
            {"data.augment": "1 against 2"},
            "differ in data.augment (1 against 2); padding",
        ),
        ("padding and kernel", [conv(pad="reflect", kernel=5), conv(pad="reflect")], {}, "kernel (3×3"),
    ):
        with pytest.raises(UserError) as error:
            check(differs, *other, beside=beside, equal=[])
        assert str(error.value).startswith(
            place + "differs: must name the one choice in which the two differ"
        )
        assert message in str(error.value)


def test_equal_sizes_are_within_two_percent() -> None:
    a, b = [conv(100), conv(100)], [conv(100, pad="reflect"), conv(104, pad="reflect")]
    c = [conv(100, pad="reflect"), conv(101, pad="reflect")]

    def compared(other: list, **more: Any) -> None:
        check_one_cause(part("padding", **more), "claims[0]", of(*a), of(*other), {})

    compared(c)
    with pytest.raises(UserError, match="parameters: must differ by at most 2 %, got 135,203 and 140"):
        compared(b)
    with pytest.raises(UserError, match="flops: must differ by at most 2 %"):
        compared(b, equal=["flops"])
    compared(b, equal=[])
    compared(b, parameters=0.99)


def test_a_cause_has_no_other_beside_what_follows_from_it() -> None:
    assert cause({"padding": ""}) == "padding"
    assert cause({"map size": "", "pooling": ""}) == "pooling"
    assert cause({"head": "", "pooling": ""}) is None
    assert cause({}) is None
    assert all(choice in CHOICES for choice in ("padding", "map size"))

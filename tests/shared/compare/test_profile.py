"""Facts of a network: the lecture's table of design choices, size and latency."""

import pytest
import torch

from shared.compare.profile import choices, facts, latency
from shared.config.cli import compose
from shared.config.project import plain
from shared.network.build import build_network
from shared.training.setup import build_data, build_module

SHAPES = {"image": (1, (28, 28)), "go": (48, (19, 19)), "speech": (1, (40, None)), "text": (1, (None, 128))}


@pytest.mark.parametrize(
    ("overrides", "along", "padding", "pooling"),
    [
        (["domain=image"], "both axes", "none", "max"),
        (["domain=go"], "both axes", "zeros", "none"),
        (["domain=speech"], "axis 1", "none", "max"),
        (["domain=text"], "axis 1", "none", "max"),
        (["domain=image", "model=image/dense"], "nothing", "none", "none"),
        (["domain=image", "model.pad=zeros", "model.pool=none"], "both axes", "zeros", "none"),
        (["domain=go", "model=go/unpadded"], "both axes", "none", "none"),
        (["domain=go", "model=go/pooled"], "both axes", "zeros", "max"),
        (["domain=speech", "model=speech/time"], "axis 2", "none", "max"),
        (["domain=speech", "model=speech/both"], "both axes", "none", "max"),
        (["domain=text", "model=text/both"], "both axes", "none", "max"),
        (["domain=text", "model=text/phrases"], "axis 1", "none", "both"),
    ],
)
def test_choices_are_those_of_the_lecture(
    overrides: list[str], along: str, padding: str, pooling: str
) -> None:
    config = compose("train", overrides)
    channels, size = SHAPES[config.domain.name]
    classes = 361 if config.domain.name == "go" else 2
    with torch.device("meta"):
        network = build_network(plain(config.model)["layers"], channels, size, classes)
    assert choices(network) == {"slides along": along, "padding": padding, "pooling": pooling}


def test_facts_have_the_networks_size_and_the_time_of_an_answer() -> None:
    config = compose("train", ["domain=image", "trainer.accelerator=cpu", "trainer.precision=32-true"])
    measured = facts(config)
    assert (measured["params"], measured["flops"]) == (137_660, 3_278_700)
    assert 1e-6 < measured["latency"] < 1
    assert measured["accelerator"] == "cpu"


def test_a_larger_network_takes_longer_to_answer() -> None:
    def seconds(units: int) -> float:
        config = compose("train", ["domain=image", "model=image/dense", f"model.units={units}"])
        data = build_data(config)
        data.setup()
        return latency(build_module(config, data).eval(), data, half=False)

    assert seconds(4000) > 2 * seconds(10)

"""Facts of a network: the lecture's table of design choices, size and latency."""

from shared.compare.choices import describe
from shared.compare.profile import Networks, latency
from shared.config.cli import compose
from shared.training.setup import build_data, build_module


def test_facts_have_the_networks_size_without_a_training_of_it() -> None:
    described = describe(Networks().build(compose("train", ["domain=image"])))
    assert (described["params"], described["flops"]) == (137_660, 3_278_700)


def test_a_larger_network_takes_longer_to_answer() -> None:
    def seconds(units: int) -> float:
        config = compose("train", ["domain=image", "model=image/dense", f"model.units={units}"])
        data = build_data(config)
        data.setup()
        return latency(build_module(config, data).eval(), data, half=False)

    assert seconds(4000) > 2 * seconds(10)

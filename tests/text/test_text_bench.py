from domains.text.bench import bench
from domains.text.data import TextData
from shared.assemble import build_data
from shared.cli import compose


def test_the_loader_and_the_bare_network_are_timed() -> None:
    data = build_data(compose("train", ["domain=text", "data.epoch_size=200"]))
    assert isinstance(data, TextData)
    data.setup()
    found = bench(data, 1000.0)
    assert found["loader sentences/s"] > found["bare Kim 2014 sentences/s"] > 100
    assert found["suite / bare Kim 2014, seconds"] == found["bare Kim 2014 sentences/s"] / 1000

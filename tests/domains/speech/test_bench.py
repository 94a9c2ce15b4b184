from pathlib import Path

from domains.speech.bench import bench
from domains.speech.data import SpeechData
from domains.speech.module import SpeechClassifier
from shared.config.cli import compose
from shared.training.setup import build_data, build_module
from tests.domains.speech.sounds import write_words


def test_the_preprocessing_is_timed_beside_speech_and_a_training_step(tmp_path: Path) -> None:
    words = ["domain=speech", "data=speech/folder", f"data.path={write_words(tmp_path / 'in')}"]
    config = compose("train", [*words, f"data.cache={tmp_path / 'cache'}"])
    data = build_data(config)
    data.setup()
    module = build_module(config, data)
    assert isinstance(data, SpeechData)
    assert isinstance(module, SpeechClassifier)
    metrics = bench(module, data, 100.0)
    assert metrics["preprocessing, s of sound / CPU s"] > 0
    assert metrics["preprocessing / training step"] > 0

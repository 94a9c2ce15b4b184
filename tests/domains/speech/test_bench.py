from pathlib import Path

from domains.speech.bench import bench
from domains.speech.module import SpeechClassifier
from shared.config.cli import compose
from shared.training.setup import build_module
from tests.domains.speech.sounds import ready, write_words


def test_the_preprocessing_is_timed_beside_speech_and_a_training_step(tmp_path: Path) -> None:
    words = ["data=speech/folder", f"data.path={write_words(tmp_path / 'in')}"]
    data = ready(*words)
    module = build_module(compose("train", ["domain=speech", *words]), data)
    assert isinstance(module, SpeechClassifier)
    metrics = bench(module, data, 100.0)
    assert metrics["preprocessing, s of sound / CPU s"] > 0
    assert metrics["preprocessing / training step"] > 0

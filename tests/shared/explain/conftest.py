"""One small network a domain, made once."""

from pathlib import Path

import pytest

from shared.classifier import Classifier
from shared.explain.domain import Domain
from shared.run import Run
from tests.networks import WORDS, make_run, opened

STEPS = {"image": 60, "go": 2, "speech": 0, "text": 60}


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    folder: Path = tmp_path_factory.mktemp("runs")
    return {name: make_run(folder, *words, steps=STEPS[name]) for name, words in WORDS.items()}


@pytest.fixture(scope="session")
def networks(runs: dict[str, Run]) -> dict[str, tuple[Classifier, Domain]]:
    return {name: opened(run) for name, run in runs.items()}

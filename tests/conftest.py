"""Fixtures of all tests."""

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from shared.explain.adapter import InputAdapter
    from shared.runs.run import Run

sys.path.append(str(Path(__file__).parents[1] / "scripts"))  # where a script finds _start
# Set before torch is imported: with networks this small, a second thread only costs time.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")


def pytest_configure(config: pytest.Config) -> None:
    """Let the fuzzers print their seeds whatever is captured."""
    from tests import fuzzing

    fuzzing.capture = config.pluginmanager.getplugin("capturemanager")


@pytest.fixture(scope="session", autouse=True)
def readable() -> None:
    """No figure of any test has letters under 9 points: it is shown as large as it is."""
    from matplotlib.text import Text

    draw = Text.draw

    def checked(text: Text, *args: Any, **more: Any) -> None:
        small = text.get_visible() and text.get_text().strip() and text.get_fontsize() < 9
        assert not small, f"{text.get_text()!r} has {text.get_fontsize()} points"
        draw(text, *args, **more)

    Text.draw = checked  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> "dict[str, Run]":
    """A run of a small network for each domain."""
    from tests.networks import STEPS, WORDS, make_run

    folder = tmp_path_factory.mktemp("runs")
    return {name: make_run(folder, *words, steps=STEPS[name]) for name, words in WORDS.items()}


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> "Run":
    """A run of Go by the smallest training; tests that change it use ``trained_copy``."""
    from shared.commands.train import train
    from shared.config.cli import compose
    from shared.runs.run import Run
    from tests.commands import TINY

    words = [*TINY, f"runs={tmp_path_factory.mktemp('trained')}", "trainer.enable_progress_bar=false"]
    return Run.open(train(compose("train", words))["run"])


@pytest.fixture
def trained_copy(trained: "Run", tmp_path: "Path") -> "Run":
    """A copy of that run, which a test may damage."""
    from shared.runs.run import Run

    return Run.open(shutil.copytree(trained.folder, tmp_path / "copy" / trained.folder.name))


@pytest.fixture(scope="session")
def adapters(runs: "dict[str, Run]") -> "dict[str, InputAdapter]":
    """The adapters that explain these networks."""
    from tests.networks import opened

    return {name: opened(run) for name, run in runs.items()}

"""Foreign inputs are less familiar than test items: see docs/results.md for networks trained on more."""

from pathlib import Path

import pytest

from shared.commands.answering import Answers, answers
from shared.commands.train import train
from shared.config.cli import compose
from shared.runs.run import Run
from shared.training.familiarity import Record
from shared.training.setup import build_data, load_module
from tests import foreign
from tests.unlike import area, of_test, pictures, sentences

QUIET = ["trainer.accelerator=cpu", "trainer.precision=32-true", "trainer.enable_progress_bar=false"]


@pytest.mark.slow
@pytest.mark.parametrize("domain", ["image", "text"])
def test_the_area_under_the_curve_is_at_least_nine_tenths(domain: str, tmp_path: Path) -> None:
    words = [f"domain={domain}", f"runs={tmp_path}", "trainer.max_epochs=4", *QUIET]
    run = Run.open(train(compose("train", words))["run"])
    module, data = load_module(run), build_data(run.config)
    data.setup()
    module.record = Record.read(run, module)
    own, _, _ = of_test(module, data)
    batches = pictures(module, "clothes") if domain == "image" else sentences(module, foreign.SENTENCES)
    strange = Answers.joined([answers(module, batch) for batch in batches])
    assert area(strange.familiar, own.familiar) >= 0.9
    assert own.unlike.mean() <= 0.1
    assert strange.unlike.mean() >= 0.5

"""The bundled dataset: the order of the words decides."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from domains.text.data import TextData
from domains.text.reading.files import read_sentences
from domains.text.reading.lines import Form
from scripts.samples.text import main
from shared.config.cli import compose
from shared.training.setup import build_data
from tests.commands import command, run_folder

SAMPLE = Path(__file__).parents[3] / "domains/text/sample/opinions.zip"


@pytest.fixture(scope="module")
def data() -> TextData:
    made = build_data(compose("train", ["domain=text"]))
    made.setup()
    assert isinstance(made, TextData)
    return made


def test_the_script_writes_the_same_file_and_no_two_sentences_are_alike(tmp_path: Path) -> None:
    dataset = read_sentences(SAMPLE, Form())
    assert len(dataset.texts) == len(set(dataset.texts)) == 3600
    assert dataset.labels.count("praise") == 1800
    main(["--archive", str(tmp_path / "again.zip")])
    again = read_sentences(tmp_path / "again.zip", Form())
    assert (again.texts, again.labels) == (dataset.texts, dataset.labels)
    assert SAMPLE.stat().st_size < 60_000


def test_the_words_without_their_order_predict_badly(data: TextData) -> None:
    counter = CountVectorizer(analyzer=lambda ids: ids.tolist())
    x, of_test = counter.fit_transform(data.train_set.ids), counter.transform(data.test_set.ids)
    predicted = LogisticRegression(max_iter=1000).fit(x, data.train_set.y).predict(of_test)
    assert 0.5 < (predicted == data.test_set.y).mean() < 0.8
    assert data.baselines(np.arange(len(data.test_set)))["naive Bayes + SVM"].mean() < 0.8


@pytest.mark.slow
@pytest.mark.parametrize(("model", "low", "high"), [("sequence", 0.95, 1.0), ("dense", 0.5, 0.8)])
def test_filters_over_adjacent_words_learn_the_order_and_a_mean_of_words_does_not(
    model: str, low: float, high: float, tmp_path: Path
) -> None:
    folder = run_folder(command("train", "domain=text", f"model=text/{model}", cwd=tmp_path))
    assert low < json.loads((folder / "metrics.json").read_text())["test/acc"] <= high

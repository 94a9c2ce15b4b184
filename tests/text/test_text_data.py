"""Sentences as batches: splits, vocabulary, channels, and what the summary says."""

import os
from pathlib import Path

import numpy as np
import pytest

from domains.text.data import Batches, TextData
from shared.assemble import build_data
from shared.cli import compose
from shared.data import Draw
from shared.errors import UserError

REAL = os.environ.get("CONVOLUTIONS_DATA")
SENTENCES = [
    f"{label} {word} number{n}" for n in range(60) for label, word in (("neg", "dull"), ("pos", "fine"))
]


def data(path: Path | str, *overrides: str) -> TextData:
    config = compose("train", ["domain=text", "data=text/sentences", f"data.path='{path}'", *overrides])
    made = build_data(config)
    assert isinstance(made, TextData)
    made.setup()
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "all.txt"
    path.write_text("\n".join(SENTENCES))
    return path


def test_a_batch_is_filled_up_to_its_longest_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("pos a b c d\nneg a\npos b c\nneg a c\n")
    made = data(tmp_path / "a.txt", "data.fractions={val: 0, test: 0}")
    batch = made.train_set[Draw(np.array([1, 0, 2]), None)]
    assert batch["lengths"].tolist() == [1, 4, 2]
    assert (batch["x"] == 0).sum(1).tolist() == [3, 0, 2]
    assert batch["y"].tolist() == [0, 1, 1]
    assert batch["x"].dtype == np.int64


def test_like_lengths_come_together_and_every_sentence_once(file: Path) -> None:
    made = data(file, "data.batch_size=8")
    ids = [np.full(n, 2) for n in np.random.default_rng(0).integers(1, 30, 200)]
    made.train_set = Batches(ids, np.zeros(200))
    loader = made.train_dataloader()
    batches = [batch["item"].numpy() for batch in loader]
    assert sorted(np.concatenate(batches)) == list(range(len(made.train_set)))
    assert np.mean([np.ptp(made.train_set.lengths[items]) for items in batches]) < 5


def test_the_vocabulary_is_of_the_training_part_only(file: Path) -> None:
    made = data(file)
    vocabulary = made.front_end["vocabulary"]
    assert len(vocabulary) == 2 + 2 + len({*np.concatenate(made.train_set.ids)} - {2, 3})
    assert all(1 not in ids for ids in made.train_set.ids)
    unknown = np.concatenate(made.test_set.ids) == 1
    assert (
        f"vocabulary: {len(vocabulary)} words; {unknown.mean():.1%} of those in the test set are unknown"
        in made.summary
    )


def test_a_trained_run_s_vocabulary_and_classes_are_obeyed(file: Path) -> None:
    made = build_data(compose("train", ["domain=text", "data=text/sentences", f"data.path='{file}'"]))
    made.front_end = {"vocabulary": ["[PAD]", "[UNK]", "fine"], "classes": ["pos", "neg"], "longest": 400}
    made.setup()
    assert made.classes == ["pos", "neg"]
    assert {int(each) for ids in made.test_set.ids for each in ids} == {1, 2}


def test_an_official_test_set_stays_whole_and_its_copies_do_not_train(file: Path, tmp_path: Path) -> None:
    (tmp_path / "test.txt").write_text("neg DULL  number3\npos never seen\n")
    made = data(file, f"data.test_path='{tmp_path / 'test.txt'}'")
    assert (len(made.train_set) + len(made.val_set), len(made.test_set)) == (119, 2)
    assert "left out: in the test set too: 1" in made.summary
    with pytest.raises(UserError, match="an official test set stays as it is"):
        data(file, f"data.test_path='{tmp_path / 'test.txt'}'", "data.folds=5")


def test_a_label_in_the_test_set_that_training_lacks(file: Path, tmp_path: Path) -> None:
    (tmp_path / "test.txt").write_text("pos fine\nneutral so so\n")
    with pytest.raises(UserError, match=r"test.txt, line 2: label 'neutral' .* neg, pos"):
        data(file, f"data.test_path='{tmp_path / 'test.txt'}'")


def test_one_class_only(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("pos a\npos b\npos c\n")
    with pytest.raises(UserError, match=r"a.txt: \['pos'\] class to learn from; two are needed"):
        data(tmp_path / "a.txt", "data.fractions={val: 0, test: 0}")


def test_a_long_sentence_is_cut_and_counted(file: Path) -> None:
    with file.open("a") as out:
        out.write("\npos " + "word " * 200_000)
    made = data(file, "data.fractions={val: 0, test: 0}")
    assert made.train_set.lengths.max() == 400
    assert "cut to data.longest: 1" in made.summary


def test_the_share_that_vectors_cover_is_told(file: Path, tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("dull 1 2 3\nfine 4 5 6\nfine 1 1 1\nx 1 1 1\n")
    made = data(
        file, f"data.vectors='{tmp_path / 'v.txt'}'", "model.embedding=3", "data.fractions={val: 0, test: 0}"
    )
    assert "vectors: of 2 of them (3.1%), which are 50.0% of the words in training" in made.summary
    assert "; 1 stand there twice" in made.summary
    with pytest.raises(UserError, match=r"give model\.embedding=3"):
        data(file, f"data.vectors='{tmp_path / 'v.txt'}'")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model.channels=[fixed]", "model.channels: 'fixed'"),
        ("model.channels=[]", "give one channel"),
        ("model.tokens=letters", "model.tokens=letters"),
        ("data.longest=0", "data.longest"),
        ("data.fold=3 data.folds=2", "data.fold=3 of data.folds=2"),
    ],
)
def test_a_mistake_in_the_configuration(file: Path, override: str, said: str) -> None:
    with pytest.raises(UserError, match="(?s)" + said.replace("[", r"\[")):
        data(file, *override.split())


def test_baselines_know_words_and_pairs(tmp_path: Path) -> None:
    lines = [
        f"{label} {words} w{n}"
        for n in range(40)
        for label, words in (("pos", "not dull"), ("neg", "dull not"))
    ]
    (tmp_path / "a.txt").write_text("\n".join([*lines, "pos more"]))
    made = data(tmp_path / "a.txt", "data.fractions={val: 0.1, test: 0.3}")
    found = made.baselines(np.arange(len(made.test_set)))
    assert found["naive Bayes + SVM"].mean() > 0.95  # the words are the same, the pairs are not
    assert found["most frequent class"].mean() < 0.7


@pytest.mark.data
@pytest.mark.skipif(REAL is None, reason="CONVOLUTIONS_DATA does not name the folder of real data")
def test_real_files_as_they_lie() -> None:
    folder = Path(str(REAL)) / "text"
    reviews = data(folder / "rt-polarity.*", "data.folds=10")
    assert "10,662 sentences (neg 5,331, pos 5,331)" in reviews.summary
    assert "rt-polarity.neg: cp1252, guessed, as in" in reviews.summary
    vectors = folder / "glove_twitter_25d_12k.txt.xz"
    questions = data(
        folder / "TREC.train",
        f"data.test_path='{folder / 'TREC.test'}'",
        f"data.vectors='{vectors}'",
        "model.embedding=25",
    )
    assert questions.classes == ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"]
    assert len(questions.test_set) == 500

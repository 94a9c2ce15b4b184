"""Sentences as batches: splits, vocabulary, channels and the summary."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from domains.text.data import TextData, TextDataset, TextPreprocessing
from shared.commands.train import train
from shared.config.cli import compose
from shared.errors import UserError
from shared.training.data import Draw, Fitted
from shared.training.setup import build_data

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
    made.train_set = TextDataset(ids, np.zeros(200))
    loader = made.train_dataloader()
    batches = [batch["item"].numpy() for batch in loader]
    assert sorted(np.concatenate(batches)) == list(range(len(made.train_set)))
    assert np.mean([np.ptp(made.train_set.lengths[items]) for items in batches]) < 5


def test_the_vocabulary_is_of_the_training_part_only(file: Path) -> None:
    made = data(file)
    vocabulary = made.preprocessing.vocabulary
    assert len(vocabulary) == 2 + 2 + len({*np.concatenate(made.train_set.ids)} - {2, 3})
    assert all(1 not in ids for ids in made.train_set.ids)
    unknown = np.concatenate(made.test_set.ids) == 1
    assert (
        f"vocabulary: {len(vocabulary)} words; {unknown.mean():.1%} of those in the test set are unknown"
        in made.summary
    )


def test_a_trained_run_s_vocabulary_and_classes_are_used(file: Path) -> None:
    fitted = Fitted(["pos", "neg"], TextPreprocessing(["[PAD]", "[UNK]", "fine"], 400))
    made = build_data(compose("train", ["domain=text", "data=text/sentences", f"data.path='{file}'"]), fitted)
    made.setup()
    assert made.classes == ["pos", "neg"]
    assert {int(index) for ids in made.test_set.ids for index in ids} == {1, 2}


def test_an_official_test_set_stays_whole_and_its_copies_do_not_train(file: Path, tmp_path: Path) -> None:
    (tmp_path / "test.txt").write_text("neg DULL  number3\npos never seen\n")
    made = data(file, f"data.test_path='{tmp_path / 'test.txt'}'")
    assert (len(made.train_set) + len(made.val_set), len(made.test_set)) == (119, 2)
    assert "1 also in the test set: " in made.summary
    with pytest.raises(UserError, match="an official test set stays as it is"):
        data(file, f"data.test_path='{tmp_path / 'test.txt'}'", "data.folds=5")


def test_a_label_in_the_test_set_that_training_lacks(file: Path, tmp_path: Path) -> None:
    (tmp_path / "test.txt").write_text("pos fine\nneutral so so\n")
    test = f"data.test_path='{tmp_path / 'test.txt'}'"
    made = data(file, test)
    assert len(made.test_set) == 1
    reason = "1 in the test set with a label that was not learned: "
    assert f"{reason}{tmp_path / 'test.txt'}, line 2 ('neutral')" in made.summary
    with pytest.raises(UserError, match=r"test.txt, line 2: label 'neutral' .* have neg, pos"):
        data(file, test, "data.strict=true")
    (tmp_path / "test.txt").write_text("pos fine\nneutral so so\nneutral or not\n")
    with pytest.raises(UserError, match=r"label 'neutral' was not learned, as in 2 of 3 test sentences"):
        data(file, test)


def test_one_class_only(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("pos a\npos b\npos c\n")
    with pytest.raises(
        UserError, match=r"a.txt: must have at least two classes, got 3 examples of one, 'pos'; give"
    ):
        data(tmp_path / "a.txt", "data.fractions={val: 0, test: 0}")


def test_a_long_sentence_is_cut_and_counted(file: Path) -> None:
    with file.open("a") as out:
        out.write("\npos " + "word " * 200_000)
    made = data(file, "data.fractions={val: 0, test: 0}")
    assert made.train_set.lengths.max() == 400
    assert "cut to data.longest=400 words: 1 sentences" in made.summary


def test_the_share_of_words_with_vectors_is_reported(file: Path, tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("dull 1 2 3\nfine 4 5 6\nfine 1 1 1\nx 1 1 1\n")
    made = data(
        file, f"data.vectors='{tmp_path / 'v.txt'}'", "model.embedding=3", "data.fractions={val: 0, test: 0}"
    )
    assert "vectors: of 2 of them (3.1%), which are 50.0% of the words in training" in made.summary
    assert "; 1 appear twice" in made.summary
    with pytest.raises(UserError, match=r"give model\.embedding=3"):
        data(file, f"data.vectors='{tmp_path / 'v.txt'}'")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model.channels=[fixed]", "model.channels: must be one of tuned, static, got fixed"),
        ("model.channels=[]", "model.channels: must name at least one channel"),
        ("model.tokens=letters", "model.tokens: must be one of words, characters, got letters"),
        ("data.longest=0", "data.longest: must be a whole number from 1, got 0"),
        ("data.fold=3 data.folds=2", "data.fold: must be a whole number from 0 to 1, got 3"),
        ("data.folds=1", "data.folds: must be a whole number from 2, got 1"),
        ("data.fractions.val=0.6 data.fractions.test=0.5", "data.fractions: must be at most 1 together"),
        ("data.fractions.val=-0.1", "data.fractions.val: must be a number from 0 to 1, got -0.1"),
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
    baselines = made.baselines(np.arange(len(made.test_set)))
    assert baselines["naive Bayes + SVM"].mean() > 0.95  # the classes have the same words, but other pairs
    assert baselines["most frequent class"].mean() < 0.7


def test_official_splits_of_folders_and_files(tmp_path: Path) -> None:
    for split, count in (("train", 40), ("valid", 8), ("test", 12)):
        for label in ("pos", "neg"):
            for n in range(count):
                path = tmp_path / "imdb" / split / label / f"{n}.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{label} words {split} {n}\n")
            with (tmp_path / f"{split}.csv").open("a") as out:
                out.write("text,label\n" * (label == "pos"))
                out.writelines(f"{label} words {split} {n},{label}\n" for n in range(count))
    (tmp_path / "imdb/train/unsup").mkdir()
    (tmp_path / "imdb/train/unsup/1.txt").write_text("words of no class\n")
    (tmp_path / "imdb/README").write_text("Read me first\n")
    for path in (tmp_path / "imdb", tmp_path):
        if path == tmp_path:
            shutil.rmtree(tmp_path / "imdb")
        made = data(path)
        assert made.classes == ["neg", "pos"]
        assert [len(part) for part in (made.train_set, made.val_set, made.test_set)] == [80, 16, 24]
        assert "official splits by folder: test/ is test, train/ is train, valid/ is val" in made.summary
        with pytest.raises(UserError, match=r"data\.folds: must be null beside official sets"):
            data(path, "data.folds=5")
        with pytest.raises(UserError, match=r"data\.test_path: must be null where data\.path has a test set"):
            data(path, f"data.test_path='{path}'")


def test_copies_between_official_sets_do_not_train(tmp_path: Path) -> None:
    for split, texts in {"train": "abcdefgh", "val": "dxy", "test": "yh"}.items():
        rows = [f"{'pos' if n % 2 else 'neg'} word {text}" for n, text in enumerate(texts)]
        (tmp_path / f"{split}.txt").write_text("\n".join(rows))
    made = data(tmp_path)
    assert [len(part) for part in (made.train_set, made.val_set, made.test_set)] == [6, 2, 2]
    assert "1 also in the validation set: " in made.summary
    assert "2 also in the test set: " in made.summary


def test_missing_labels_are_no_class_and_a_number_is_one(tmp_path: Path) -> None:
    labels = ["1", "1.0", "0", "0.0", "nan", "", "NA", "None"]
    rows = [f"word{n} film,{labels[n % 8] if n < 24 else n % 2}" for n in range(80)]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *rows]))
    made = data(tmp_path / "a.csv")
    assert made.classes == ["0", "1"]
    assert f"12 without a label: {tmp_path / 'a.csv'}, line 6 ('nan')" in made.summary
    with pytest.raises(UserError, match=r"a\.csv, line 6: without a label: 'nan'; mend"):
        data(tmp_path / "a.csv", "data.strict=true")


def test_a_run_with_several_spellings_of_a_label_is_tested_with_its_classes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"word{n},{n % 2}.0\n" for n in range(40)))
    config = compose("train", ["domain=text", "data=text/sentences", f"data.path='{tmp_path / 'a.csv'}'"])
    made = build_data(config, Fitted(["1.0", "0.0"], TextPreprocessing(["[PAD]", "[UNK]", "x"], 400)))
    made.setup()
    assert isinstance(made, TextData)
    assert made.classes == ["1.0", "0.0"]
    assert len(made.train_set) + len(made.val_set) + len(made.test_set) == 40


def test_a_file_without_labels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n".join(f"word{n} is a film of its own" for n in range(200)))
    with pytest.raises(UserError, match=r"these are hardly classes; give the classes by `LABEL text` lines"):
        data(tmp_path / "a.txt")
    (tmp_path / "b.csv").write_text("text,label\n" + "".join(f"film {n},a;{n % 2}\n" for n in range(40)))
    with pytest.raises(UserError, match="looks like several columns"):
        data(tmp_path / "b.csv")


@pytest.mark.parametrize("count", range(1, 9))
def test_few_sentences_are_read_or_refused(tmp_path: Path, count: int) -> None:
    (tmp_path / "a.txt").write_text("".join(f"pos fine {n}\nneg dull {n}\n" for n in range(count)))
    for override in ("data.longest=1", "data.min_count=2", "data.min_count=99", "data.folds=2"):
        with suppress(UserError):
            made = data(tmp_path / "a.txt", override)
            assert len(made.train_set) + len(made.val_set) + len(made.test_set) == 2 * count
    with pytest.raises(UserError, match=r"data\.min_count: must leave some words, got 99"):
        data(tmp_path / "a.txt", "data.min_count=99", "data.fractions={val: 0, test: 0}")


def test_too_few_sentences_are_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("pos fine\nneg dull\n")
    words = [
        "domain=text",
        "data=text/sentences",
        f"data.path={tmp_path / 'a.txt'}",
        f"runs={tmp_path / 'runs'}",
    ]
    with pytest.raises(UserError, match=r"data: must have \w+ examples, got \d train, \d val, \d test; add"):
        train(compose("train", words))


def test_hundreds_of_classes_have_no_naive_bayes_baseline(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "text,label\n" + "".join(f"word{n} of {n % 300},class{n % 300}\n" for n in range(3000))
    )
    made = data(tmp_path / "a.csv")
    assert len(made.classes) == 300
    assert ", … 300 in all)" in made.summary
    assert "no baseline of naive Bayes + SVM" in made.summary
    assert [*made.baselines(np.arange(5))] == ["most frequent class"]


@pytest.mark.parametrize("mark", [";", ",", "|", "\\t", "="])
def test_a_separator_is_taken_as_it_is_typed(tmp_path: Path, mark: str) -> None:
    sign = "\t" if mark == "\\t" else mark
    (tmp_path / "a.csv").write_text(f"text{sign}label\n" + "".join(f"w{n}{sign}{n % 2}\n" for n in range(40)))
    made = data(tmp_path / "a.csv", f"data.separator={mark}")
    assert "guessed" not in made.summary
    assert made.form.separator == sign
    assert made.classes == ["0", "1"]


@pytest.mark.data
@pytest.mark.skipif(REAL is None, reason="CONVOLUTIONS_DATA does not name the folder of real data")
def test_real_datasets() -> None:
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

"""Data with labels over time: frames, sequences, classes, tables of labels, splits, and trainings on them."""

from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from matplotlib.figure import Figure

from domains.speech.aligned import AlignedData, AlignedDataset
from domains.speech.preprocessing import LogMel
from shared.commands.evaluate import evaluate
from shared.commands.train import train
from shared.config.cli import compose
from shared.config.project import CONF
from shared.errors import UserError
from shared.explain.examples import show
from shared.runs.run import Run
from shared.training import UNLABELLED, Draw, build_data
from shared.training.data import Fitted
from tests.domains.speech.sentences import RATE, write_sentences
from tests.domains.speech.sounds import encoded
from tests.test_resume import QUIET, check_kills

SIZES = ["data.sizes.rate=8000", "data.sizes.high_hz=4000"]


def ready(path: Path, *words: str, fitted: Fitted | None = None) -> AlignedData:
    config = compose("train", ["domain=speech", "data=speech/aligned", *SIZES, f"data.path={path}", *words])
    data = build_data(config, fitted)
    data.setup()
    assert isinstance(data, AlignedData)
    return data


def whole(dataset: AlignedDataset) -> dict[str, Any]:
    return dataset[Draw(np.arange(len(dataset)), None)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("corpus")
    return {form: write_sentences(folder / form, form) for form in ("TextGrid", "phn", "lab", "txt")}


def test_the_label_of_a_frame_is_that_at_its_centre(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(0, 0.1, 2400).astype(np.float32)  # 300 ms: 28 frames
    for speaker in "abc":
        (tmp_path / speaker).mkdir()
        (tmp_path / speaker / "1.wav").write_bytes(encoded(x, RATE))
        (tmp_path / speaker / "1.phn").write_text("400 900 p\n900 1380 q\n1700 2400 p\n")
    batch = whole(ready(tmp_path).train_set)
    centres = np.arange(28) * 80 + 100
    expected = np.select(
        [(centres >= 400) & (centres < 900), (centres >= 900) & (centres < 1380), centres >= 1700],
        [0, 1, 0],
        2,
    )
    assert batch["y"].dtype == np.int64
    assert batch["y"].tolist() == [expected.tolist()]
    assert batch["labels"].tolist() == [[0, 1, 0]]
    nothing = whole(ready(tmp_path, "data.gaps=null").train_set)["y"][0]
    assert nothing.tolist() == np.where(expected == 2, UNLABELLED, expected).tolist()


@pytest.mark.parametrize("form", ["TextGrid", "phn", "lab"])
def test_batches_are_as_the_network_needs_them(corpus: dict[str, Path], form: str) -> None:
    data = ready(corpus[form])
    assert data.classes == ["a", "i", "s", "silence"]
    log_mel = LogMel(**data.preprocessing.sizes)
    for dataset in data.sets.values():
        batch = whole(dataset)
        assert not hasattr(dataset, "y")
        assert batch["labels"].dtype == batch["y"].dtype == np.int64
        frames = (batch["lengths"] - log_mel.size) // log_mel.hop + 1
        assert batch["y"].shape == (len(dataset), frames.max())
        for y, labels, count in zip(batch["y"], batch["labels"], frames, strict=True):
            assert (y[count:] == UNLABELLED).all()
            assert (y[:count] >= 0).all()
            runs = y[:count][np.diff(y[:count], prepend=-1) != 0]
            own = labels[labels != UNLABELLED]
            kept = [n for i, n in enumerate(own) if i == 0 or n != own[i - 1]]  # equal phones are one run
            assert runs[runs != data.classes.index("silence")].tolist() == kept
    assert "clips: " in data.summary
    assert "3 speakers" in data.summary
    speakers = data.test_set.clips.speaker
    groups = data.groups(np.arange(len(data.test_set)))
    assert len(set(groups)) == len(set(speakers)) or len(set(speakers)) == 1
    assert data.class_sizes("train").sum() == (whole(data.train_set)["y"] != UNLABELLED).sum()


def test_transcripts_have_labels_alone_and_need_ctc(corpus: dict[str, Path]) -> None:
    with pytest.raises(UserError, match=r"labels without times.*give training\.loss=ctc"):
        ready(corpus["txt"])
    data = ready(corpus["txt"], "training.loss=ctc")
    assert data.classes == ["a", "i", "s", "silence", "blank"]
    batch = whole(data.train_set)
    assert "y" not in batch
    timed = ready(corpus["TextGrid"], "training.loss=ctc")
    assert whole(timed.train_set)["labels"].tolist() == batch["labels"].tolist()
    assert data.baselines(np.arange(2)) == {}
    assert data.class_sizes("train").sum() == (batch["labels"] != UNLABELLED).sum()
    with pytest.raises(UserError, match="must have no label 'blank' with training"):
        ready(corpus["txt"], "training.loss=ctc", "data.merge={a: blank}")


def test_a_table_merges_and_removes_labels(corpus: dict[str, Path], tmp_path: Path) -> None:
    plain, merged = ready(corpus["phn"]), ready(corpus["phn"], "data.merge={i: a, s: null, zz: a}")
    assert merged.classes == ["a", "silence"]
    assert "data.merge: labels that occur nowhere: zz" in merged.summary
    assert "labels removed by data.merge: s (" in merged.summary
    before, after = whole(plain.train_set), whole(merged.train_set)
    assert after["y"].tolist() == np.array([0, 0, -1, 1, -1])[before["y"]].tolist()
    lengths = (after["labels"] != UNLABELLED).sum(1)
    assert lengths.tolist() == ((before["labels"] == 0) | (before["labels"] == 1)).sum(1).tolist()
    assert (plain.train_set.held != merged.train_set.held).all()
    table = tmp_path / "table.yaml"
    table.write_text("i: a\ns: null\nzz: a\n'h#': silence\n")
    assert (ready(corpus["phn"], f"data.merge={table}").train_set.held == merged.train_set.held).all()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("data.merge=[a]", r"data\.merge: must be null, a table such as \{zh: sh\}, .* got \['a'\]"),
        ("data.merge={a: [b]}", r"data\.merge: must map labels to labels, .*got \{'a': \['b'\]\}; YAML"),
        ("data.merge={a: true}", r"data\.merge: must map .* YAML needs quotes around yes, no, on and off"),
        ("data.merge=nowhere.yaml", r"data\.merge: nowhere\.yaml: no such file"),
        ("data.merge={a: null, i: null, s: silence}", "must have training labels besides silence, got none"),
        ("data.tier=' '", r"data\.tier: must be the name of a tier"),
        ("data.augment.shift_ms=10", r"data\.augment\.shift_ms: must be 0 for labels over time, got 10"),
        ("data.augment.pad_ms=10", r"data\.augment\.pad_ms: must be 0 for labels over time, got 10"),
        ("training.balance=sampling", r"training\.balance: must be weights or null for labels over time"),
        (r"data.pattern='(?P<label>\w)/'", r"data\.pattern: must have a group \(\?P<speaker>"),
        (r"data.pattern='(?P<speaker>\w)(?P<label>\d)'", r"data\.pattern: must have the group .* alone"),
        ("data.path=nowhere", "nowhere: no such file or folder"),
    ],
)
def test_mistakes_are_refused(corpus: dict[str, Path], words: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        ready(corpus["phn"], words)


def test_the_table_of_timit_has_39_classes_of_61_phones() -> None:
    kept = "iy ih eh ey ae aa aw ay ah oy ow uh uw er jh ch b d g p t k dx s z sh f th v dh m n ng l r w y hh"
    others = "ao ux ax ix axr ax-h q bcl dcl gcl pcl tcl kcl zh em en eng nx hv el pau epi h#"
    phones = [*kept.split(), *others.split()]
    assert len(phones) == 61
    merge = yaml.safe_load((CONF / "data/speech/timit.yaml").read_text())["merge"]
    assert {*merge} == {*others.split()}
    classes = {merge.get(phone, phone) for phone in phones} - {None}
    assert classes == {*kept.split(), "silence"}
    assert len(classes) == 39
    silent = {phone for phone, name in merge.items() if name == "silence"}
    assert silent == {"bcl", "dcl", "gcl", "pcl", "tcl", "kcl", "pau", "epi", "h#"}
    assert [phone for phone, name in merge.items() if name is None] == ["q"]


def test_made_files_of_timit_s_form(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    sound = encoded(random.normal(0, 0.1, 16000).astype(np.float32), 16000, "NIST")
    ends = np.arange(1, 8) * 2000
    rows = zip([0, *ends[:-1]], ends, ["h#", "tcl", "t", "ao", "q", "ax-h", "zh"], strict=True)
    labels = "".join(f"{start} {end} {phone}\n" for start, end, phone in rows)
    for place in ("TRAIN/DR1/FAAA0", "TRAIN/DR2/MBBB0", "TRAIN/DR3/FCCC0", "TEST/DR1/MDDD0"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "SX1.WAV").write_bytes(sound)
        (tmp_path / place / "SX1.PHN").write_text(labels)
    data = build_data(compose("train", ["domain=speech", "data=speech/timit", f"data.path={tmp_path}"]))
    data.setup()
    assert isinstance(data, AlignedData)
    assert data.classes == ["aa", "ah", "sh", "silence", "t"]
    batch = whole(data.test_set)
    assert batch["labels"].tolist() == [[4, 0, 1, 2]]
    y = batch["y"][0]
    assert y[[5, 18, 30, 42, 55, 67, 80]].tolist() == [3, 3, 4, 0, UNLABELLED, 1, 2]
    assert "1 test of 1 speaker (MDDD0)" in data.summary
    assert "labels that occur nowhere: ax, axr, ix, ux, el, em, en, eng, nx, hv, … 17 in all" in data.summary


def test_labels_outside_the_classes_are_reported_and_do_not_count(tmp_path: Path) -> None:
    folder = write_sentences(tmp_path / "in", "phn", speakers=6, clips=1)
    file = folder / "f4/0.phn"
    file.write_text(
        file.read_text().replace(" s\n", " new\n").replace(" a\n", " new\n").replace(" i\n", " new\n")
    )
    data = ready(folder, "data.test_speaker=f4")
    assert data.classes == ["a", "i", "s", "silence"]
    assert "labels that are no class of the training, excluded: new (6)" in data.summary
    assert whole(data.test_set)["labels"].tolist() == [[UNLABELLED]]
    assert {*whole(data.test_set)["y"][0].tolist()} == {UNLABELLED, 3}
    fitted = Fitted(["a", "silence", "z"], data.preprocessing)
    again = ready(folder, fitted=fitted)
    assert again.classes == ["a", "silence", "z"]
    assert "labels that are no class of the run, excluded: " in again.summary
    assert "classes of the run without examples: z" in again.summary
    with pytest.raises(
        UserError, match=r"must have labels that are classes of the run \(silence, x\), got a"
    ):
        ready(folder, fitted=Fitted(["silence", "x"], data.preprocessing))


def test_names_of_silence_are_pointed_out(tmp_path: Path) -> None:
    folder = write_sentences(tmp_path / "in", "phn", clips=1)
    for file in folder.glob("*/*.phn"):
        file.write_text(file.read_text().replace("silence", "h#"))
    assert "labels that often mean silence: h#; data.merge can make them so" in ready(folder).summary


def test_held_follows_from_samples_labels_and_times(corpus: dict[str, Path], tmp_path: Path) -> None:
    held = ready(corpus["phn"]).train_set.held
    for change in (("s\n", "a\n"), ("\n", "\n ")):  # another label; spaces
        folder = write_sentences(tmp_path / f"in{change[1].strip()}", "phn")
        for file in folder.glob("*/*.phn"):
            file.write_text(file.read_text().replace(*change))
        assert (ready(folder).train_set.held == held).all() == (change[0] == "\n")
    folder = write_sentences(tmp_path / "times", "phn")
    for file in folder.glob("*/*.phn"):
        first, rest = file.read_text().split("\n", 1)
        start, end, label = first.split()
        file.write_text(f"{start} {int(end) - 1} {label}\n{rest}")
    assert not (ready(folder).train_set.held == held).any()


def test_baselines_are_shares_of_each_item(corpus: dict[str, Path]) -> None:
    data = ready(corpus["phn"])
    items = np.array([2, 0, 0, 1])
    shares = data.baselines(items)
    y = whole(data.test_set)["y"]
    most = data.class_sizes("train").argmax()
    expected = [(row[row != UNLABELLED] == most).mean() for row in y]
    assert shares["most frequent label"].tolist() == pytest.approx([expected[n] for n in items])
    assert shares["logistic regression"].mean() > 0.8  # tones
    assert shares["logistic regression"][1] == shares["logistic regression"][2]


@pytest.mark.parametrize(("form", "words"), [("phn", []), ("txt", ["training.loss=ctc"])])
def test_examples_are_shown_with_their_labels(
    corpus: dict[str, Path], tmp_path: Path, form: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(
        "shared.explain.examples.write_figure",
        lambda path, figure, kind: drawn.append(figure),
    )
    more = [f"data.path={corpus[form]}", "model=speech/phones", "n=4", f"output={tmp_path}", *words]
    show(compose("show", ["domain=speech", "data=speech/aligned", *SIZES, *more]))
    [figure] = drawn
    assert figure.get_suptitle().startswith("4 of 9 training examples of speech/aligned, 3 of")
    for axes in figure.axes[:4]:
        title = axes.get_title().split("\n")
        label = Path(corpus[form], title[-1]).with_suffix(f".{form}").read_text()
        if form == "txt":
            assert title[0] == label.strip()
            assert not axes.child_axes
            continue
        [strip] = axes.child_axes
        named = [(text.get_text(), text.get_position()[0]) for text in strip.texts]
        rows = [line.split() for line in label.splitlines()]
        runs = [[*group] for _, group in groupby(rows, key=lambda row: row[2])]
        assert [name for name, _ in named] == [run[0][2] for run in runs]
        for (_, place), run in zip(named, runs, strict=True):
            assert int(run[0][0]) / RATE < place < int(run[-1][1]) / RATE
    counts = (tmp_path / "classes.csv").read_text().splitlines()
    assert counts[0] == "class,train,val,test"
    assert int(counts[1].split(",")[1]) > (100 if form == "phn" else 5)


@pytest.mark.parametrize(("form", "words"), [("TextGrid", []), ("txt", ["training.loss=ctc"])])
def test_a_training_is_tested_and_evaluated_again(
    corpus: dict[str, Path], tmp_path: Path, form: str, words: list[str]
) -> None:
    more = [
        "model=speech/phones",
        "model.filters=4",
        "model.units=4",
        "trainer.max_epochs=2",
        f"runs={tmp_path}",
    ]
    more += ["trainer.accelerator=cpu", "trainer.precision=32-true", "trainer.enable_progress_bar=false"]
    path = f"data.path={corpus[form]}"
    metrics = train(compose("train", ["domain=speech", "data=speech/aligned", *SIZES, path, *more, *words]))
    assert metrics["test/error_rate"] >= 0
    assert ("baseline/logistic regression" in metrics) == (form == "TextGrid")
    run = Run.open(metrics["run"])
    again = evaluate(compose("evaluate", [f"run={run.folder}"]))
    for name in ("test/acc", "test/error_rate", "test/n"):
        assert again[name] == metrics[name]


@pytest.mark.slow
@pytest.mark.parametrize(("form", "words"), [("TextGrid", []), ("txt", ["training.loss=ctc"])])
def test_a_killed_training_resumes_with_the_same_result(
    corpus: dict[str, Path], tmp_path: Path, form: str, words: list[str]
) -> None:
    more = ["model=speech/phones", "model.filters=4", "model.units=4", "data.batch_size=3", *QUIET]
    path = f"data.path={corpus[form]}"
    training = ["domain=speech", "data=speech/aligned", *SIZES, path, "trainer.max_epochs=4", *more, *words]
    check_kills(training, tmp_path, [("on_train_batch_end", 8)])

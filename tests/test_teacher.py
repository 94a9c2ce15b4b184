"""Distillation: a network learns the probabilities of a trained one beside the labels."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from shared.commands.train import train
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.run import Run
from shared.training import Draw, as_tensors
from shared.training.setup import build_data, build_module, load_module

QUIET = ["trainer.accelerator=cpu", "trainer.precision=32-true", "trainer.enable_progress_bar=false"]
QUIET += ["data.workers=0", "trainer.max_epochs=1", "test=false"]
SMALL = {
    "image": ["domain=image", "model=image/tiny", "data.epoch_size=600"],
    "go": ["domain=go", "model.filters=4", "model.depth=2", "data.epoch_size=128", "data.val_size=50"],
}


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    place = tmp_path_factory.mktemp("teachers")
    return {
        domain: train(compose("train", [*words, *QUIET, f"runs={place}"]))["run"]
        for domain, words in SMALL.items()
    }


def words_of(domain: str, teacher: str, place: Path, *more: str) -> list[str]:
    words = [*SMALL[domain], *QUIET, f"training.teacher={teacher}", f"runs={place}", *more]
    return [
        word for word in words if word.split("=")[0] not in {w.split("=")[0] for w in more} or word in more
    ]


@pytest.mark.parametrize("domain", SMALL)
def test_its_probabilities_are_the_targets(domain: str, teachers: dict[str, str], tmp_path: Path) -> None:
    config = compose("train", words_of(domain, teachers[domain], tmp_path, "training.teacher_share=0.75"))
    data = build_data(config)
    data.setup()
    student, teacher = build_module(config, data).eval(), load_module(Run(teachers[domain]))
    batch = as_tensors(data.train_set[Draw(torch.arange(40).numpy(), 1)])
    outputs = student.outputs(batch)
    targets, labels = teacher.logits(batch).softmax(1), F.one_hot(batch["y"], len(data.classes)).float()
    expected = -((0.75 * targets + 0.25 * labels) * outputs.logits.log_softmax(1)).sum(1).mean()
    loss = student.objective(outputs, batch)
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert student.teacher is not None
    assert all(weight.grad is None for weight in student.teacher.module.parameters())
    assert not any("teacher" in name for name in student.state_dict())


@pytest.mark.parametrize("domain", ["go", pytest.param("image", marks=pytest.mark.slow)])
def test_a_run_is_taught_and_says_by_what(domain: str, teachers: dict[str, str], tmp_path: Path) -> None:
    run = Run(train(compose("train", words_of(domain, teachers[domain], tmp_path)))["run"])
    taught = run.checkpoint("best")["hyper_parameters"]["taught"]
    assert len(taught["sha256"]) == 64
    assert taught["share"] == 0.5
    alone = [word for word in words_of(domain, "x", tmp_path) if "teacher" not in word]
    without = Run(train(compose("train", alone))["run"])
    first, second = (taught_or_not.checkpoint("best")["state_dict"] for taught_or_not in (run, without))
    assert list(first) == list(second)
    assert not all(torch.equal(first[name], second[name]) for name in first)
    other = run.config
    other.training.teacher = str(without.folder)
    other.trainer.max_epochs = 2
    run.settle(other)
    (run.folder / "metrics.json").unlink()
    with pytest.raises(UserError, match=r"training\.teacher\.sha256: must be .*as the run began with"):
        train(compose("train", [f"domain={domain}", f"resume={run.folder}"]))


def test_one_of_other_classes_or_inputs_is_refused(teachers: dict[str, str], tmp_path: Path) -> None:
    for domain, teacher, more, reason in (
        ("go", teachers["go"], ["model.planes=[stone colour]"], "must have the planes of this network"),
        ("go", teachers["image"], [], "training.teacher: must be a run of domain=go"),
        ("go", "nowhere", [], "training.teacher: nowhere: no run here"),
        ("image", teachers["image"], ["data.size=32"], "must have the size of this network"),
    ):
        with pytest.raises(UserError, match=reason):
            train(compose("train", words_of(domain, teacher, tmp_path, *more)))
    assert not list(tmp_path.glob("*/*"))


def test_labels_over_time_have_no_teacher(tmp_path: Path) -> None:
    from shared.training.teacher import Teacher

    class OverTime:
        network = type("", (), {"over_time": True})

    with pytest.raises(UserError, match=r"training\.teacher: must be null for labels over time"):
        Teacher.check(None, OverTime())  # type: ignore[arg-type]

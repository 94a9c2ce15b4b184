"""A new domain: folders under domains/, conf/model and conf/data, and one file conf/domain/NAME.yaml."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent

FILES = {
    "conf/domain/stripes.yaml": """
        # @package _global_
        defaults:
          - override /model: stripes/cnn
          - override /data: stripes/made
        domain:
          name: stripes
        """,
    "conf/model/stripes/cnn.yaml": """
        layers:
          - conv: {filters: 4, kernel: 3}
          - pool: {kernel: 2}
          - flatten
          - dense: classes
        """,
    "conf/data/stripes/made.yaml": """
        _target_: domains.stripes.data.Made
        batch_size: 16
        """,
    "domains/stripes/__init__.py": """
        from shared.config import Domain

        DOMAIN = Domain(
            module="domains.stripes.module.Stripes",
            data=("domains.stripes.data.Made",),
            predict="domains.stripes.predict.predict",
            explain="domains.stripes.explain.StripesAdapter",
        )
        """,
    "domains/stripes/module.py": """
        from shared.training import Classifier


        class Stripes(Classifier):
            domain = "stripes"
        """,
    "domains/stripes/data.py": """
        import numpy as np

        from shared.training import DataModule


        class Pictures:
            def __init__(self, n, seed):
                random = np.random.default_rng(seed)
                self.y = random.integers(2, size=n)
                lines = random.normal(size=(n, 1, 8, 1)).repeat(8, 3)
                down = self.y[:, None, None, None] == 0
                self.x = np.where(down, lines.transpose(0, 1, 3, 2), lines).astype("float32")

            def __len__(self):
                return len(self.y)

            def __getitem__(self, draw):
                return {"x": self.x[draw.items], "y": self.y[draw.items], "item": draw.items}


        class Made(DataModule):
            planes, extent, classes = 1, (8, 8), ["down", "across"]
            summary = "stripes, drawn at random"

            def __init__(self, **loading):
                super().__init__(workers=0, **loading)

            def setup(self, stage=None):
                self.train_set, self.val_set = Pictures(400, 0), Pictures(100, 1)
                self.test_set = Pictures(200, 2)
        """,
    "domains/stripes/predict.py": """
        import numpy as np

        from shared.commands import Predictions, answers, best


        def read(source):
            return np.loadtxt(source, dtype="float32", ndmin=2)


        def predict(module, source, *, top, unsure, contrast=1.0):
            answered = answers(module, {"x": contrast * read(source)[None, None]})
            classes = best(answered.probabilities[0], module.classes, top)
            trust = answered.trust(0, classes[0]["probability"], unsure)
            row = {"file": source.name, "prediction": classes[0]["name"], **trust, "best": classes}
            return Predictions([row], f"1 picture, contrast {contrast}")
        """,
    "domains/stripes/explain.py": """
        import torch

        from domains.stripes.predict import read
        from shared.explain import Example, InputAdapter, boxes


        class StripesAdapter(InputAdapter):
            filling = "grey"
            epsilon, epsilon_unit = 0.2, "of a standard deviation"

            def read(self, source):
                return [Example(torch.from_numpy(read(source))[None], source.name)]

            def describe(self, dataset, item):
                return f"picture {item}", None

            @property
            def bounds(self):
                return torch.tensor(-3.0), torch.tensor(3.0)

            def regions(self, example):
                return {"boxes": boxes((8, 8), (2, 2), (2, 2))}

            def show(self, axes, example, heat=None):
                axes.axis("off")
                axes.imshow(example.x[0] if heat is None else heat)

            def show_filter(self, axes, weight, layer):
                axes.axis("off")
                axes.imshow(weight[0])
        """,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("conf", "shared", "scripts"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = text.strip("\n").splitlines()
        indent = len(lines[0]) - len(lines[0].lstrip())
        path.write_text("\n".join(line[indent:] for line in lines) + "\n")
    return tmp_path


def run(project: Path, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, *words]
    environment = {**os.environ, "PYTHONPATH": str(project)}
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.slow
def test_all_commands_work_on_a_new_domain_without_an_edit_elsewhere(project: Path) -> None:
    done = run(project, "scripts/train.py", "domain=stripes", "trainer.max_epochs=12", "optimizer.lr=0.02")
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip().splitlines()[-1].removeprefix("run: "))
    assert folder.parent == project / "runs" / "stripes"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["domain"] == "stripes"
    assert metrics["model"] == "stripes/cnn"
    assert metrics["test/n"] == 200
    assert metrics["test/acc"] > 0.9
    again = run(project, "scripts/evaluate.py", f"run={folder}")
    assert again.returncode == 0, again.stderr
    assert f"{100 * metrics['test/acc']:.2f}" in again.stdout
    (project / "lines.txt").write_text("\n".join(" ".join([value] * 8) for value in "20203103") + "\n")
    words = [f"run={folder}", "input=lines.txt"]
    done = run(project, "scripts/predict.py", *words, "+contrast=2", "output=predictions")
    assert done.returncode == 0, done.stderr
    assert "contrast 2" in done.stdout
    assert json.loads((project / "predictions" / "predictions.jsonl").read_text())["prediction"] == "across"
    done = run(project, "scripts/explain.py", *words, "methods=[saliency,occlusion]", "output=explanations")
    assert done.returncode == 0, done.stderr
    assert (project / "explanations" / "report.html").is_file()
    done = run(project, "scripts/bench.py", "domain=stripes", "bench.pairs=1", "bench.steps=2")
    assert done.returncode == 0, done.stderr
    done = run(project, "scripts/show.py", "domain=stripes", "output=examples")
    assert done.returncode == 0, done.stderr
    assert (project / "examples" / "examples.png").is_file()
    words = ["domain=stripes", "trainer.max_epochs=1"]
    done = run(project, "scripts/sweep.py", *words, "sweep.space={optimizer.lr: [0.01, 0.02]}", "n_trials=2")
    assert done.returncode == 0, done.stderr

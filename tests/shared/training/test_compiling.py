"""trainer.compile: a training's network is compiled once, and nothing else changes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shared.config.check import check_training
from shared.config.cli import compose
from shared.errors import UserError
from tests.commands import PROJECT

# In a process of its own: torch cannot compile what these tests' own checks of types are wrapped around. Two
# epochs of six batches, the last of which is shorter. In place of torch's compiler, which takes a minute, one
# that counts.
PROGRAM = """
import json, sys
import torch
from torch import nn
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.run import Run
from shared.commands.train import train

counts = {"compiled": 0, "ran": 0}
whole = nn.Module.compile

def counting(graph, inputs):
    counts["compiled"] += 1
    def run(*given):
        counts["ran"] += 1
        return graph(*given)
    return run

def broken(graph, inputs):
    raise RuntimeError("no C compiler")

def weights(compile, backend):
    nn.Module.compile = lambda net, **more: whole(net, backend=backend, **more)
    words = ["domain=image", "model=image/tiny", "data.first=600", "data.batch_size=100"]
    words += ["data.epoch_size=550", "data.workers=0", "trainer.max_epochs=2"]
    words += ["trainer.accelerator=cpu", "trainer.precision=32-true"]
    config = compose("train", [*words, "test=false", f"runs={sys.argv[1]}", f"trainer.compile={compile}"])
    return Run(train(config)["run"]).checkpoint("last")["state_dict"]

compiled, plain = weights("true", counting), weights("false", counting)
try:
    torch._dynamo.reset()
    weights("true", broken)
    error = None
except UserError as raised:
    error = str(raised)
json.dump({
    "counts": counts,
    "names": list(compiled) == list(plain),
    "apart": max(float((compiled[name].float() - plain[name].float()).abs().max()) for name in plain),
    "error": error,
    "stance": torch._dynamo.eval_frame._stance.stance,
}, open(sys.argv[2], "w"))
"""


@pytest.mark.slow
def test_full_batches_run_the_code_compiled_once_with_the_same_results(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(tmp_path / "outcome.json")],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads((tmp_path / "outcome.json").read_text())
    assert outcome["counts"] == {"compiled": 1, "ran": 10}
    assert outcome["names"]
    assert outcome["apart"] < 1e-5
    assert outcome["error"].startswith(
        "trainer.compile: must be false where torch cannot compile the network, got true"
    )
    assert "no C compiler" in outcome["error"]
    assert outcome["stance"] == "default"


def test_it_is_true_or_false() -> None:
    words = ["domain=image", "trainer.compile=maybe"]
    with pytest.raises(UserError, match=r"trainer\.compile: must be true or false, got 'maybe'"):
        check_training(compose("train", words))

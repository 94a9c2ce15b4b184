"""Exported networks compute what the networks do, from the inputs that their metadata describe."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from shared.commands.export import export
from shared.config import compose
from shared.runs import Run, check_export
from shared.training import Draw, Record, build_data, load_module


@pytest.fixture(autouse=True)
def _symbols() -> Iterator[None]:
    """In a program the sizes are symbols, which checks of signatures take for no numbers."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def exported(run: Run, file: Path, *words: str) -> dict[str, Any]:
    config = compose("export", [f"run={run.folder}", f"output={file}", *words])
    check_export(config)
    return export(config)


def items_of(run: Run, count: int) -> dict[str, np.ndarray]:
    data = build_data(run.config)
    data.setup()
    return data.test_set[Draw(np.arange(count), None)]


@pytest.mark.parametrize(
    "domain", ["image", "go", *(pytest.param(name, marks=pytest.mark.slow) for name in ("speech", "text"))]
)
def test_a_file_of_onnx_computes_what_the_network_does(
    domain: str, runs: dict[str, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = exported(runs[domain], tmp_path / "network.onnx")
    assert 0 <= result["difference"] < 1e-4
    out = capsys.readouterr().out
    assert "over 3 random and 4 real inputs" in out
    assert sorted(file.name for file in tmp_path.iterdir()) == ["network.json", "network.onnx"]

    runtime = onnxruntime.InferenceSession(tmp_path / "network.onnx")
    known = {one.name: one for one in runtime.get_inputs()}
    module = load_module(runs[domain])
    metadata = json.loads((tmp_path / "network.json").read_text())
    record = Record.read(runs[domain], module)
    assert metadata["temperature"] == (1.0 if record is None else record.temperature)
    batch = items_of(runs[domain], 5)
    for count in (5, 1):
        x = {name: batch[name][:count] for name in known}
        if "lengths" in x:  # more padding, which may hold anything
            x["x"] = np.pad(x["x"], [(0, 0), (0, 900)], constant_values=1)
        with torch.inference_mode():
            expected = module.logits({name: torch.from_numpy(batch[name][:count]) for name in known})
        logits, probabilities = runtime.run(None, x)
        np.testing.assert_allclose(logits, expected, atol=1e-4)
        np.testing.assert_allclose(probabilities, (expected / metadata["temperature"]).softmax(1), atol=1e-5)

    assert metadata["classes"] == module.classes
    assert (metadata["domain"], metadata["run"]) == (domain, runs[domain].folder.name)
    assert {name: one["shape"] for name, one in metadata["inputs"].items()} == {
        name: one.shape for name, one in known.items()
    }
    assert {name: f"tensor({one['type']})" for name, one in metadata["inputs"].items()} == {
        name: one.type for name, one in known.items()
    }
    held = {one.key: one.value for one in onnx.load(tmp_path / "network.onnx").metadata_props}
    assert json.loads(held["preprocessing"]) == metadata["preprocessing"]
    assert json.loads(held["classes"]) == module.classes
    assert str(Path.cwd()).encode() not in (tmp_path / "network.onnx").read_bytes()

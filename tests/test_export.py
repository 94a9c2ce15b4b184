"""Exported networks compute what the networks do, from the inputs that their metadata describe."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image
from torch.export import Dim

import convolutions
from shared.commands import export
from shared.commands.evaluate import keys_set
from shared.commands.onnx_model import OnnxFunction, to_onnx
from shared.config import PROJECT, compose
from shared.errors import UserError
from shared.network import beyond, shortest
from shared.runs import Run, check_export, early
from shared.training import Draw, Record, build_data, load_module, made_lengths
from tests.documents.commands import python_blocks
from tests.shared.network.test_models import ENTRIES, build


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


@pytest.mark.slow
def test_a_program_of_torch_needs_no_code_of_ours(runs: dict[str, Run], tmp_path: Path) -> None:
    assert exported(runs["text"], tmp_path / "network.pt2", "format=torch")["difference"] < 1e-6
    program = torch.export.load(tmp_path / "network.pt2").module(check_guards=False)
    batch = items_of(runs["text"], 1)
    x, lengths = (torch.from_numpy(batch[name]) for name in ("x", "lengths"))
    expected = load_module(runs["text"]).logits({"x": x, "lengths": lengths})
    torch.testing.assert_close(program(x, lengths)[0], expected)


def test_what_differs_is_not_written(
    runs: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["shared.commands.export"], "TOLERANCE", -1.0)
    with pytest.raises(UserError, match="format: must give what the network computes, got a difference of"):
        exported(runs["go"], tmp_path / "new" / "network.pt2", "format=torch")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["format=onx"], "format: must be one of onnx, torch, got onx; did you mean 'onnx'"),
        (["format=[onnx]"], "format: must be one of"),
        (["quantize=int4"], "quantize: must be one of none, int8, got int4"),
        (["format=torch", "quantize=int8"], "quantize: must be none with format=torch, got int8"),
        (["output=network.pt2"], "output: must end in .onnx with format=onnx, got network.pt2"),
        (["output="], "output: must end in .onnx"),
        (["output=there.onnx"], "output: must be a new file, got .*there.onnx, which is there"),
        (["output=described.onnx"], "output: must be a new file, got .*described.json, which is there"),
        (["run=nowhere"], "nowhere: no run here"),
        (["checkpoint=worst"], "checkpoint: must be best or last, got worst"),
        (["data.path=missing.zip"], "missing.zip"),
        (["data=image/mnist"], "data"),
    ],
)
def test_mistakes(
    words: list[str], message: str, runs: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {Path("there.onnx"), Path("described.json")}
    for file in files:
        file.touch()
    config = compose("export", [f"run={runs['text'].folder}", "output=new.onnx", *words])
    with pytest.raises(UserError, match=message):
        _ = check_export(config), export(config)
    assert {*tmp_path.iterdir()} == {tmp_path / file for file in files}


def test_missing_packages_name_the_extra(runs: dict[str, Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early, "find_spec", lambda name: None if name == "onnxscript" else name)
    with pytest.raises(UserError, match=r"not installed: onnxscript; .*\[export\]"):
        check_export(compose("export", [f"run={runs['text'].folder}"]))


@pytest.mark.slow
@pytest.mark.parametrize("domain", ["image", "speech"])  # static and dynamic
def test_eight_bits(domain: str, runs: dict[str, Run], tmp_path: Path) -> None:
    exported(runs[domain], tmp_path / "small.onnx", "quantize=int8")
    measured = json.loads((tmp_path / "small.json").read_text())["quantized"]
    runtime = onnxruntime.InferenceSession(tmp_path / "small.onnx")
    batch = items_of(runs[domain], measured["n"])
    logits = runtime.run(None, {one.name: batch[one.name] for one in runtime.get_inputs()})[0]
    assert (logits.argmax(1) == batch["y"]).mean() == pytest.approx(measured["accuracy"], abs=0.01)
    loss = measured["before"] - measured["accuracy"]
    assert measured["low"] < loss < measured["high"]
    types = {one.op_type for one in onnx.load(tmp_path / "small.onnx").graph.node}
    assert types & {"QLinearConv", "DequantizeLinear", "DynamicQuantizeLSTM", "ConvInteger"}


def check_network(name: str, *, as_onnx: bool) -> None:
    """No size of a program is a constant: it computes other inputs, too, as the network does."""
    channels, rows, columns, classes = ENTRIES[name]["input"]
    network = build(name, channels, rows, columns, classes).eval().requires_grad_(False)

    def inputs(n: int, cells: int) -> tuple[torch.Tensor, ...]:
        x = torch.randn(n, channels, rows or cells, columns or cells)
        return (x, made_lengths(n, cells)) if None in (rows, columns) else (x,)

    cells = shortest(network)
    axis = 2 if rows is None else 3
    vary = [{0: Dim.DYNAMIC} | ({axis: Dim.DYNAMIC} if None in (rows, columns) else {}), {0: Dim.DYNAMIC}]
    example = inputs(2, cells)
    program = torch.export.export(network, example, dynamic_shapes=vary[: len(example)])
    model = OnnxFunction(to_onnx(program, ["logits"])) if as_onnx else None
    for n, longer in ((2, cells), (3, 2 * cells + 1), (1, cells)):
        x = inputs(n, longer)
        if model is None:
            logits = program.module(check_guards=False)(*x)
        else:
            logits = torch.from_numpy(model(dict(zip(model.inputs, x, strict=True)))[0])
        if network.over_time:  # a program has windows of padding, too
            counts = network.windows(*x)
            logits = logits.unflatten(0, (n, -1))[~beyond(counts, int(counts.max()))]
        torch.testing.assert_close(logits, network(*x), atol=1e-4, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_every_architecture_as_a_program(name: str) -> None:
    check_network(name, as_onnx=False)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_every_architecture_as_onnx(name: str) -> None:
    check_network(name, as_onnx=True)


@pytest.mark.slow
def test_a_network_with_an_answer_for_each_window(tmp_path: Path) -> None:
    file = tmp_path / "words.onnx"
    words = ["run=speech/words", f"output={file}", "data=speech/sentences", "data.tier=words"]
    assert export(compose("export", words))["difference"] < 1e-4  # of real sentences, too
    described = json.loads((tmp_path / "words.json").read_text())
    classes = described["classes"]
    assert described["outputs"]["logits"]["shape"] == ["n", "windows", len(classes)]
    clips = np.random.default_rng(0).integers(-9000, 9000, (2, 8000)).astype(np.int16)
    lengths = np.array([8000, 3000])
    logits, shares = onnxruntime.InferenceSession(file).run(None, {"x": clips, "lengths": lengths})
    assert logits.shape == (2, 49, len(classes))  # one at each second frame of 98
    assert not logits[1, 18:].any()
    assert not shares[1, 18:].any()
    np.testing.assert_allclose(shares[1, :18].sum(1), 1, atol=1e-5)
    with pytest.raises(UserError, match="quantize: must be none"):
        export(compose("export", [*words[:1], f"output={tmp_path / 'new.onnx'}", "quantize=int8"]))


@pytest.mark.slow
def test_the_example_of_the_page(
    runs: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = convolutions.load(runs["image"].folder).export(tmp_path / "digits.onnx")
    assert file == tmp_path / "digits.onnx"
    monkeypatch.chdir(tmp_path)
    picture = items_of(runs["image"], 1)["x"][0, 0]
    Image.fromarray(picture).save("digit.png")
    [row] = convolutions.load(runs["image"].folder).predict("digit.png").rows
    capsys.readouterr()
    [example] = python_blocks(PROJECT / "docs" / "export.md")
    exec(example, {})
    name, probability = capsys.readouterr().out.split()
    assert name == row["best"][0]["name"]
    assert float(probability) == pytest.approx(row["best"][0]["probability"], abs=1e-5)


def test_other_data_may_name_keys_that_only_the_run_has() -> None:
    assert "planes" in keys_set(compose("export", ["run=go/policy", "data=go/sample"]).data)

"""Exporting a network over time: logits of each recording and window, whatever the padding."""

import numpy as np
import pytest
import torch

from shared.commands.export import OUTPUTS, Whole, _difference, _program
from shared.commands.onnx_model import OnnxFunction, to_onnx
from shared.network import shortest
from tests.domains.speech.listener import make


@pytest.mark.parametrize("loss", ["cross_entropy", "ctc"])
def test_padding_has_no_logits_at_any_length(loss: str) -> None:
    module = make(loss).eval().requires_grad_(False)
    cells = shortest(module.network)
    batches = [module.made_batch(2, cells), module.made_batch(1, 3 * cells), module.made_batch(3, 80)]
    program, metadata = _program(module, *batches[:2])
    assert metadata["outputs"]["logits"]["shape"] == ["n", "windows", len(module.classes)]
    function = OnnxFunction(model := to_onnx(program, OUTPUTS))
    assert [size.dim_param for size in model.graph.output[0].type.tensor_type.shape.dim][:2] == [
        "n",
        "windows",
    ]
    assert _difference(module, function, batches) < 1e-4
    logits, probabilities = (torch.from_numpy(values) for values in function(batches[2]))
    counts = module.windows(batches[2]).counts.tolist()
    for own, shares, count in zip(logits, probabilities, counts, strict=True):
        assert not own[count:].any()
        assert not shares[count:].any()
        np.testing.assert_allclose(shares[:count].sum(1), 1, atol=1e-5)
    torch.testing.assert_close(Whole(module)(**batches[2])[0], logits, atol=1e-4, rtol=0)

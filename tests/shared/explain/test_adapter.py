"""The adapter's defaults: a domain can explain its inputs without code of its own."""

from pathlib import Path

import pytest
import torch

from domains.image.explain import ImageDomain
from shared.config.cli import compose
from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.command import explain_run
from shared.runs.run import Run


def test_a_domain_without_an_adapter_of_its_own_is_explained(
    runs: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domains.image.explain.ImageDomain", InputAdapter)
    words = [f"run={runs['image'].folder}", f"output={tmp_path / 'out'}", "searched=30"]
    explain_run(compose("explain", [*words, "methods=[filters,top_patches,occlusion,grad_cam,adversarial]"]))
    assert len(list(tmp_path.glob("out/*.png"))) >= 10
    with pytest.raises(UserError, match="input: must be omitted in the domain image, which reads none"):
        explain_run(compose("explain", [*words, f"input={tmp_path}"]))


def test_bounds_are_those_of_training(
    adapters: dict[str, InputAdapter],
) -> None:
    own = adapters["image"]
    adapter = InputAdapter(own.module, own.data)
    low, high = adapter.bounds
    x = torch.cat([x for _, x, _, _ in adapter.batches(own.data.train_set, 500)])
    assert low.shape == high.shape == (1, 1, 1)
    assert (float(low), float(high)) == (float(x.min()), float(x.max()))
    example = adapter.example(own.data.val_set, 0)
    assert torch.equal(adapter.regions(example)["boxes"], ImageDomain.regions(own, example)["boxes"])

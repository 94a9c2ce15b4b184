"""The classifier of words: padding changes no prediction, and only training is random."""

import numpy as np
import pytest
import torch

from domains.speech.module import SpeechClassifier
from domains.speech.preprocessing import SpeechPreprocessing
from shared.config.cli import compose
from shared.training.classifier import Batch

NAMES = ["frequency", "frequency_no_lstm", "time", "both", "dense", "small", "pooled"]
ALL = {"shift_ms": 50, "gain_db": 6, "noise_db": [0, 20], "vocal_tract": 0.1, "mask_mels": 6, "mask_ms": 60}
LENGTHS = [3000, 1, 150, 5000, 900]


def make(model: str = "frequency", **augment: object) -> SpeechClassifier:
    from shared.config.project import plain

    config = compose("train", ["domain=speech", f"model=speech/{model}"])
    torch.manual_seed(0)
    return SpeechClassifier(
        model=plain(config.model),
        planes=1,
        extent=(40, None),
        classes=["a", "b", "c"],
        optimizer={},
        schedule={},
        preprocessing=SpeechPreprocessing(
            plain(config.data)["sizes"],
            plain(config.data)["augment"] | augment,
            {"median": 0.5, "longest": 1.0},
        ),
    )


def clips() -> list[torch.Tensor]:
    random = np.random.default_rng(0)
    return [torch.from_numpy(random.normal(0, 3000, n).astype(np.int16)) for n in LENGTHS]


def batch(samples: int) -> Batch:
    x = torch.zeros(len(LENGTHS), samples, dtype=torch.int16)
    for row, clip in zip(x, clips(), strict=True):
        row[: len(clip)] = clip
    return {"x": x, "lengths": torch.tensor(LENGTHS)}


@pytest.mark.parametrize("model", NAMES)
def test_a_clip_alone_and_in_a_batch_has_one_prediction(model: str) -> None:
    module = make(model).eval()
    alone = torch.cat(
        [module.logits({"x": clip[None], "lengths": torch.tensor([len(clip)])}) for clip in clips()]
    )
    for samples in (5000, 9000):
        together = module.logits(batch(samples))
        torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("model", NAMES)
def test_it_learns_in_mixed_precision_and_spectrograms_stay_exact(model: str) -> None:
    module = make(model, **ALL).train()
    clips = batch(5000)
    with torch.autocast("cpu", torch.bfloat16):
        module.logits(clips).float().square().sum().backward()
        mel, _ = module.eval().preprocess(clips)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters())
    assert mel.dtype == torch.float32
    torch.testing.assert_close(mel, module.preprocess(clips)[0])


def test_only_training_is_random_and_by_the_global_generator() -> None:
    module = make(**ALL)
    clips = batch(5000)

    def spectrograms(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return module.preprocess(clips)[0]

    module.train()
    assert torch.equal(spectrograms(1), spectrograms(1))
    assert not torch.equal(spectrograms(1), spectrograms(2))
    module.eval()
    assert torch.equal(spectrograms(1), spectrograms(2))


def test_a_batch_may_be_changed_to_other_voices() -> None:
    module = make().eval()
    plain = batch(5000)
    stretched = plain | {"stretch": torch.full((len(LENGTHS),), 1.2)}
    assert not torch.allclose(module.logits(plain), module.logits(stretched), atol=1e-3)

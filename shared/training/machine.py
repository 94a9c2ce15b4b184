"""Checks whether this machine supports a trainer's settings."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pytorch_lightning.accelerators import AcceleratorRegistry
from pytorch_lightning.strategies import StrategyRegistry
from pytorch_lightning.utilities.exceptions import MisconfigurationException  # type: ignore[attr-defined]

from shared.errors import UserError, require_choice


def check_machine(settings: Mapping[str, Any]) -> None:
    """Refuse accelerators and devices that are not here, and strategies that Lightning does not know."""
    kinds = {name: AcceleratorRegistry[name]["accelerator"] for name in AcceleratorRegistry}
    here = [name for name, kind in kinds.items() if kind.is_available()]
    gpus = [name for name in here if name in ("cuda", "mps")]
    name, devices = settings["accelerator"], settings["devices"]
    require_choice("trainer.accelerator", name, ["auto", *here, *["gpu"][: len(gpus)]])
    require_choice(
        "trainer.strategy", settings["strategy"], ["auto", *StrategyRegistry.available_strategies()]
    )
    if name in ("auto", "gpu"):
        name = next((kind for kind in ("tpu", *gpus) if kind in here), "cpu")
    number = (os.cpu_count() or 1) if name == "cpu" else int(kinds[name].auto_device_count())
    if name == "cpu" and str(settings["precision"]) in ("16", "16-mixed"):
        raise UserError("trainer.precision: must be bf16-mixed or 32-true on processors, got 16-mixed")
    must = None
    if isinstance(devices, list) and (name == "cpu" or max(devices) >= number):
        must = "a number of processes" if name == "cpu" else f"numbers below {number}"
    if isinstance(devices, int) and devices > number:
        must = f"at most {number}"
    if must:
        raise UserError(f"trainer.devices: must be {must}, got {devices}; accelerator is {name}")


@contextmanager
def obeyed() -> Iterator[None]:
    """Report what Lightning refuses, or torch cannot compile here, as a mistake in the trainer's settings."""
    try:
        yield
    except MisconfigurationException as error:
        raise UserError(f"trainer: {' '.join(str(error).split())}") from error
    except RuntimeError as error:
        if type(error).__module__ not in ("torch._dynamo.exc", "torch._inductor.exc"):
            raise
        reason = " ".join(str(error).split())[:200]
        must = "must be false where torch cannot compile the network, got true"
        raise UserError(f"trainer.compile: {must} ({reason})") from error

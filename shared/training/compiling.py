"""Compiling the network of a training, where ``trainer.compile`` asks for it."""

from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from shared.network import Network
from shared.training.classifier import Classifier


def compile_network(network: Network) -> None:
    """Have torch compile the network at its next call, in place: the names of its weights stay."""
    if network._compiled_call_impl is None:  # else it has been timed already
        network.compile(dynamic=network.input_shape.varying is not None)


class Compiled(Callback):
    """Trains a compiled network. What differs from the first batch runs as written.

    An epoch's last batch is shorter, and validation is another computation: each would be compiled anew, for
    longer than it takes.
    """

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, Classifier)
        compile_network(pl_module.network)
        if pl_module.teacher:
            compile_network(pl_module.teacher.module.network)

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        """The first batch has been compiled, and nothing else is to be."""
        torch.compiler.set_stance("eager_on_recompile")

    def teardown(self, *_: Any, **__: Any) -> None:
        """Restore the setting for other networks of this process."""
        torch.compiler.set_stance("default")

    on_exception = teardown

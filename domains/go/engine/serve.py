"""The engine as a command on standard input and output."""

import contextlib
import sys

from omegaconf import DictConfig

from domains.go.engine.engine import Engine
from domains.go.engine.gtp_commands import GoProtocol
from domains.go.engine.network import Policy
from shared.errors import UserError
from shared.runs import Run


def build_engine(config: DictConfig) -> Engine:
    """The engine of ``conf/gtp.yaml``.

    Raises:
        UserError: the run or a value cannot be used.
    """
    if not isinstance(config.temperature, int | float) or not 0 <= config.temperature < float("inf"):
        raise UserError(f"temperature: must be a finite number from 0, got {config.temperature}")
    policy = Policy.load(Run.open(config.run), config.symmetries)
    return Engine(
        policy,
        temperature=config.temperature,
        sensible=config.sensible,
        superko=config.superko,
        seed=config.seed,
    )


def serve(config: DictConfig) -> None:
    """Respond on standard output; all other output goes to standard error."""
    out = sys.stdout.buffer
    with contextlib.redirect_stdout(sys.stderr):
        GoProtocol(build_engine(config), f"Convolutions {config.run}").serve(sys.stdin.buffer, out)

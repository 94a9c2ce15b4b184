"""The engine as a command on standard input and output."""

import contextlib
import math
import sys

from omegaconf import DictConfig

from domains.go.engine.engine import Engine
from domains.go.engine.gtp_commands import GoProtocol
from domains.go.engine.network import Policy
from shared.errors import require_number
from shared.runs import Run


def build_engine(config: DictConfig) -> Engine:
    """The engine of ``conf/gtp.yaml``.

    Raises:
        UserError: the run or a value cannot be used.
    """
    require_number("temperature", config.temperature, 0, math.inf)
    policy = Policy.load(Run.open(config.run), config.symmetries)
    return Engine(policy, **{key: config[key] for key in ("temperature", "sensible", "superko", "seed")})


def serve(config: DictConfig) -> None:
    """Respond on standard output; all other output goes to standard error."""
    out = sys.stdout.buffer
    with contextlib.redirect_stdout(sys.stderr):
        GoProtocol(build_engine(config), f"Convolutions {config.run}").serve(sys.stdin.buffer, out)

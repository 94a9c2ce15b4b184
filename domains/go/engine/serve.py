"""The engine as a command on standard input and output."""

import contextlib
import math
import sys

from omegaconf import DictConfig

from domains.go.engine.engine import Engine
from domains.go.engine.gtp_commands import GoProtocol
from domains.go.engine.network import Policy
from shared.config import print_line
from shared.errors import require_number
from shared.runs import Run


def build_engine(config: DictConfig) -> Engine:
    """The engine of ``conf/gtp.yaml``.

    Raises:
        UserError: the run or a value cannot be used.
    """
    require_number("temperature", config.temperature, 0, math.inf)
    if config.resign is not None:
        require_number("resign", config.resign, 0, math.inf)
    policy = Policy.load(Run.open(config.run), config.symmetries)
    options = ("temperature", "sensible", "superko", "seed", "resign")
    return Engine(policy, **{key: config[key] for key in options})


def serve(config: DictConfig) -> None:
    """Respond on standard output; all other output goes to standard error."""
    out, title = sys.stdout.buffer, f"Convolutions {config.run}"
    with contextlib.redirect_stdout(sys.stderr):
        protocol = GoProtocol(build_engine(config), title)
        if sys.stdin.isatty():
            print_line(f"{title} speaks GTP: try genmove b, showboard, list_commands, quit", error=True)
        protocol.serve(sys.stdin.buffer, out)

"""Time a move of the Go engine beside the network's bare forward pass, in turn, and the engine's start.

python scripts/latency.py
python scripts/latency.py model.filters=64 model.depth=6 latency.output=latency.json
"""

from typing import Any

try:
    from omegaconf import DictConfig

    from shared.config import command
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: {error.name} is not installed for this python; give `. .venv/bin/activate` in the project's "
        "folder (`make train` makes .venv)"
    ) from None


@command(
    "latency",
    settles=["resume", "test", "runs", "optimizer", "schedule", "trainer", "training", "seed"],
)
def main(config: DictConfig) -> dict[str, Any]:
    """Time, and print the table."""
    from domains.go.latency import latency

    return latency(config)


if __name__ == "__main__":
    main()

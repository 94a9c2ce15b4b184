"""Train a network, test it, and keep everything in a run folder.

python scripts/train.py domain=go
python scripts/train.py domain=go model=go/residual model.filters=96 seed=1
python scripts/train.py -m domain=image model=image/lecture,image/dense seed=0,1,2 hydra/launcher=joblib
python scripts/train.py resume=runs/go/20260101-120000-1a2b3c
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


@command("train", alone=[("resume", "*")])
def main(config: DictConfig) -> dict[str, Any]:
    """Train; of a grid, the figures come together in a table."""
    from shared.runs import check_places

    check_places(config)
    from shared.commands import train

    return train(config)


if __name__ == "__main__":
    main()

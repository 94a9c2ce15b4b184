"""Train a network, test it, and keep everything in a run folder.

python scripts/train.py domain=go
python scripts/train.py domain=go model=go/residual model.filters=96 seed=1
python scripts/train.py resume=runs/go/20260101-120000-1a2b3c
"""

from omegaconf import DictConfig

from shared.cli import command


@command("train")
def main(config: DictConfig) -> float:
    """Train; the validation accuracy goes back to whoever drives a sweep."""
    from shared.train import train

    return train(config)["val/acc"]


if __name__ == "__main__":
    main()

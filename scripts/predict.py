"""Ask a trained run about your own files: a table, predictions.jsonl, and pictures.

python scripts/predict.py run=runs/go/20260101-120000-1a2b3c input=game.sgf
python scripts/predict.py run=runs/go/20260101-120000-1a2b3c input=game.sgf move=57 top=10
"""

try:
    from omegaconf import DictConfig

    from shared.config import command
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: {error.name} is not installed for this python; give `. .venv/bin/activate` in the project's "
        "folder (`make train` makes .venv)"
    ) from None


@command("predict", alone=[("input", "text")], opens=True)
def main(config: DictConfig) -> None:
    """Answer, and print the table."""
    from shared.runs import check_predict

    check_predict(config)
    from shared.commands import predict

    predict(config)


if __name__ == "__main__":
    main()

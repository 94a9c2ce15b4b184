"""What did the network learn? Pictures, figures and a page that stands alone; or how far they can be trusted.

python scripts/explain.py run=runs/image/20260101-120000-1a2b3c input=seven.png
python scripts/explain.py check run=runs/image/20260101-120000-1a2b3c
"""

try:
    from omegaconf import DictConfig

    from shared.config import command
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: {error.name} is not installed for this python; give `. .venv/bin/activate` in the project's "
        "folder (`make train` makes .venv)"
    ) from None


@command(
    "explain",
    words={"check": "check=true"},
    alone=[("input", "text", "item"), ("text", "item"), ("unit", "target")],
    adds="data",
)
def main(config: DictConfig) -> None:
    """Explain a run, or check the methods on it."""
    from shared.runs import check_places

    check_places(config)
    from shared.explain import explain_run

    explain_run(config)


if __name__ == "__main__":
    main()

"""A policy network that plays Go, for Sabaki, GoGui and whatever else speaks the Go Text Protocol.

python scripts/gtp.py
python scripts/gtp.py run=runs/go/20260101-120000-1a2b3c symmetries=1 temperature=0.5
"""

try:
    from omegaconf import DictConfig

    from shared.config import command
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: {error.name} is not installed for this python; give `. .venv/bin/activate` in the project's "
        "folder (`make train` makes .venv)"
    ) from None


@command("gtp")
def main(config: DictConfig) -> None:
    """Answer until quit."""
    from shared.runs import check_places

    check_places(config)
    from domains.go.engine import serve

    serve(config)


if __name__ == "__main__":
    main()

"""A policy network that plays Go, for Sabaki, GoGui and whatever else speaks the Go Text Protocol 2.

python scripts/gtp.py
python scripts/gtp.py run=runs/go/20260101-120000-1a2b3c symmetries=1 temperature=0.5
"""

from _start import DictConfig, command


@command("gtp")
def main(config: DictConfig) -> None:
    """Answer until quit."""
    from shared.runs import check_places

    check_places(config)
    from domains.go.engine import serve

    serve(config)


if __name__ == "__main__":
    main()

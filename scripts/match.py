"""Games between two Go programs that speak the Go Text Protocol.

python scripts/match.py a=policy b=gnugo games=100 jobs=2
python scripts/match.py "a=python scripts/gtp.py run=runs/go/20260101-120000-1a2b3c" score=null
"""

try:
    from omegaconf import DictConfig

    from shared.config import command
except ModuleNotFoundError as error:
    raise SystemExit(
        f"error: {error.name} is not installed for this python; give `. .venv/bin/activate` in the project's "
        "folder (`make train` makes .venv)"
    ) from None


@command("match")
def main(config: DictConfig) -> None:
    """Play what is missing, and print the figures."""
    from domains.go.match import match

    match(config)


if __name__ == "__main__":
    main()

"""Test a trained run on its own data or on others.

python scripts/evaluate.py run=runs/go/20260101-120000-1a2b3c
python scripts/evaluate.py run=runs/go/20260101-120000-1a2b3c data.path=more-games.zip
python scripts/evaluate.py run=runs/go/20260101-120000-1a2b3c data=go/sgf data.path=games checkpoint=last
"""

from typing import Any

from _start import DictConfig, command


@command("evaluate", adds="data")
def main(config: DictConfig) -> dict[str, Any]:
    """Test, and print the table of figures."""
    from shared.runs import check_places

    check_places(config)
    from shared.commands import evaluate

    return evaluate(config)


if __name__ == "__main__":
    main()

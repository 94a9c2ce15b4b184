"""Metrics, as a table and as JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from shared.config import Console
from shared.files import write_json


def show(metrics: Mapping[str, Any], output: str | None, decimals: int) -> None:
    """Print the metrics as a table, and write them to a JSON file if one is named.

    Raises:
        UserError: The file cannot be written.
    """
    table = Table("metric", "value")
    for name, value in metrics.items():
        table.add_row(name, f"{value:,.{decimals}f}" if isinstance(value, float) else str(value))
    Console().print(table)
    if output:
        write_json(Path(output), dict(metrics))

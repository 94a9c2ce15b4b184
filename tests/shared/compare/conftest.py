"""A comparison that has been trained."""

import pytest

from shared.compare.entry import Entry
from tests.shared.compare.comparisons import do, entries_of, quick_plan


@pytest.fixture(scope="session")
def trained_entries(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """Two entries with all their runs: facts, two learning rates, two seeds."""
    entries = entries_of(quick_plan(), tmp_path_factory.mktemp("compared"))
    for entry in entries:
        do(entry.measuring)
        do(*entry.search())
        do(*entry.trainings())
    return entries

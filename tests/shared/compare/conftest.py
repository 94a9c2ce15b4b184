"""A comparison that has been trained."""

import pytest

from shared.compare.entry import Entry
from tests.shared.compare.comparisons import do, entries_of, know, quick_plan


@pytest.fixture(scope="session")
def trained_entries(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """Two entries with all their runs: facts, the search of a learning rate, two seeds."""
    entries = entries_of(quick_plan(), tmp_path_factory.mktemp("compared"))
    know(*entries)
    for entry in entries:
        while new := [job for job in entry.waiting(1) if not job.run]:
            do(*new)
    return entries

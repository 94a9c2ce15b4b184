"""The fuzzers themselves."""

import subprocess
import sys

import pytest

from tests.commands import PROJECT


@pytest.mark.slow
def test_the_seed_is_printed_by_a_fuzzer_that_passes() -> None:
    file = "tests/shared/files/test_archive_fuzz.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file, "-k", "zip-60"],
        cwd=PROJECT, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert f"{file}::test_damaged_archives" in done.stderr
    assert "seed 14, 60 cases" in done.stderr

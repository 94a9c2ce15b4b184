"""Damaged archives: read within their limits, or refused by name."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest

from shared.errors import UserError
from shared.files.archive import members
from tests.fuzzing import fuzz

ENTRIES = [("a.txt", b"one"), ("b/two.txt", b"2" * 600), ("b/three.png", bytes(range(256))), ("c/", b"")]
LIMIT = 2**20
PACKERS = {"tar": bytes, "tar.gz": gzip.compress, "tar.xz": lzma.compress, "tar.bz2": bz2.compress}
FORMS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def tar(form: int) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=form) as archive:
        for name, data in [*ENTRIES, ("n" * 60 + "/" + "m" * 60 + ".txt", b"a long name")]:
            entry = tarfile.TarInfo(name.rstrip("/"))
            entry.size, entry.type = len(data), tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def zipped(method: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, data in ENTRIES:
            archive.writestr(name, data)
    return packed.getvalue()


@pytest.mark.parametrize("cases", [60, pytest.param(2_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("suffix", ["zip", *PACKERS])
def test_damaged_archives_are_read_within_their_limits_or_refused(
    suffix: str, cases: int, tmp_path: Path
) -> None:
    file = tmp_path / f"data.{suffix}"

    def read(data: bytes) -> None:
        # A packed tar is damaged before it is packed in every second case: its checksum would hide the rest.
        file.write_bytes(PACKERS[suffix](data) if suffix != "zip" and data[257:262] == b"ustar" else data)
        unpacked = list(members(file, member_limit=LIMIT, total_limit=4 * LIMIT))
        assert unpacked
        assert all(len(member.data) <= LIMIT for member in unpacked)

    if suffix == "zip":
        files = [zipped(method) for method in METHODS]
    else:
        plain = [tar(form) for form in FORMS]
        files = plain + [PACKERS[suffix](data) for data in plain] * (suffix != "tar")
    outcomes = fuzz(files, read, UserError, cases=cases, seed=14)
    assert outcomes["refused"] > cases / 10  # the changes bite, and not always
    assert outcomes["read"] > cases / 100

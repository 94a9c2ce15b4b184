"""Archives of the bundled datasets."""

import io
import lzma
import tarfile
from collections.abc import Iterable
from pathlib import Path


def pack(entries: Iterable[tuple[str, bytes]], archive: Path) -> None:
    """Write names and bytes as a tar.xz. The same entries give the same file: without times and owners."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as out:
        for name, data in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            out.addfile(entry, io.BytesIO(data))
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.write_bytes(lzma.compress(packed.getvalue(), preset=9 | lzma.PRESET_EXTREME))

"""Recordings of made voices, made when they are first needed."""

from pathlib import Path
from typing import Any

from domains.speech.aligned import AlignedData
from domains.speech.reading import Aligned
from domains.speech.voices import Made, archive_path, make_archive
from shared.config import check_value


class MadeData(AlignedData):
    """Sentences, digits or words of made voices, or the recordings of ``path``.

    ``conf/data/speech/voices.yaml`` documents each argument.
    """

    def __init__(self, *, path: str | None, made: Made, cache: str | None, **settings: Any):
        check_value(made, Made, "data.made")
        self.made = None if path else made
        place = path or str(archive_path(made, Path(cache) if cache else None))
        super().__init__(path=place, cache=cache, **settings)

    def read(self, rate: int) -> tuple[Aligned, str]:
        """All clips with their labels, and what was read and skipped; the clips are made if need be."""
        if self.made:
            make_archive(self.made, self.path)
        return super().read(rate)

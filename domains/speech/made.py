"""Recordings of made voices, made when they are first needed."""

from pathlib import Path
from typing import Any

import numpy as np

from domains.speech.aligned import AlignedData
from domains.speech.data import SpeechData
from domains.speech.reading import Aligned, Clips
from domains.speech.voices import Made, MadeWords, texts_archive, words_archives
from shared.config import check_value


class MadeData(AlignedData):
    """Sentences, digits or words of made voices, or the recordings of ``path``.

    ``conf/data/speech/voices.yaml`` documents each argument.
    """

    def __init__(self, *, path: str | None, made: Made, cache: str | None, **settings: Any):
        check_value(made, Made, "data.made")
        archive = texts_archive(made, Path(cache) if cache else None)
        self.made = None if path else archive
        super().__init__(path=path or str(archive.path), cache=cache, **settings)

    def read(self, rate: int) -> tuple[Aligned, str]:
        """All clips with their labels, and what was read and skipped; the clips are made if need be."""
        if self.made:
            self.made.make()
        return super().read(rate)


class MadeWordData(SpeechData):
    """Single words of made voices, those that train and others that test, or the recordings of ``path``.

    ``conf/data/speech/made_words.yaml`` documents each argument.
    """

    def __init__(self, *, path: str | None, made: MadeWords, cache: str | None, **settings: Any):
        check_value(made, MadeWords, "data.made")
        archives = words_archives(made, Path(cache) if cache else None)
        self.made = {} if path else archives
        super().__init__(path=path or str(archives["train"].path), cache=cache, **settings)

    def read(self, rate: int) -> tuple[Clips, str]:
        """All clips, of which those of the test's voices are the official test; made if need be."""
        if not self.made:
            return super().read(rate)
        for archive in self.made.values():
            archive.make()
        (clips, first), (test, second) = (self.read_clips(one.path, rate) for one in self.made.values())
        test = test._replace(split=np.full(len(test.label), "test"))
        return clips.and_then(test), f"{first}\n{second}"

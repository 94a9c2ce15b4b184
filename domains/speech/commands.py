"""Speech Commands (Warden 2018) by its official lists, through torchaudio's dataset."""

import tarfile
import zlib
from http.client import HTTPException
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from torchaudio.datasets import SPEECHCOMMANDS

from domains.speech.data import SpeechData
from domains.speech.reading import Clips
from shared.errors import UserError

VERSION = "speech_commands_v0.02"


class CommandsData(SpeechData):
    """The data set's own folders under ``path``: ``SpeechCommands/speech_commands_v0.02/WORD/*.wav``.

    ``conf/data/speech/commands.yaml`` documents each argument.
    """

    writing = MappingProxyType({**SpeechData.writing, "download": False})

    def __init__(self, *, download: bool, **settings: Any):
        super().__init__(**settings)
        self.download = download

    def read(self, rate: int) -> tuple[Clips, str]:
        """All clips but those of background noise, with their official split unless speakers are tested.

        Raises:
            UserError: The data set is not there, or could not be fetched whole.
        """
        folder = self.path / "SpeechCommands" / VERSION
        try:
            if self.download:
                self.path.mkdir(parents=True, exist_ok=True)
            lists = {"val": self._names("validation"), "test": self._names("testing")}
        except (OSError, RuntimeError, HTTPException, EOFError, tarfile.TarError, zlib.error) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            remedy = (
                f"try again, or fetch {VERSION}.tar.gz by hand and unpack it there"
                if self.download
                else "give data.download=true to fetch it"
            )
            raise UserError(
                f"data.path={self.path}: must hold {folder.relative_to(self.path)}, got {reason}; {remedy}"
            ) from error
        clips, summary = self.read_clips(folder, rate)
        if not self.splitter.by_speaker:
            listed = [np.isin(clips.name, names) for names in lists.values()]
            clips = clips._replace(split=np.select(listed, list(lists), "train"))
        return clips, summary

    def _names(self, subset: str) -> list[str]:
        listed = SPEECHCOMMANDS(self.path, VERSION, download=self.download, subset=subset)
        files = (Path(listed.get_metadata(n)[0]) for n in range(len(listed)))
        return ["/".join(file.parts[-2:]) for file in files]

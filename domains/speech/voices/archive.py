"""An archive of made recordings in the cache, made when it is first needed."""

import hashlib
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Literal, TypedDict

from domains.speech.voices.dataset import spoken_texts
from shared.config import Count, Seed, progress
from shared.errors import PlaceError, UserError
from shared.files import FileLock, cache_folder, make_folder, writing

MOST = 20_000  # recordings: about 15 hours, of which decoding makes 2 GB


class Made(TypedDict):
    """Which recordings: ``each`` of every voice."""

    kind: Literal["sentences", "digits", "words"]
    voices: Count
    each: Count
    seed: Seed


def archive_path(made: Made, cache: Path | None) -> Path:
    """Where the archive of these recordings lies; its name changes with what makes it.

    Raises:
        UserError: too many recordings.
    """
    number, texts = made["voices"], made["each"]
    if number * texts > MOST:
        got = f"data.made.voices={number} times data.made.each={texts}"
        raise UserError(f"data.made: must be at most {MOST:,} recordings, got {got}")
    digest = hashlib.sha256(f"numpy {version('numpy')} scipy {version('scipy')}".encode())
    for file in sorted(Path(__file__).parent.iterdir()):
        if file.suffix in (".py", ".yaml"):
            digest.update(file.name.encode() + file.read_bytes())
    name = f"{made['kind']}-{number}x{texts}-{made['seed']}-{digest.hexdigest()[:16]}.zip"
    return cache_folder(cache) / "voices" / name


def make_archive(made: Made, path: Path) -> None:
    """Make the archive, whole or not at all, unless it is there; one process makes it, others wait.

    Raises:
        UserError: espeak-ng's library is missing, or the folder cannot be written.
    """
    make_folder("data.cache", path.parent)
    with FileLock(path.with_suffix(".lock")):
        if path.exists():
            return
        files = spoken_texts(made["kind"], made["voices"], made["each"], made["seed"])
        count = 3 * made["voices"] * made["each"]
        try:
            with writing(path) as out, zipfile.ZipFile(out, "w") as archive:
                for name, content in progress(files, f"espeak-ng speaks {made['kind']}", count):
                    archive.writestr(zipfile.ZipInfo(name), content)
        except OSError as error:
            raise PlaceError(
                f"{path}: cannot be written: {error.strerror}; set data.cache to another folder"
            ) from error

"""Archives of made recordings in the cache, made when they are first needed."""

import hashlib
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypedDict

from domains.speech.voices.dataset import Files, single_words, spoken_texts
from domains.speech.voices.sentences import SINGLE
from domains.speech.voices.voice import voice
from shared.config import Count, Seed, progress
from shared.errors import Limit, PlaceError, UserError
from shared.files import FileLock, cache_folder, make_folder, writing

MOST = 20_000  # recordings: about 15 hours, of which decoding makes 2 GB
Formants = Annotated[float, Limit(0.8, 1.3)]  # factors at which the library can make up for pitch and speed
Pitch = Annotated[float, Limit(0.6, 1.6)]  # factors that the library can speak


class Made(TypedDict):
    """Which recordings: ``each`` of every voice."""

    kind: Literal["sentences", "digits", "words"]
    voices: Count
    each: Count
    seed: Seed


class Speakers(TypedDict):
    """Who speaks: voices of a sex, all with a factor on the formants and one on the pitch."""

    sex: Literal["f", "m"]
    voices: Count
    formants: Formants
    pitch: Pitch


class MadeWords(TypedDict):
    """Which recordings of single words: ``each`` of every word and voice."""

    train: Speakers
    test: Speakers
    each: Count
    seed: Seed


class Archive(NamedTuple):
    """Recordings that are in the cache, or will be."""

    path: Path
    title: str  # of the progress bar
    number: int  # of files
    files: Callable[[], Files]

    def make(self) -> None:
        """Make the archive, whole or not at all, unless it is there; one process makes it, others wait.

        Raises:
            UserError: espeak-ng's library is missing, or the folder cannot be written.
        """
        if self.path.exists():
            return
        make_folder("data.cache", self.path.parent)
        with FileLock(self.path.with_suffix(".lock")):
            if self.path.exists():
                return
            try:
                with writing(self.path) as out, zipfile.ZipFile(out, "w") as archive:
                    files = progress(self.files(), f"espeak-ng speaks {self.title}", self.number)
                    for name, content in files:
                        archive.writestr(zipfile.ZipInfo(name), content)
            except OSError as error:
                raise PlaceError(
                    f"{self.path}: cannot be written: {error.strerror}; set data.cache to another folder"
                ) from error


def texts_archive(made: Made, cache: Path | None) -> Archive:
    """Texts with the times of phones and words.

    Raises:
        UserError: too many recordings.
    """
    kind, number, each, seed = made["kind"], made["voices"], made["each"], made["seed"]
    _check_count(number * each, f"data.made.voices={number} times data.made.each={each}")
    path = _path(f"{kind}-{number}x{each}-{seed}", cache)
    return Archive(path, kind, 3 * number * each, partial(spoken_texts, kind, number, each, seed))


def words_archives(made: MadeWords, cache: Path | None) -> dict[str, Archive]:
    """Single words of the voices that train, and of those that test; these are numbered after the former.

    Raises:
        UserError: too many recordings.
    """
    each, seed, first, archives = made["each"], made["seed"], 0, {}
    words = {word: word for word in SINGLE}
    for key, speakers in (("train", made["train"]), ("test", made["test"])):
        sex, number = speakers["sex"], speakers["voices"]
        formants, pitch = float(speakers["formants"]), float(speakers["pitch"])
        count = number * len(words) * each
        got = f"data.made.{key}.voices={number} times {len(words)} words times data.made.each={each}"
        _check_count(count, got)
        spoken = [
            one._replace(formants=formants * one.formants, pitch=pitch * one.pitch)
            for one in (voice(sex, n, seed) for n in range(first, first + number))
        ]
        path = _path(f"single-{sex}{first}+{number}x{each}-{formants}-{pitch}-{seed}", cache)
        files = partial(single_words, spoken, words, each, seed, "mp3")
        archives[key] = Archive(path, "words", count, files)
        first += number
    return archives


def _check_count(count: int, got: str) -> None:
    if count > MOST:
        raise UserError(f"data.made: must be at most {MOST:,} recordings, got {got}")


def _path(name: str, cache: Path | None) -> Path:
    """Where an archive lies; its name changes with the code that makes it."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.iterdir()):
        if file.suffix in (".py", ".yaml"):
            digest.update(file.name.encode() + file.read_bytes())
    return cache_folder(cache) / "voices" / f"{name}-{digest.hexdigest()[:16]}.zip"

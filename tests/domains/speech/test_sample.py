"""The bundled dataset is as its README describes it."""

import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from domains.speech.data import SpeechData
from domains.speech.reading.clips import Clips
from scripts.samples.speech import main, speak, voices
from tests.domains.speech.sounds import ready

SAMPLE = Path(__file__).parents[3] / "domains/speech/sample/digits.tar.xz"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> SpeechData:
    folder = tmp_path_factory.mktemp("cache")
    return ready("data.test_speaker='f.*'", f"data.cache={folder}")


@pytest.fixture(scope="module")
def clips(data: SpeechData) -> Clips:
    return data.train_set.clips.and_then(data.val_set.clips).and_then(data.test_set.clips)


def test_every_voice_says_every_digit_five_times_and_no_two_clips_are_alike(
    data: SpeechData, clips: Clips
) -> None:
    assert SAMPLE.stat().st_size < 3_000_000
    kinds, counts = np.unique(np.stack([clips.label, clips.speaker]), axis=1, return_counts=True)
    assert kinds.shape[1] == 10 * 32
    assert set(counts) == {5}
    assert len(np.unique(clips.identity)) == len(clips.label) == 1600
    assert "skipped" not in data.summary


def test_men_and_women_have_the_same_accents(clips: Clips) -> None:
    assert set(clips.speaker) == set(voices())
    accents = {
        sex: sorted(voice.split("+")[0] for name, voice in voices().items() if name[0] == sex) for sex in "fm"
    }
    assert accents["f"] == accents["m"]
    assert len(set(voices().values())) == 32


def test_the_split_trains_on_men_and_tests_on_women(data: SpeechData) -> None:
    sexes = [
        {name[0] for name in words.clips.speaker} for words in (data.train_set, data.val_set, data.test_set)
    ]
    assert sexes == [{"m"}, {"m"}, {"f"}]


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_the_script_packs_synthesised_clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.samples.speech.voices", lambda: {"f00": "en-us+f1"})
    main(["--clips", "1", "--archive", str(tmp_path / "made.tar.xz")])
    with tarfile.open(tmp_path / "made.tar.xz") as made, tarfile.open(SAMPLE) as bundled:
        assert made.getnames() == [f"{digit}_f00_0.mp3" for digit in range(10)]
        sizes = [abs(entry.size - bundled.getmember(entry.name).size) for entry in made]
    assert max(sizes) < 200


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_the_archive_can_be_made_again(clips: Clips) -> None:
    """The clips of the archive equal newly synthesised ones, up to the loss of MP3."""
    chosen = np.random.default_rng(0).choice(len(clips.name), 5, replace=False)
    for c in chosen:
        digit, speaker, number = clips.name[c].removesuffix(".mp3").split("_")
        spoken = speak(int(digit), speaker, int(number))
        kept = clips.samples[c]
        assert len(kept) == len(spoken)
        assert np.corrcoef(kept, spoken)[0, 1] > 0.95

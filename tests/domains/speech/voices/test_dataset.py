"""Files of made datasets, and the script that writes them."""

import io
from pathlib import Path

import pytest
import soundfile

from domains.speech.voices import RATE, single_digits, spoken_texts
from scripts.samples.voices import main


def test_each_recording_has_its_phones_and_words_beside_it_in_samples() -> None:
    files = dict(spoken_texts("digits", 2, 2, seed=0))
    stems = ["f000/digits-000", "f000/digits-001", "m000/digits-000", "m000/digits-001"]
    assert [*files] == [f"{stem}.{kind}" for stem in stems for kind in ("flac", "phn", "wrd")]
    for stem in stems:
        x, rate = soundfile.read(io.BytesIO(files[f"{stem}.flac"]))
        phones = [line.split() for line in files[f"{stem}.phn"].decode().splitlines()]
        words = [line.split() for line in files[f"{stem}.wrd"].decode().splitlines()]
        assert rate == RATE
        assert int(phones[-1][1]) == len(x)
        silences = sum(label == "silence" for _, _, label in phones)
        assert 3 <= len(words) == silences - 1 <= 7  # a pause after each


@pytest.mark.parametrize("kind", ["sentences", "words"])
def test_a_file_depends_on_seed_kind_voice_and_number_alone(kind: str) -> None:
    few, more = dict(spoken_texts(kind, 1, 1, seed=3)), dict(spoken_texts(kind, 2, 2, seed=3))
    assert few.items() <= more.items()
    assert not few.items() & dict(spoken_texts(kind, 1, 1, seed=4)).items()


def test_single_digits_are_short_and_all_differ() -> None:
    files = dict(single_digits(1, 2, seed=0))
    assert sorted(files) == [f"{digit}_f000_{n}.flac" for digit in range(10) for n in range(2)]
    assert len(set(files.values())) == 20
    assert all(0.2 < soundfile.info(io.BytesIO(data)).duration < 1.2 for data in files.values())


def test_the_script_writes_a_new_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(tmp_path / "made"), "--voices", "1", "--each", "1"]
    main([*words, "--kind", "single"])
    made = sorted(file.name for file in (tmp_path / "made").iterdir())
    assert made == [f"{digit}_f000_0.flac" for digit in range(10)]
    assert [file.name for file in tmp_path.iterdir()] == ["made"]
    with pytest.raises(SystemExit):
        main(words)
    assert "output: must be a new folder" in capsys.readouterr().err

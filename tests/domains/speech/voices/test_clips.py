"""A clip depends on its arguments alone, labels are where sounds are, and voices as described."""

import hashlib
import random
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from domains.speech.voices import RATE, Clip, Voice, clip, espeak, voices
from domains.speech.voices.english import ACCENTS, PHONES
from domains.speech.voices.sentences import DIGITS, WORDS
from shared.errors import UserError

TEXT = "the noisy measure took a thin fish, today."
VOICE = Voice("m000", "en-us", "m3", 1.0, 1.0, 150.0)


def digest(made: Clip) -> str:
    return hashlib.sha256(made.samples.tobytes() + repr(made[1:]).encode()).hexdigest()


def test_a_clip_is_the_same_alone_in_any_order_and_in_another_process() -> None:
    chosen = voices(6, seed=1)
    forward = [digest(clip(voice, TEXT, "a")) for voice in chosen]
    backward = [digest(clip(voice, TEXT, "a")) for voice in reversed(chosen)][::-1]
    assert forward == backward
    assert len(set(forward)) == len(chosen)
    program = (
        "from domains.speech.voices import clip, voices\n"
        "from tests.domains.speech.voices.test_clips import TEXT, digest\n"
        "print(digest(clip(voices(6, seed=1)[4], TEXT, 'a')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == forward[4]


def test_phones_cover_the_clip_and_words_begin_and_end_with_phones() -> None:
    made = clip(VOICE, TEXT, "a")
    assert (made.phones[0].start, made.phones[-1].end) == (0, len(made.samples))
    assert all(a.end == b.start and a.start < a.end for a, b in pairwise(made.phones))
    assert [word.label for word in made.words] == TEXT.strip(".").replace(",", "").split()
    starts, ends = {phone.start for phone in made.phones}, {phone.end for phone in made.phones}
    assert all(word.start in starts and word.end in ends for word in made.words)
    spoken = [phone.label for phone in made.phones]
    assert spoken[:4] == ["silence", "dh", "ah", "n"]
    assert spoken.count("silence") == 3  # before, at the comma, after


def test_each_label_lies_where_its_sound_is() -> None:
    """Sibilants are high, vowels low and loud, and silences quiet, to the hundredth of a second."""
    made = clip(VOICE, "see a fish.", "a")
    x = made.samples / np.abs(made.samples).max()
    for phone in made.phones:
        part = x[phone.start + RATE // 100 : phone.end - RATE // 100]
        power = np.abs(np.fft.rfft(part * np.hanning(len(part)))) ** 2
        high = power[len(power) // 3 :].sum() / power.sum()  # above 2,667 Hz
        if phone.label in ("s", "sh"):
            assert high > 0.7
        elif phone.label in ("iy", "ih", "ah"):
            assert high < 0.3
            assert part.std() > 0.02
        elif phone.label == "silence":
            assert 0 < part.std() < 0.02


def test_the_closure_of_a_stop_is_its_own() -> None:
    made = clip(VOICE, "a cup.", "a")
    stop = made.phones[2]
    assert stop.label == "k"
    x = np.abs(made.samples / np.abs(made.samples).max())
    closure, burst = x[stop.start + 80 : stop.start + 480], x[stop.end - 400 : stop.end]
    assert closure.max() < 0.05 < burst.max()


def test_an_l_at_a_words_end_has_a_part_of_the_sound() -> None:
    made = clip(VOICE, "the girl bought oil.", "a")
    assert [phone.label for phone in made.phones].count("l") == 2
    assert all(phone.end - phone.start > 0.02 * RATE for phone in made.phones)


def test_formants_change_the_vocal_tract_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Formants 1.2 times as high move the peaks by that factor; a text lasts as long at the same pitch."""
    monkeypatch.setattr(random, "Random", Middle)
    low, high = (clip(VOICE._replace(formants=factor), "far.", "a") for factor in (0.92, 1.104))
    assert len(high.samples) == pytest.approx(len(low.samples), rel=0.04)
    assert pitch(high) == pytest.approx(pitch(low), rel=0.06)
    assert second_formant(high) / second_formant(low) == pytest.approx(1.2, rel=0.04)


class Middle(random.Random):
    """Draws the middle of each range."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2

    def randint(self, a: int, b: int) -> int:
        return (a + b) // 2


def pitch(made: Clip) -> float:
    """Hz of the last word's end, by autocorrelation."""
    part = middle(made)
    likeness = np.correlate(part, part, "full")[len(part) :]
    low, high = RATE // 300, RATE // 60
    return RATE / (low + 1 + int(np.argmax(likeness[low:high])))


def second_formant(made: Clip) -> float:
    """Hz of the highest peak from 800 to 2,000 Hz, of the spectrum smoothed over harmonics."""
    part = middle(made)
    power = np.abs(np.fft.rfft(part * np.hanning(len(part)), RATE)) ** 2  # one bin is one Hz
    smooth = np.convolve(np.log(power), np.hanning(300), "same")
    return 800 + float(np.argmax(smooth[800:2000]))


def middle(made: Clip) -> NDArray[np.float64]:
    """A tenth of a second of the last phone but the silence."""
    vowel = made.phones[-2]
    start = (vowel.start + vowel.end) // 2 - RATE // 20
    return made.samples[start : start + RATE // 10].astype(float)


@pytest.mark.parametrize("accent", ACCENTS)
def test_each_accent_has_its_phones_in_the_table(accent: str) -> None:
    words = sorted({*DIGITS, "and", *(word for words in WORDS.values() for word in words)})
    spoken = espeak.speak(", ".join(words), f"{accent}+m3", speed=200, pitch=50, melody=50)
    assert [word for _, word in spoken.words] == words
    phones = {PHONES[mnemonic.lstrip("',%=")] for _, mnemonic in spoken.phones}
    assert phones >= set(PHONES.values()) - {"dx", "th", "dh", "hh"}  # which some accents lack


def test_loudness_and_noise_differ_and_silence_is_not_digital() -> None:
    made = [clip(VOICE, "one.", str(seed)) for seed in range(6)]
    peaks = [np.abs(x.samples).max() for x in made]
    noise = [x.samples[: x.phones[0].end].std() / peak for x, peak in zip(made, peaks, strict=True)]
    assert max(peaks) / min(peaks) > 1.3
    assert max(noise) / min(noise) > 2
    assert min(noise) > 0


def test_a_missing_library_and_an_unknown_voice_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        UserError, match=r"voice: must be an accent and a variant of espeak-ng, got en-gb\+m1"
    ):
        espeak.speak("one", "en-gb+m1", speed=150, pitch=50, melody=50)
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(UserError) as error:
        clip(VOICE, "one", "a")
    assert str(error.value).startswith("espeakng-loader: must have espeak-ng 1.52.0 for this system, got ")
    assert str(error.value).endswith("; give: pip install espeakng-loader==0.2.4")
